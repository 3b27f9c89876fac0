"""Curtailment by cause, and the laws: each one broken on purpose once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.errors import ConservationError
from market.metering import (
    CAUSES,
    Stores,
    check_block,
    check_curtailment,
    curtailment,
    demanded,
    offered,
)
from tests.market.blocks import MWH, Shape, block, calendar, layout, trade

GREEN = np.array([True])


def plant(resource, available, forecast, offer, delivered, spilled=0):
    """Return the split of one plant in one interval."""
    made = block(layout(Shape("pv", ["sun"], bid_slots=0)))
    columns = ("resource", "available", "forecast", "delivered", "spilled")
    values = (resource, available, forecast, delivered, spilled)
    for name, value in zip(columns, values, strict=True):
        getattr(made, name)[:] = value
    causes = curtailment(made, np.array([[offer]]), GREEN)
    check_curtailment(made, causes, GREEN, calendar())
    return {cause: int(part[0, 0]) for cause, part in causes.items() if part.any()}


def test_each_cause_by_hand():
    assert plant(100, 100, 100, 100, 100) == {}
    assert plant(100, 100, 70, 70, 70) == {"forecast": 30}
    assert plant(100, 100, 100, 80, 80) == {"withheld": 20}
    assert plant(100, 60, 100, 100, 60) == {"outage": 40}
    assert plant(100, 100, 100, 100, 75) == {"economic": 25}
    assert plant(100, 100, 130, 130, 90) == {"economic": 10}
    assert plant(50, 50, 50, 0, 10, spilled=40) == {"economic": 40}


def test_causes_together():
    # Out for a tenth, expected 80, offered 60, taken 50: 10 out, 10 not taken, 20 kept, 10 unseen.
    found = plant(100, 90, 80, 60, 50)
    assert found == {"outage": 10, "economic": 10, "withheld": 20, "forecast": 10}
    # Called by the operator above its offer: nothing is economic.
    assert plant(100, 100, 100, 40, 55) == {"withheld": 45}


WH = st.integers(0, 1000)


@settings(max_examples=500)
@given(WH, WH, WH, WH, WH)
def test_the_parts_add_up(resource, available, forecast, offer, delivered):
    available = min(available, resource)
    delivered = min(delivered, available)
    found = plant(resource, available, forecast, offer, delivered)
    assert sum(found.values()) == resource - delivered
    assert all(part > 0 for part in found.values())


@given(WH, WH, WH)
def test_what_spills_from_a_store_is_all_of_it(delivered, spilled, offer):
    all_of_it = delivered + spilled
    found = plant(all_of_it, all_of_it, all_of_it, min(offer, delivered), delivered, spilled)
    assert found == ({"economic": spilled} if spilled else found)
    assert sum(found.values()) == spilled


def test_only_renewables_are_curtailed():
    made = block(layout(Shape("thermal", ["coal"], bid_slots=0)))
    made.resource[:] = 50
    causes = curtailment(made, np.zeros((1, 1), np.int64), np.array([False]))
    assert set(causes) == set(CAUSES)
    assert not any(part.any() for part in causes.values())


def test_offers_and_bids_by_unit():
    places = layout(
        Shape("load", ["a", "b"], ask_slots=0, bid_slots=2),
        Shape("pv", ["c"], ask_slots=3, bid_slots=0),
    )
    made = block(places, 2)
    made.ask_quantity[:] = [[1, 2, 4], [8, 16, 32]]
    made.bid_quantity[:] = [[1, 2, 4, 8], [0, 0, 5, 5]]
    assert offered(made).tolist() == [[0, 0, 7], [0, 0, 56]]
    assert demanded(made).tolist() == [[3, 12, 0], [0, 10, 0]]


# --- the laws ------------------------------------------------------------------------------


def good(m=2):
    """Sun sells to town and battery (efficiencies 0.5 and 1), then the battery returns it."""
    places = layout(
        Shape("load", ["town"], ask_slots=0),
        Shape("pv", ["sun"], bid_slots=0),
        Shape("storage", ["battery"]),
    )
    made = block(places, m, first=2)
    trade(made, 0, "main", 100.0, {"sun": 3 * MWH}, {"town": MWH, "battery": 2 * MWH})
    trade(made, 1, "main", 200.0, {"battery": MWH}, {"town": MWH})
    made.soc[:, 2] = [1.5 * MWH, 0.5 * MWH]
    made.ask_price[:], made.bid_price[:] = [[90.0, 0.0], [0.0, 200.0]], [[500.0, 100.0]] * 2
    for side, positions in (("ask", made.sold[:, [1, 2]]), ("bid", made.bought[:, [0, 2]])):
        getattr(made, f"{side}_quantity")[:] = getattr(made, f"{side}_fill")[:] = positions
    return made


def stores(low=0.0, high=2.0, start=0.5, leak=0.0):
    nothing = np.full(3, np.nan)
    columns = [np.full(3, -np.inf), np.full(3, np.inf), *(nothing.copy() for _ in range(4))]
    for column, value in zip(
        columns, (low * MWH, high * MWH, 0.5, 1.0, leak, start * MWH), strict=True
    ):
        column[2] = value
    return Stores(*columns)


def broken(change, match, **options):
    made = good()
    change(made)
    with pytest.raises(ConservationError, match=match):
        check_block(made, calendar(8), stores(**options))


def test_a_lawful_block_passes_and_moves_the_stores_on():
    physics = stores()
    check_block(good(), calendar(8), physics)
    assert physics.before[2] == 0.5 * MWH
    wrong = good()
    wrong.soc[:, 2] += MWH
    with pytest.raises(ConservationError, match=r"T02.*outside|T02.*does not follow"):
        check_block(wrong, calendar(8), physics)  # it starts where the last block ended


def test_energy_out_of_nowhere():
    def change(made):
        made.delivered[1, 1] += 1

    broken(change, r"2023-06-01T03:00:00\+00:00, zone main: injections 1000001 Wh")


@pytest.mark.parametrize(("low", "high"), [(0.6, 2.0), (0.0, 1.4)])
def test_a_store_outside_its_limits(low, high):
    row = 3 if low else 2
    broken(lambda _: None, rf"T0{row}:00:00\+00:00, unit battery: .*outside", low=low, high=high)


def test_a_charge_that_does_not_follow():
    def change(made):
        made.soc[1, 2] += 2

    broken(change, r"T03:00:00\+00:00, unit battery: state of charge does not follow")


def test_a_charge_that_is_no_number():
    def change(made):
        made.soc[1, 2] = np.nan

    broken(change, r"T03:00:00\+00:00, unit battery: state of charge does not follow")


def test_self_discharge_is_part_of_the_law():
    made = good()
    made.soc[:, 2] = [0.45 * MWH + MWH, 0.9 * 1.45 * MWH - MWH]
    check_block(made, calendar(8), stores(leak=0.1))
    broken(lambda _: None, "T02.*battery: state of charge does not follow", leak=0.1)


def test_charging_and_discharging_at_once():
    def change(made):
        made.consumed[1, 2] += 1
        made.delivered[1, 2] += 1

    broken(change, r"T03:00:00\+00:00, unit battery: a unit injects and withdraws")


def test_a_seller_below_his_price():
    def change(made):
        made.ask_price[0, 0] = 100.5

    broken(change, r"T02:00:00\+00:00, unit sun: trades at a price worse")


def test_a_buyer_above_his_price():
    def change(made):
        made.bid_price[0, 1] = 99.9

    broken(change, r"T02:00:00\+00:00, unit battery: trades at a price worse")


@pytest.mark.parametrize("fill", [-1, MWH + 1])
def test_an_order_filled_beyond_its_quantity(fill):
    def change(made):
        made.ask_fill[1, 1] = fill

    broken(change, r"T03:00:00\+00:00, unit battery: an order is filled beyond")


def test_curtailment_that_does_not_add_up():
    made = good()
    green = np.array([False, True, False])
    made.resource[0, 1] = 5 * MWH
    causes = {cause: np.zeros_like(made.sold) for cause in CAUSES}
    with pytest.raises(ConservationError, match=r"T02:00:00\+00:00, unit sun: available"):
        check_curtailment(made, causes, green, calendar(8))
