"""The same books through pymarket: where it agrees, and the differences docs/peers.md names.

Its answers on that page stand after `<!-- pymarket NAME -->`; NAME is a function of `ASK` below.
"""

import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from market import AuctionRules, book_from_arrays, clear, stream, surpluses
from market.mechanisms.muda import Lots, Muda

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its docstrings have escapes that Python warns of
    pymarket = pytest.importorskip("pymarket", reason="pymarket is not installed (extra: peers)")
    from pymarket.bids.demand_curves import (
        demand_curve_from_bids,
        intersect_stepwise,
        supply_curve_from_bids,
    )

PAGE = Path(__file__).parents[2] / "docs" / "peers.md"
BLOCK = re.compile(r"(?:<!-- ([^\n]*) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)

# Its linear programs use old names of their solver's.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Spaces are not permitted:UserWarning"),
]


def bids(side, price, quantity):
    """The orders as its table; every order has a user of its own."""
    table = pymarket.BidManager()
    for user, (s, p, q) in enumerate(zip(side, price, quantity, strict=True)):
        table.add_bid(q, p, user, s == "buy")
    return table.get_df()


def crossing(side, price, quantity):
    """Volume and price where its two curves meet."""
    table = bids(side, price, quantity)
    curves = demand_curve_from_bids(table)[0], supply_curve_from_bids(table)[0]
    volume, _, _, met = intersect_stepwise(*curves)
    return volume, float(met)


def filled(trades, orders):
    """Quantity of each order."""
    found = np.zeros(orders)
    for bid, quantity, *_ in trades.trans:
        found[bid] += quantity
    return found


def huang(side, price, quantity):
    """Prices of buyers and sellers and the quantity of each order, from its bare auction.

    Its interface merges orders of one price first, which fails with pandas 3 (see the page).
    """
    trades, extra = pymarket.mechanisms.huang_auction(bids(side, price, quantity))
    return extra.get("price_buy"), extra.get("price_sell"), filled(trades, len(side))


def p2p(side, price, quantity, seed=0):
    """Pairs (buyer, seller, quantity, price) in the order of trading."""
    lot = np.random.RandomState(seed)
    trades, _ = pymarket.mechanisms.P2PTrading(bids(side, price, quantity), r=lot).run()
    rows = zip(trades.trans[::2], trades.trans[1::2], strict=True)
    return [(b[0], s[0], float(b[1]), float(b[2])) for b, s in rows if b[1]]


def muda(side, price, quantity, seed):
    """Its left half, the prices of left and right, each order's quantity and its payment."""
    lot = np.random.RandomState(seed)
    table = bids(side, price, quantity)
    trades, extra = pymarket.mechanisms.MudaAuction(table, r=lot).run()
    paid = np.array(extra["fees"])
    for bid, part, at, *_ in trades.trans:
        paid[bid] += part * at * (1 if side[bid] == "buy" else -1)
    ends = extra["price_left"], extra["price_right"]
    return extra["left"], ends, filled(trades, len(side)), paid


def most_gains(side, price, quantity):
    """The largest gains from trade by its linear program."""
    status, found, _ = pymarket.statistics.maximum_aggregated_utility(bids(side, price, quantity))
    assert status == "Optimal"
    return found


def most_volume(side, price, quantity):
    """What it calls the maximum traded volume."""
    return pymarket.statistics.maximum_traded_volume(bids(side, price, quantity))[1]


def plain(answer):
    """An answer in words that do not depend on types of numbers."""
    if isinstance(answer, np.ndarray):
        answer = answer.tolist()
    if isinstance(answer, list | tuple):
        return "[" + ", ".join(plain(part) for part in answer) + "]"
    return "none" if answer is None else f"{answer:g}"


ASK = {
    "crossing": crossing,
    "huang": huang,
    "muda, seed 25": lambda *orders: muda(*orders, seed=25)[2],
    "p2p, seed 0": lambda *orders: p2p(*orders, seed=0),
    "p2p, seed 1": lambda *orders: p2p(*orders, seed=1),
    "largest gains": most_gains,
    "largest volume": most_volume,
}


def quoted():
    """The answers on the page, each with the code that stands above it."""
    code = ""
    for mark, language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language == "python":
            code += text
        if mark.startswith("pymarket "):
            yield mark.removeprefix("pymarket "), text.strip(), code


@pytest.mark.parametrize(
    ("question", "answer", "code"),
    [pytest.param(*case, id=f"{i}-{case[0]}") for i, case in enumerate(quoted())],
)
def test_the_page_quotes_what_it_answers(question, answer, code):
    names = {}
    exec(code, names)
    assert plain(ASK[question](names["side"], names["price"], names["quantity"])) == answer


def random_orders(number, largest=5):
    """Orders of different prices above zero; Huang's equal cuts divide their sizes evenly."""
    rng = stream(number, "pymarket")
    n = int(rng.integers(2, 11))
    side = ["buy", "sell"] + ["buy" if rng.random() < 0.5 else "sell" for _ in range(n - 2)]
    price = (rng.permutation(60)[:n] + 1).tolist()
    return side, price, (rng.integers(1, largest, n, endpoint=True) * 2520).tolist()


def ours(orders, mechanism, **params):
    """Our result and the quantity of each order, counted like the peer's."""
    side, price, quantity = orders
    book = book_from_arrays(side, price, quantity)
    result = clear(book, mechanism, **params)
    fill = np.empty(len(side))
    sell = np.array(side) == "sell"
    fill[sell], fill[~sell] = result.ask_fill, result.bid_fill
    return book, result, fill * book.quantum


def test_crossing_agrees_with_the_rule_of_the_midpoint_where_both_sides_just_match():
    met = just = 0
    for number in range(300):
        orders = random_orders(number)
        volume, price = crossing(*orders)
        book, result, fill = ours(orders, "uniform")
        if volume is None:
            assert result.volume == 0, number
            continue
        assert result.volume * book.quantum == pytest.approx(volume), number
        accepted = fill > 0
        met += 1
        if np.allclose(fill[accepted], np.array(orders[2])[accepted]):
            just += 1
            assert price == clear(book, price_rule="midpoint").price, number
        else:
            assert price == result.price == result.price_low == result.price_high, number
    assert just > 20
    assert met - just > 20


def test_huang_agrees_on_orders_of_different_prices():
    traded = 0
    for number in range(300):
        orders = random_orders(number)
        buy, sell, filled_there = huang(*orders)
        _, result, fill = ours(orders, "huang")
        assert fill == pytest.approx(filled_there, abs=1e-6), number
        if result.volume:
            traded += 1
            assert (result.buy_price, result.sell_price) == (buy, sell), number
    assert traded > 50


def in_halves(orders, left):
    """Quantity and payment of each order in our auction where the halves are given."""
    side, price, quantity = orders
    sell = np.array(side) == "sell"
    book = book_from_arrays(side, price, quantity)
    sellers, buyers = np.flatnonzero(sell), np.flatnonzero(~sell)
    book = replace(book, ask_owner=sellers, bid_owner=buyers)
    half = np.isin(np.arange(len(side)), left).astype(np.int64)
    lots = Lots(half, np.arange(len(side)))
    found = Muda(variant="vickrey").trade(book, lots, AuctionRules(), stream(0, "pymarket"))
    fill, paid = np.empty(len(side)), np.empty(len(side))
    fill[sellers], fill[buyers], paid[sellers], paid[buyers] = found
    return fill * book.quantum, paid * fill * book.quantum * np.where(sell, -1, 1)


def sides(side, rows):
    return {side[row] for row in rows}


def test_muda_agrees_for_the_same_halves_if_each_can_trade_or_has_one_side():
    traded = 0
    for number in range(400):
        orders = random_orders(number, largest=10_000)
        left, ends, filled_there, paid_there = muda(*orders, seed=number)
        right = [row for row in range(len(orders[0])) if row not in left]
        if any(
            np.isinf(end) and len(sides(orders[0], half)) == 2
            for half, end in zip((left, right), ends, strict=True)
        ):
            continue
        fill, paid = in_halves(orders, left)
        assert fill == pytest.approx(filled_there), number
        assert paid == pytest.approx(paid_there), number
        traded += filled_there.any()
    assert traded > 50


def test_muda_there_needs_traders_without_gaps():
    table = pymarket.BidManager()
    for user, buying, price in ((5, True, 40), (6, True, 50), (7, False, 10), (8, False, 20)):
        table.add_bid(1, price, user, buying)
    orders, lot = table.get_df(), np.random.RandomState(0)

    def draw_until_they_trade():
        while not pymarket.mechanisms.muda(orders, lot)[0].trans:
            pass

    with pytest.raises(IndexError):
        draw_until_they_trade()


def test_the_largest_gains_agree_with_its_linear_program():
    for number in range(60):
        orders = random_orders(number)
        book, result, _ = ours(orders, "uniform")
        assert sum(surpluses(book, result)) == pytest.approx(most_gains(*orders)), number


def test_random_pairs_never_gain_more_than_the_best_trades():
    fewer = 0
    for number in range(60):
        side, price, quantity = random_orders(number)
        pairs = p2p(side, price, quantity, seed=number)
        assert all(price[s] <= paid <= price[b] for b, s, _, paid in pairs), number
        book, result, _ = ours((side, price, quantity), "uniform")
        best = sum(surpluses(book, result))
        gained = sum(q * (price[b] - price[s]) for b, s, q, _ in pairs)
        assert gained <= best * (1 + 1e-12), number
        fewer += gained < 0.99 * best
    assert fewer > 10


def test_the_interface_to_huang_needs_an_older_pandas():
    market = pymarket.Market()
    for s, p, q in (("sell", 10, 2), ("sell", 20, 2), ("buy", 40, 2), ("buy", 30, 2)):
        market.accept_bid(q, p, market.bm.n_bids, s == "buy")
    if int(pytest.importorskip("pandas").__version__.split(".")[0]) < 3:
        pytest.skip("this pandas still lets it write")
    with pytest.raises(ValueError, match="read-only"):
        market.run("huang")
