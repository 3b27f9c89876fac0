"""The page on the Qinghai pilot: its figures hang together, and twenty days bear out what they can.

A run of all 32 months takes a minute, so the page's totals are not repeated here.
"""

import re
from pathlib import Path

import pytest

from tests.scenarios.running import run

PAGE = Path(__file__).parents[2] / "docs" / "qinghai-pilot.md"
ROW = re.compile(
    r"^\| [^|]+ \| (?P<simulated>[\d.,]+) \| (?P<observed>[^|]+) \| `(?P<key>\w+)` \|$"
)
MODES = ("bilateral", "auction", "call")
TWENTY_DAYS = "time.end=2019-07-21T00:00:00+08:00"


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """Key figures of the first twenty days of the pilot."""
    place = tmp_path_factory.mktemp("pilot") / "run"
    return run("qinghai-pilot-2019", place, [TWENTY_DAYS]).summary["value"]


@pytest.fixture(scope="module")
def page():
    """The page's simulated and observed figures, key -> (simulated, observed)."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    found = [row for row in map(ROW.match, lines) if row]
    return {row["key"]: (number(row["simulated"]), row["observed"].strip()) for row in found}


def number(text):
    return float(text.replace(",", ""))


def test_every_figure_of_the_page_is_one_of_a_run(page, figures):
    assert len(page) >= 14
    assert set(page) <= set(figures.index)


def test_all_three_modes_trade_within_twenty_days(figures):
    for mode in MODES:
        assert figures[f"service_trades_{mode}"] > 0
        assert figures[f"recovered_{mode}_mwh"] > 0


def test_the_round_trip_is_that_of_the_page_and_the_observed_one(page, figures):
    simulated, observed = page["service_round_trip_pct"]
    assert figures["service_round_trip_pct"] == pytest.approx(simulated, abs=0.5)
    assert simulated == pytest.approx(100 * 81.34 / 99.03, abs=0.5)
    assert number(observed) == pytest.approx(100 * 81.34 / 99.03, abs=0.05)


def test_the_page_adds_up(page):
    simulated = {key: value for key, (value, _) in page.items()}
    trades = sum(simulated[f"service_trades_{mode}"] for mode in MODES)
    charged = sum(simulated[f"recovered_{mode}_mwh"] for mode in MODES)
    assert trades == simulated["service_trades"]
    assert charged == pytest.approx(simulated["service_charged_mwh"], abs=0.02)
    trip = simulated["service_discharged_mwh"] / simulated["service_charged_mwh"]
    assert 100 * trip == pytest.approx(simulated["service_round_trip_pct"], abs=0.01)
    fills = simulated["service_charged_mwh"] * 1000 / 164 / 974
    assert fills == pytest.approx(simulated["service_full_charges_per_day"], abs=0.0005)


def test_the_page_is_within_what_a_simulation_should_meet(page):
    assert 0.45 <= page["service_full_charges_per_day"][0] <= 0.8
    assert page["service_trades"][1] == "3,533"
    assert (page["service_charged_mwh"][1], page["service_discharged_mwh"][1]) == ("99.03", "81.34")
