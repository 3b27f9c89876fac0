"""Outside markets."""

import numpy as np

from tests.agents.fleets import MWH, Desk, outside

PRICE = 100.0 + np.arange(24.0)


def test_it_sells_and_buys_its_depth_at_its_price_and_fee():
    desk = Desk(outside(PRICE, fee=5.0))
    desk.quote(0, count=24)
    assert desk.asks(3) == [[(108.0, 3 * MWH)]]
    assert desk.bids(3) == [[(98.0, 2 * MWH)]]


def test_it_delivers_what_it_sold():
    desk = Desk(outside(PRICE))
    desk.award(0, sold=[MWH])
    assert not desk.deliver(0)
    desk.meter(0)
    up, down = desk.fleet.flexibility(desk.block, 0)
    assert (up.tolist(), down.tolist()) == ([2 * MWH], [MWH])


def test_while_it_exports_it_cannot_import():
    desk = Desk(outside(PRICE))
    desk.award(0, bought=[MWH])
    assert not desk.meter(0)
    up, down = desk.fleet.flexibility(desk.block, 0)
    assert (up.tolist(), down.tolist()) == ([0], [0])


def test_it_never_delivers_more_than_its_depth():
    desk = Desk(outside(PRICE))
    desk.award(0, sold=[9 * MWH])
    desk.award(1, bought=[9 * MWH])
    assert desk.deliver(0)
    assert desk.deliver(1)
    assert desk.block.delivered[0, 0] == 3 * MWH
    assert desk.block.consumed[1, 0] == 2 * MWH


def test_a_line_that_fails_carries_nothing_either_way():
    desk = Desk(outside(PRICE))
    desk.quote(0, count=24)
    desk.award(0, sold=[2 * MWH])
    desk.award(1, bought=[2 * MWH])
    desk.outage(0, 1800)
    assert desk.deliver(0)
    assert desk.block.delivered[0, 0] == 1_500_000
    up, _ = desk.fleet.flexibility(desk.block, 0)
    assert up.tolist() == [0]
    assert desk.deliver(1)
    assert desk.block.consumed[1, 0] == 0
    desk.fleet.reduce_for_outages(desk.block, 2)
    assert not desk.block.ask_quantity[2].any()
    assert not desk.block.bid_quantity[2].any()


def test_exports_are_interrupted_before_any_load():
    assert np.isinf(outside(PRICE).shed_order()).all()


def test_worth_is_revenue_outside_less_cost_outside():
    desk = Desk(outside(PRICE, fee=5.0))
    desk.block.consumed[0], desk.block.delivered[1] = 2 * MWH, 3 * MWH
    assert desk.fleet.worth(desk.block).tolist() == [2 * 95.0 - 3 * 106.0]


def test_an_import_costs_its_price_and_the_fee():
    desk = Desk(outside(PRICE, fee=5.0))
    assert desk.fleet.marginal_cost(desk.block)[:, 0].tolist() == (PRICE + 5.0).tolist()
