"""Stores that have aged: what the market's own check lets pass, and the key figures."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from market.errors import ConservationError
from market.key_figures import summary
from market.metering import Stores, check_block
from market.results import Results
from tests.market.blocks import MWH, Shape, block, calendar, layout
from tests.plots.fake_run import FakeRun, write_run


def check(charges, left=1.0, start=3.5, low=0.0, leak=0.0):
    """Check a 4 MWh store, alone and idle, through states of charge in MWh."""
    made = block(layout(Shape("storage", ["battery"])), len(charges))
    made.soc[:, 0] = np.array(charges) * MWH
    made.capacity_left[:] = left
    columns = (low * MWH, 4.0 * MWH, 1.0, 1.0, leak, start * MWH)
    check_block(made, calendar(8), Stores(*(np.array([value]) for value in columns)))


def test_what_no_longer_fits_may_stay():
    check([3.5, 3.5], left=0.8)
    check([3.2, 3.2], left=0.8, start=3.2)


def test_what_no_longer_fits_may_leak_away():
    check([3.15, 2.835], left=0.5, leak=0.1)


def test_nothing_may_be_charged_beyond_what_is_left():
    with pytest.raises(ConservationError, match="unit battery: state of charge is outside"):
        check([3.5, 3.6], left=0.8)
    with pytest.raises(ConservationError, match="outside its limits"):
        check([3.3, 3.3], left=0.8, start=3.1)
    with pytest.raises(ConservationError, match="outside its limits"):
        check([4.1], left=1.0, start=4.1)  # new: its whole capacity and no more


def test_charge_may_not_disappear_with_capacity():
    with pytest.raises(ConservationError, match="does not follow from charge and discharge"):
        check([3.2, 3.2], left=0.8)


def test_the_lower_limit_shrinks_too():
    check([0.9], left=0.8, low=1.0, start=0.9)
    with pytest.raises(ConservationError, match="outside its limits"):
        check([0.7], left=0.8, low=1.0, start=0.7)
    check([0.8], left=0.8, low=1.0, start=0.81, leak=0.5)  # self-discharge ends there


def test_key_figures_of_ageing_on_paper(tmp_path: Path) -> None:
    place = write_run(tmp_path / "run", FakeRun(days=3))
    file = place / "participants.parquet"
    units = pd.read_parquet(file)
    assert not any("fade" in name for name in summary(Results(place)))
    on = units["kind"] == "storage"
    columns = {
        "energy_capacity_mwh": 40.0,
        "capacity_remaining_mwh": 38.0,
        "fade_cycles_mwh": 1.5,
        "fade_calendar_mwh": 0.5,
        "equivalent_cycles": 6.0,
        "wear_amount": 1234.5,
    }
    for name, value in columns.items():
        units[name] = np.where(on, value, math.nan)
    young = units[on].iloc[:1].assign(unit="young", **dict.fromkeys(columns, math.nan))
    young["energy_capacity_mwh"] = 100.0  # does not age
    pd.concat([units, young]).to_parquet(file)
    found = {name: figure["value"] for name, figure in summary(Results(place)).items()}
    count = int(on.sum())
    assert found["storage_capacity_remaining_mwh"] == 38 * count
    assert found["storage_fade_pct"] == pytest.approx(5)
    assert found["storage_fade_cycles_pct"] == pytest.approx(3.75)
    assert found["storage_fade_calendar_pct"] == pytest.approx(1.25)
    assert found["storage_equivalent_cycles_per_day"] == pytest.approx(2)
    assert found["storage_wear_amount"] == pytest.approx(1234.5 * count)
