"""Parts of a run."""

import re
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.errors import InputError
from market.key_figures import period_groups, summary
from market.periods import PeriodResults, period_figures
from market.results import Results
from tests.market import service_run
from tests.plots.fake_run import FakeRun, write_run

SUMS = (
    *("energy_traded_mwh", "load_served_mwh", "unserved_mwh", "unserved_h", "export_mwh"),
    *("curtailed_mwh", "curtailed_outage_mwh", "pv_delivered_mwh", "welfare_amount"),
    *("price_cap_h", "price_floor_h"),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Results:
    path = tmp_path_factory.mktemp("periods") / "run"
    return Results(write_run(path, FakeRun(days=3, zones=("east", "west"))))


def at(hour: int) -> str:
    return f"2023-01-{1 + hour // 24:02d}T{hour % 24:02d}:00:00+08:00"


def values(results: Results, start: int, end: int) -> dict[str, float]:
    return {figure.name: figure.value for figure in period_figures(results, at(start), at(end))}


def test_all_of_a_run_has_the_figures_of_the_run(whole):
    found, expected = values(whole, 0, 72), summary(whole)
    common = set(found) & set(expected)
    assert {*SUMS, "mean_price", "curtailment_wind_solar_pct", "lerner_index"} <= common
    for name in common:
        assert found[name] == pytest.approx(expected[name]["value"], rel=1e-9), name


@settings(max_examples=4, deadline=None)
@given(st.lists(st.integers(1, 71), max_size=4, unique=True))
def test_parts_add_up_to_the_whole(whole, cuts):
    edges = [0, *sorted(cuts), 72]
    parts = [values(whole, a, b) for a, b in pairwise(edges)]
    total = values(whole, 0, 72)
    for name in SUMS:
        assert sum(part[name] for part in parts) == pytest.approx(total[name], abs=1e-6), name


def test_figures_of_a_part_fit_the_names_declared(whole, tmp_path):
    served, _ = service_run.write(tmp_path / "served")
    begin = served.run["start"]
    part = period_figures(served, begin, datetime.fromisoformat(begin).replace(hour=12))
    found = [figure.name for figure in [*part, *period_figures(whole, at(5), at(9))]]
    assert "recovered_call_mwh" in found
    assert not [name for name in found if not period_groups.known(name)]


def test_tables_are_cut_by_instant_whatever_its_offset(whole):
    part = PeriodResults(whole, at(24), "2023-01-02T02:00:00+00:00")
    assert part.intervals["start"].nunique() == part.kinds["start"].nunique() == 10
    assert part.intervals["start"].min() == pd.Timestamp(at(24))
    assert part.days == pytest.approx(10 / 24)
    assert list(part.table("kinds", ["kind"]).columns) == ["kind"]
    assert len(part.table("kinds", ["kind"])) == len(part.kinds)
    assert part.currency == "CNY"


@pytest.mark.parametrize(
    "name",
    [
        *("participants", "ledger", "trades", "units", "summary"),
        *("balances", "role_balances", "roles"),
    ],
)
def test_what_is_kept_for_the_whole_run_is_refused(whole, name):
    part = PeriodResults(whole, at(0), at(24))
    assert not part.has(name)
    with pytest.raises(InputError, match="is kept for the whole run, not for a part of it"):
        getattr(part, name)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (at(24), at(24), "must be after its start"),
        (at(48), at(24), "must be after its start"),
        ("2022-12-31T23:00:00+08:00", at(24), "lies outside the run, 2023-01-01T00:00:00+08:00 to"),
        (at(0), "2023-01-04T01:00:00+08:00", "end = 2023-01-04T01:00:00+08:00: lies outside"),
        ("2023-01-01T00:30:00+08:00", at(24), "they begin every 60 minutes"),
        (at(0), "2023-01-02T00:00:00", "must carry an offset"),
        ("before noon", at(24), "start = before noon: must be an instant, as in"),
    ],
)
def test_a_period_that_is_not_of_the_run_is_refused(whole, start, end, said):
    with pytest.raises(InputError, match=re.escape(said)):
        period_figures(whole, start, end)


def test_all_that_is_wrong_is_said_at_once(whole):
    with pytest.raises(InputError) as caught:
        PeriodResults(whole, "soon", "2030-01-01T00:00:00+08:00")
    assert [text.split(" = ")[0] for text in caught.value.problems] == [
        "period: start",
        "period: end",
    ]


def test_a_run_of_an_older_version_is_refused(tmp_path: Path):
    place = write_run(tmp_path / "run", FakeRun(days=1))
    file = place / "kinds.parquet"
    pd.read_parquet(file).drop(columns="curtailed_system_mwh").to_parquet(file)
    with pytest.raises(InputError, match="the run is of an older version"):
        values(Results(place), 0, 24)
