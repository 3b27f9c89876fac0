"""Storage that gains the same now and later trades now: rounding must not decide for it."""

import numpy as np
import pytest

from agents.strategies.opportunity_value import OpportunityValue
from tests.agents.storage_stand_in import Foresight, Stations, a_view

SURPLUS, EVENING = 1.0, 300.0
PRICES = np.array([SURPLUS] * 6 + [EVENING] * 6)


def orders(hour, **changed):
    station = {"power": [10.0], "energy": [20.0], "efficiency_charge": [0.906]} | changed
    view = a_view(hour, len(PRICES), Foresight(PRICES), floor=0.0, cap=650.0)
    return OpportunityValue(horizon_hours=24).quote(view, Stations(n=1, **station))


@pytest.mark.parametrize("segments", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("efficiency", [0.8, 0.906, 0.95, 0.97])
def test_a_station_bids_above_the_price_of_a_long_surplus_from_its_beginning(segments, efficiency):
    quotes = orders(
        0,
        soc_start=[0.05],
        soc_min=[0.05],
        soc_max=[0.95],
        segments=np.array([segments]),
        efficiency_charge=[efficiency],
        efficiency_discharge=[efficiency],
    )
    bought = quotes.bid_quantity[quotes.bid_price > SURPLUS].sum()
    assert bought >= 0.99 * 10_000_000  # full power


@pytest.mark.parametrize("segments", [1, 2, 3, 4, 5])
def test_a_full_station_asks_below_the_price_of_a_long_evening_from_its_beginning(segments):
    quotes = orders(6, soc_start=[0.95], soc_max=[0.95], segments=np.array([segments]))
    assert quotes.ask_quantity[quotes.ask_price < EVENING].sum() >= 0.99 * 10_000_000
