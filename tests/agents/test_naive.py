import pytest

from agents.quotes import strategies
from agents.strategies.naive import Naive, within
from tests.agents.storage_stand_in import Stations, a_view


def test_it_is_registered():
    assert strategies.get("naive") is Naive


def test_it_trades_by_the_clock_at_any_price():
    fleet = Stations(n=2, power=[1, 2])
    for hour in range(24):
        quotes = Naive().quote(a_view(hour, 48), fleet)
        if quotes.bid_quantity is not None:
            assert quotes.bid_price == 5000
            assert quotes.bid_quantity.tolist() == fleet.charge_limit().tolist()
        if quotes.ask_quantity is not None:
            assert quotes.ask_price == -1000
            assert quotes.ask_quantity.tolist() == fleet.discharge_limit().tolist()
        both = quotes.bid_quantity is not None, quotes.ask_quantity is not None
        assert both == (11 <= hour < 15, 18 <= hour < 22)


def test_hours_go_on_past_midnight():
    assert [within(hour, 22, 6) for hour in (21.9, 22, 3, 6)] == [False, True, True, False]
    strategy = Naive(buy_from=23, buy_until=4, sell_from=8, sell_until=9.5)
    bids = [strategy.quote(a_view(h, 48), Stations()).bid_quantity is not None for h in range(24)]
    assert [hour for hour in range(24) if bids[hour]] == [0, 1, 2, 3, 23]
    half = strategy.quote(a_view(19, 48, minutes=30), Stations())  # 9:30
    assert half.ask_quantity is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"buy_from": -1},
        {"sell_until": 25},
        {"buy_from": 17, "buy_until": 19},
        {"buy_from": 20, "buy_until": 12},
    ],
)
def test_parameters_are_checked(wrong):
    with pytest.raises(ValueError, match=r"buy_from|sell_until"):
        Naive(**wrong)
