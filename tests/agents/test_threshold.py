import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.quotes import strategies
from agents.strategies.threshold import Threshold
from tests.agents.storage_stand_in import Stations, a_view, accepted, trade

price = st.floats(-200, 2000).map(lambda p: round(p, 1))


def test_it_is_registered():
    assert strategies.get("threshold") is Threshold


def test_given_prices_are_bid_as_they_are():
    fleet = Stations(n=2, power=[1, 2], segments=[1, 3])
    quotes = Threshold(buy_below=100, sell_above=120).quote(a_view(0, 9), fleet)
    assert quotes.bid_price[:, 0].tolist() == [100, 100]
    assert quotes.ask_price[:, 0].tolist() == [120, 120]
    assert quotes.bid_quantity.tolist() == [[1_000_000, 0, 0], [1_052_631, 0, 0]]
    assert quotes.ask_quantity[:, 0].tolist() == fleet.discharge_limit().tolist()


def test_quantiles_of_published_prices_and_the_example_of_its_docstring():
    fleet = Stations(efficiency_charge=0.9, efficiency_discharge=0.9, cycle_cost=20.0)
    view = a_view(9, 99, published=np.linspace(100, 500, 9))
    quotes = Threshold().quote(view, fleet)
    assert quotes.bid_price[0, 0] == 200
    assert quotes.ask_price[0, 0] == 400


def test_quantiles_allow_for_losses_and_wear():
    fleet = Stations(efficiency_charge=0.8, efficiency_discharge=0.9, cycle_cost=30.0)
    view = a_view(9, 99, published=np.linspace(100, 110, 11))
    quotes = Threshold(buy_quantile=0.4, sell_quantile=0.6).quote(view, fleet)
    assert quotes.ask_price[0, 0] == pytest.approx(104 / 0.72 + 30)


def test_only_the_window_counts_and_hours_without_a_price_do_not():
    published = np.concatenate([np.full(50, 999.0), [100.0, np.nan, 300.0]])
    quotes = Threshold(window_hours=3, buy_quantile=0, sell_quantile=1).quote(
        a_view(53, 99, published=published), Stations()
    )
    assert quotes.bid_price[0, 0] == 100
    assert quotes.ask_price[0, 0] == 300


@pytest.mark.parametrize("published", [[], [np.nan, np.nan]])
def test_without_a_published_price_there_are_no_orders(published):
    quotes = Threshold().quote(a_view(2, 9, published=published), Stations())
    assert quotes.bid_quantity is None
    assert quotes.ask_quantity is None


def test_orders_that_could_only_lose_are_left_out():
    quotes = Threshold(buy_below=-50, sell_above=900).quote(
        a_view(0, 9, floor=0.0, cap=500.0), Stations()
    )
    assert quotes.bid_quantity.sum() == 0
    assert quotes.ask_quantity.sum() == 0


@given(
    st.lists(price, min_size=1, max_size=50),
    st.floats(0, 0.5),
    st.floats(0.51, 1),
    st.floats(0.5, 1),
    st.sampled_from([0.0, 40.0]),
)
def test_bids_are_below_asks(published, low, high, efficiency, cost):
    fleet = Stations(efficiency_charge=efficiency, efficiency_discharge=efficiency, cycle_cost=cost)
    strategy = Threshold(buy_quantile=low, sell_quantile=high)
    quotes = strategy.quote(a_view(50, 99, published=published, floor=-100, cap=1500), fleet)
    both = (quotes.bid_quantity > 0) & (quotes.ask_quantity > 0)
    assert (quotes.bid_price < quotes.ask_price)[both].all()
    for at in published:
        bought, sold = accepted(quotes, at)
        assert bought[0] == 0 or sold[0] == 0


def test_it_earns_money_on_a_daily_pattern():
    prices = np.tile(np.concatenate([np.full(12, 100.0), np.full(12, 300.0)]), 10)
    assert trade(prices, Stations(), Threshold())[0] > 9 * 2 * 150


@pytest.mark.parametrize(
    "parameters",
    [
        {"buy_below": 100},
        {"sell_above": 100},
        {"buy_below": 100, "sell_above": 100},
        {"buy_below": 200, "sell_above": 100},
        {"buy_below": float("nan"), "sell_above": 100},
        {"buy_quantile": 0.8},
        {"sell_quantile": 1.2},
        {"buy_quantile": -0.1},
        {"window_hours": 0},
        {"window_hours": float("nan")},
    ],
)
def test_parameters_are_checked(parameters):
    with pytest.raises(ValueError, match=r"buy|window"):
        Threshold(**parameters)
