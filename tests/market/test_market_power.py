"""Market power on paper."""

import math
from pathlib import Path

import pandas as pd
import pytest

from market.key_figures import summary
from market.results import Results
from tests.plots.fake_run import FakeRun, write_run

NAMES = ("residual_supply_index", "residual_supply_index_min", "pivotal_seller_pct", "lerner_index")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", FakeRun(days=1 / 6))  # four intervals


def figures(place: Path, **columns: list[float]) -> dict[str, float]:
    file = place / "intervals.parquet"
    pd.read_parquet(file).assign(**columns).to_parquet(file)
    found = summary(Results(place))
    return {name: found[name]["value"] for name in NAMES if name in found}


def test_residual_supply_on_paper(place):
    found = figures(
        place,
        volume_mwh=[10.0, 10.0, 10.0, 0.0],
        offered_mwh=[30.0, 30.0, 12.0, 5.0],
        largest_offered_mwh=[10.0, 25.0, 2.0, 5.0],
    )
    # Without its largest seller the market has 20, 5 and 10 of the 10 MWh it needs.
    assert found["residual_supply_index"] == pytest.approx((2.0 + 0.5 + 1.0) / 3)
    assert found["residual_supply_index_min"] == 0.5
    assert found["pivotal_seller_pct"] == pytest.approx(100 / 3)


def test_lerner_on_paper(place):
    nan = math.nan
    found = figures(
        place,
        volume_mwh=[10.0, 30.0, 10.0, 0.0],
        sell_price=[400.0, 100.0, 900.0, nan],
        buy_price=[500.0, 100.0, 900.0, nan],
        marginal_cost_price=[200.0, 100.0, nan, 50.0],
    )
    # Where no unit with a cost of its own sold, nothing can be said.
    assert found["lerner_index"] == pytest.approx((4_000 + 3_000 - 2_000 - 3_000) / 7_000)


@pytest.mark.parametrize(
    ("volume", "price", "missing"),
    [
        ([0.0] * 4, [math.nan] * 4, set(NAMES)),
        ([1.0] * 4, [0.0] * 4, {"lerner_index"}),
        ([1.0] * 4, [-5.0] * 4, {"lerner_index"}),
    ],
    ids=["no-trade", "price-zero", "price-negative"],
)
def test_what_is_not_defined_is_left_out(place, volume, price, missing):
    found = figures(
        place, volume_mwh=volume, price=price, sell_price=price, buy_price=price,
        marginal_cost_price=[1.0] * 4, largest_offered_mwh=[1.0] * 4, offered_mwh=[3.0] * 4,
    )  # fmt: skip
    assert set(NAMES) - set(found) == missing


def test_a_run_of_an_older_version_has_none(place):
    file = place / "intervals.parquet"
    table = pd.read_parquet(file)
    table.drop(columns=["largest_offered_mwh", "marginal_cost_price"]).to_parquet(file)
    assert not set(NAMES) & set(summary(Results(place)))
