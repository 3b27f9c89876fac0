"""Weather-driven plants."""

import numpy as np
import pytest

from agents.forecasts import Noisy, ResourceForecaster
from tests.agents.fleets import MWH, Desk, calendar, weather


def test_energy_is_profile_times_capacity():
    desk = Desk(weather([0.5] * 24, when=calendar(24, 15), capacity_mw=10.0))
    assert (desk.block.resource == 1_250_000).all()
    assert np.array_equal(desk.block.forecast, desk.block.resource)
    desk.quote(0, count=24)
    assert desk.asks(3) == [[(0.0, 1_250_000)]]


def test_what_is_sold_and_not_there_is_missing():
    desk = Desk(weather(0.2))
    desk.award(0, [3 * MWH])
    assert desk.deliver(0)
    assert desk.block.delivered[0, 0] == 2 * MWH
    desk.award(1, [2 * MWH])
    assert not desk.deliver(1)


def test_an_outage_of_a_third_of_an_interval_is_exact():
    desk = Desk(weather(1.0, n=2))
    desk.award(0, [10 * MWH, 10 * MWH])
    desk.outage(1, 600, 1800)
    assert desk.deliver(0)
    assert desk.block.available[0].tolist() == [10 * MWH, 6_666_666]
    assert desk.block.delivered[0].tolist() == [10 * MWH, 6_666_666]
    desk.award(1, [10 * MWH, 10 * MWH])
    assert not desk.deliver(1)


def test_a_plant_that_is_out_when_the_gate_opens_offers_nothing():
    desk = Desk(weather(1.0, n=2))
    desk.quote(0, count=24)
    desk.outage(1, 0)
    desk.fleet.reduce_for_outages(desk.block, 5)
    assert desk.block.ask_quantity[5, :, 0].tolist() == [10 * MWH, 0]
    assert desk.block.ask_quantity[6, :, 0].tolist() == [10 * MWH, 10 * MWH]


@pytest.mark.parametrize("sd", [0.3, 5.0])
def test_nobody_offers_more_than_the_plant_can_give(sd):
    when = calendar(240)
    wild = ResourceForecaster(Noisy(sd=sd), ["pv-0"], when, 1, 86_400)
    desk = Desk(weather(0.9, when=when, forecaster=wild))
    desk.quote(0, count=240)
    offers = desk.block.ask_quantity[:, 0, 0]
    assert offers.max() == 10 * MWH
    assert offers.min() < 9 * MWH


def test_what_the_operator_may_call_and_turn_down():
    desk = Desk(weather(0.5))
    desk.award(0, [2 * MWH])
    desk.meter(0)
    up, down = desk.fleet.flexibility(desk.block, 0)
    assert (up.tolist(), down.tolist()) == ([3 * MWH], [2 * MWH])
    assert desk.fleet.facts()["capacity_mw"].tolist() == [10.0]
