"""Rows: every unit, owner and order slot in its place."""

import numpy as np
import pytest

from market.block import Block
from market.layout import group_sums, lay_out
from tests.market.blocks import Shape

SHAPES = (
    Shape("load", ["town"], "east", ask_slots=0, bid_slots=3),
    Shape("pv", ["a", "b"], "east", owners=["green", "green"], bid_slots=0),
    Shape("pv", ["c"], "east", ask_slots=2, bid_slots=0),
    Shape("pv", ["d"], "west", owners=["green"], bid_slots=0),
    Shape("storage", ["s1", "s2"], "west", ask_slots=2, bid_slots=2),
)


def test_units_owners_and_slots():
    places = lay_out(SHAPES)
    assert places.units == ("town", "a", "b", "c", "d", "s1", "s2")
    assert places.owners == ("c", "green", "s1", "s2", "town")
    owners = [places.owners[i] for i in places.owner_of]
    assert owners == ["town", "green", "green", "c", "green", "s1", "s2"]
    assert places.ask_unit.tolist() == [1, 2, 3, 3, 4, 5, 5, 6, 6]
    assert places.bid_unit.tolist() == [0, 0, 0, 5, 5, 6, 6]
    assert places.of_kind("pv").tolist() == [False, True, True, True, True, False, False]


def test_zones_fleets_and_groups_are_slices():
    places = lay_out(SHAPES)
    assert [zone.name for zone in places.zones] == ["east", "west"]
    assert [zone.units for zone in places.zones] == [slice(0, 4), slice(4, 7)]
    assert [zone.asks for zone in places.zones] == [slice(0, 4), slice(4, 9)]
    assert [zone.bids for zone in places.zones] == [slice(0, 3), slice(3, 7)]
    assert [rows.n for rows in places.fleets] == [1, 2, 1, 1, 2]
    assert places.groups == (
        ("east", "load", slice(0, 1)),
        ("east", "pv", slice(1, 4)),
        ("west", "pv", slice(4, 5)),
        ("west", "storage", slice(5, 7)),
    )
    columns = np.arange(14).reshape(2, 7)
    assert group_sums(places, columns).tolist() == [[0, 6, 4, 11], [7, 27, 11, 25]]


@pytest.mark.parametrize("fleet", range(len(SHAPES)))
def test_a_fleet_writes_into_the_block(fleet):
    block = Block(lay_out(SHAPES), 0, 3)
    rows = block.layout.fleets[fleet]
    window = block.rows(rows)
    for name in ("ask_quantity", "bid_quantity", "sold", "delivered", "soc", "penalty"):
        getattr(window, name)[:] = 7
    assert block.ask_quantity.sum() == 7 * 3 * rows.n * rows.ask_slots
    assert block.bid_quantity.sum() == 7 * 3 * rows.n * rows.bid_slots
    assert (block.sold[:, rows.units] == 7).all()
    assert block.sold.sum() == 7 * 3 * rows.n
    assert np.nansum(block.soc) == 7 * 3 * rows.n
