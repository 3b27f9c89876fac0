"""`opportunity_value` with prices as a Markov chain: rules, profit, and no look at the future."""

import numpy as np
import pytest

from agents.forecasts import price_forecaster
from agents.price_autoregression import Autoregressive
from agents.price_climatology import Climatology
from agents.strategies.opportunity_value import OpportunityValue, price_range
from agents.strategies.rolling_horizon import RollingHorizon
from agents.strategies.threshold import Threshold
from agents.strategies.virtual_battery import VirtualBattery
from market import stream
from tests.agents.price_worlds import series, view
from tests.agents.storage_stand_in import Foresight, Stations, trade
from tests.oracles.storage_optimum import optimum


def markov(**parameters):
    return OpportunityValue(prices="markov", **parameters)


def of(forecast):
    return price_forecaster(forecast, None, stream(1))


def quoted(strategy, prices, stations, forecaster):
    """Trade through `prices`; yield the orders of each interval."""
    for t, price in enumerate(prices):
        shown = view(prices[:t], n=prices.size + 48)
        shown.forecaster = forecaster
        quotes = strategy.quote(shown, stations)
        yield quotes
        if quotes.bid_quantity is None:
            continue
        bought = (quotes.bid_quantity * (quotes.bid_price >= price)).sum(axis=1)
        sold = (quotes.ask_quantity * (quotes.ask_price <= price)).sum(axis=1)
        assert not ((bought > 0) & (sold > 0)).any()
        stations.move(bought, sold)


def several(**options):
    return Stations(n=3, energy=[2, 4, 8], soc_start=[0, 0.5, 1], segments=[1, 3, 5], **options)


@pytest.mark.parametrize("shift", [0.0, -250.0])  # also where prices are often negative
@pytest.mark.parametrize("leak", [0.0, 0.01])
def test_orders_keep_the_rules(shift, leak):
    prices, stations, chains = series(25) + shift, several(self_discharge=leak), 0
    strategy = markov(replan_hours=12)
    for quotes in quoted(strategy, prices, stations, of(Climatology())):
        if quotes.bid_quantity is None:
            continue
        buy, sell = quotes.bid_quantity, quotes.ask_quantity
        assert (buy.sum(axis=1) <= stations.charge_limit()).all()
        assert (sell.sum(axis=1) <= stations.discharge_limit()).all()
        for price, quantity in ((quotes.bid_price, buy), (quotes.ask_price, sell)):
            assert (quantity >= 0).all()
            assert ((quantity > 0).sum(axis=1) <= stations.segments).all()
            assert np.isfinite(price).all()
        bids = np.where(buy > 0, quotes.bid_price, -np.inf).max(axis=1)
        asks = np.where(sell > 0, quotes.ask_price, np.inf).min(axis=1)
        assert (bids < asks).all()
        chains += hasattr(strategy._plan, "grids") and strategy._plan.prices.ndim == 2
    assert chains > 24 * 5  # from the 15th forecast of midnight on


def test_a_chain_earns_more_than_its_forecast_taken_as_it_is():
    prices, earned = series(60, noise=60.0), {}
    for name in ("expected", "markov"):
        stations = Stations(n=2, energy=[2, 4], soc_start=0)
        strategy = OpportunityValue(prices=name)
        earned[name] = trade(prices, stations, strategy, of(Climatology()))
    assert (earned["markov"] > np.array([1.12, 1.05]) * earned["expected"]).all()


def test_a_perfect_forecast_loses_little_by_it():
    prices = series(30)
    stations = Stations(energy=4, soc_start=0)
    _, most = optimum(
        prices,
        charge=1,
        discharge=1,
        efficiency_charge=0.95,
        efficiency_discharge=0.95,
        soc_max=4,
        soc_start=0,
    )
    assert trade(prices, stations, markov(grid=200), Foresight(prices))[0] >= 0.995 * most


def test_the_end_state_is_reached():
    prices, stations = series(30), Stations(soc_end=0.7, soc_start=0.2)
    trade(prices, stations, markov(), of(Climatology()))
    assert stations.committed_soc[0] >= 0.7 * 2e6 - 2


def test_prices_do_not_fall_below_what_has_been():
    published = np.array([30.0, np.nan, 90.0])
    assert price_range(view(published), np.array([50.0])) == (30, 5000)
    assert price_range(view(published), np.array([20.0])) == (20, 5000)
    assert price_range(view(published, floor=40.0), np.array([20.0])) == (40, 5000)
    assert price_range(view([]), np.array([20.0])) == (20, 5000)


def test_units_of_one_fleet_bid_as_if_alone():
    prices, sizes = series(22), {"power": [1.0, 2.0], "energy": [2.0, 7.0]}
    together = list(quoted(markov(), prices, Stations(n=2, **sizes), of(Climatology())))
    for unit in range(2):
        own = Stations(**{name: values[unit] for name, values in sizes.items()})
        alone = list(quoted(markov(), prices, own, of(Climatology())))
        assert alone[-1].bid_price[0] == pytest.approx(together[-1].bid_price[unit])
        assert alone[-1].ask_quantity[0].tolist() == together[-1].ask_quantity[unit].tolist()


def test_a_virtual_battery_does_the_same_while_its_lease_lasts():
    prices = series(22)
    strategies = OpportunityValue(prices="markov"), VirtualBattery(prices="markov")
    for one, two in zip(
        *(quoted(s, prices, Stations(), of(Climatology())) for s in strategies), strict=True
    ):
        if one.bid_quantity is not None:
            assert np.array_equal(one.bid_price, two.bid_price)
            assert np.array_equal(one.ask_quantity, two.ask_quantity)


@pytest.mark.parametrize(
    "strategy", [markov, OpportunityValue, RollingHorizon, Threshold, VirtualBattery]
)
@pytest.mark.parametrize("forecast", [Autoregressive, Climatology])
def test_orders_are_the_same_whatever_comes_after_them(strategy, forecast):
    """Up to hour 500 prices are the same, then anything: so are all orders up to hour 500."""
    both = []
    for seed in (1, 2):
        prices = series(24)
        prices[500:] = np.random.default_rng(seed).uniform(-200, 900, prices.size - 500)
        both.append(list(quoted(strategy(), prices, Stations(soc_start=0.5), of(forecast()))))
    names = ("bid_price", "bid_quantity", "ask_price", "ask_quantity")
    for one, two in zip(both[0][:501], both[1][:501], strict=True):
        for name in names:
            assert np.array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize(
    "wrong",
    [
        {"prices": "likely"},
        {"states": 1},
        {"states": 51},
        {"memory_days": 0},
        {"noise": -0.1},
        {"noise": float("nan")},
    ],
)
def test_parameters_are_checked(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        OpportunityValue(**wrong)
