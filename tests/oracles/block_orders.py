"""Day-ahead auctions with block orders, by trying every set of blocks.

Steps are orders (side, price, quantity), a list for each interval. A block is a dict: `price`,
`quantity` (a signed number for each interval, negative sells), `ratio` (least accepted share),
`parent` and `group` (numbers or None).
"""

from itertools import combinations

import numpy as np
from scipy.optimize import linprog

from tests.oracles import auctions


def best_welfare(steps, blocks, floor=None, cap=None):
    """The largest welfare in which nobody loses; blocks are taken whole or not at all."""
    low, high = bounds(steps, blocks, floor, cap)
    found = []
    for chosen in allowed(blocks, low, high):
        welfare, sets = cleared(steps, blocks, chosen, low, high)
        if welfare is not None:
            found.append((welfare, chosen, sets))
    for welfare, chosen, sets in sorted(found, key=lambda each: -each[0]):
        if nobody_loses(blocks, chosen, sets):
            return welfare
    raise AssertionError("without blocks there are always prices")


def bounds(steps, blocks, floor, cap):
    """Prices are sought between floor and cap, else among the prices of the orders."""
    prices = [x for orders in steps for _, x, q in orders if q] + [b["price"] for b in blocks]
    if floor is None:
        floor = min([*prices, *([] if cap is None else [cap])], default=0)
    return floor, max([*prices, floor]) if cap is None else cap


def allowed(blocks, low, high):
    """Sets of blocks that contain parents, one block of a group at most, and legal prices."""
    for size in range(len(blocks) + 1):
        for chosen in combinations(range(len(blocks)), size):
            groups = [blocks[b]["group"] for b in chosen if blocks[b]["group"] is not None]
            if len(groups) == len(set(groups)) and all(
                blocks[b]["parent"] in (None, *chosen) and is_legal(blocks[b], low, high)
                for b in chosen
            ):
                yield chosen


def is_legal(block, low, high):
    return block["price"] <= high if sells(block) else block["price"] >= low


def sells(block):
    return min(block["quantity"]) < 0


def cleared(steps, blocks, chosen, low, high):
    """Welfare and the price sets when the chosen blocks come first; None where they do not fit."""
    welfare = sum(blocks[b]["price"] * sum(blocks[b]["quantity"]) for b in chosen)
    sets = []
    for t, orders in enumerate(steps):
        amounts = [blocks[b]["quantity"][t] for b in chosen]
        sold, bought = -sum(a for a in amounts if a < 0), sum(a for a in amounts if a > 0)
        first, last = low - 1000, high + 1000
        book = [*orders, ("sell", first, sold), ("buy", last, bought)]
        volume = auctions.volume(book, low, high)
        asks = auctions.in_turn(book, "sell", volume, low, high)
        bids = auctions.in_turn(book, "buy", volume, low, high)
        if asks[-1] != sold or bids[-1] != bought:
            return None, None
        welfare -= value(book, "sell", asks) + first * -sold
        welfare += value(book, "buy", bids) - last * bought
        sets.append(auctions.price_set(book, low, high))
    return welfare, [(low, high) if a is None else (a, b) for a, b in sets]


def value(book, side, fills):
    return sum(x * q for x, q in zip([x for s, x, _ in book if s == side], fills, strict=True))


def nobody_loses(blocks, chosen, sets):
    """Whether prices in the sets let every chosen block gain, with the children it carries."""
    rows, ends = [], []
    for root in chosen:
        family = [b for b in chosen if root in ancestors(blocks, b)]
        rows.append([sum(blocks[b]["quantity"][t] for b in family) for t in range(len(sets))])
        ends.append(sum(blocks[b]["price"] * sum(blocks[b]["quantity"]) for b in family))
    if not rows:
        return True
    return linprog(np.zeros(len(sets)), rows, ends, bounds=sets).status == 0


def ancestors(blocks, block):
    """A block and all blocks it hangs on."""
    found = []
    while block is not None:
        found.append(block)
        block = blocks[block]["parent"]
    return found


def best_welfare_of_shares(steps, blocks, floor=None, cap=None):
    """The same where blocks may be cut short: shares by a linear program for every set.

    Prices suit a set when divisible orders trade what they want at them, and no other shares of
    the chosen blocks, least shares aside, would give the blocks together more.
    """
    low, high = bounds(steps, blocks, floor, cap)
    found = []
    for chosen in every_set(blocks, low, high):
        welfare, trades = best_shares(steps, blocks, chosen, low, high)
        if welfare is not None:
            found.append((welfare, chosen, trades))
    for welfare, chosen, trades in sorted(found, key=lambda each: -each[0]):
        if are_wanted(steps, blocks, chosen, trades, low, high):
            return welfare
    raise AssertionError("without blocks there are always prices")


def every_set(blocks, low, high):
    """Sets of blocks that contain parents and have legal prices."""
    free = [{**block, "group": None} for block in blocks]
    return allowed(free, low, high)


def live(steps, low, high):
    """Divisible orders (interval, limit the price can follow, price, signed quantity)."""
    return [
        (t, min(max(x, low), high), x, q if s == "buy" else -q)
        for t, orders in enumerate(steps)
        for s, x, q in auctions.tradable(orders, low, high)
    ]


def best_shares(steps, blocks, chosen, low, high):
    """Welfare and accepted shares, orders first, with the chosen blocks at least shares."""
    orders = live(steps, low, high)
    worth = [x * q for _, _, x, q in orders]
    worth += [blocks[b]["price"] * sum(blocks[b]["quantity"]) for b in chosen]
    balance = [
        [q if at == t else 0 for at, _, _, q in orders] + [blocks[b]["quantity"][t] for b in chosen]
        for t in range(len(steps))
    ]
    rows, ends = [], []
    for place, b in enumerate(chosen):
        if blocks[b]["parent"] is not None:
            rows.append([0] * len(worth))
            rows[-1][len(orders) + place] = 1
            rows[-1][len(orders) + chosen.index(blocks[b]["parent"])] = -1
            ends.append(0)
    for group in {blocks[b]["group"] for b in chosen} - {None}:
        rows.append([0] * len(orders) + [int(blocks[b]["group"] == group) for b in chosen])
        ends.append(1)
    limits = [(0, 1)] * len(orders) + [(blocks[b]["ratio"], 1) for b in chosen]
    if not worth:
        return 0, []
    # What can be followed by prices is reached first; among that, the largest true welfare.
    followed = [reach * q for _, reach, _, q in orders]
    followed += [no_gain(blocks[b], low, high) * sum(blocks[b]["quantity"]) for b in chosen]
    for goal in (followed, worth):
        solved = linprog(
            -np.array(goal, float), rows or None, ends or None, balance, [0] * len(steps), limits
        )
        if solved.status:
            return None, None
        rows, ends = [*rows, [-each for each in followed]], [*ends, solved.fun + 1e-9]
    return np.array(worth) @ solved.x, solved.x


def are_wanted(steps, blocks, chosen, trades, low, high):
    """Whether prices exist at which everybody chosen wants what he gets."""
    orders = live(steps, low, high)
    sets = [[low, high] for _ in steps]
    for (t, limit, _, q), share in zip(orders, trades, strict=False):
        if (share > 1e-7) if q < 0 else (share < 1 - 1e-7):
            sets[t][0] = max(sets[t][0], limit)
        if (share < 1 - 1e-7) if q < 0 else (share > 1e-7):
            sets[t][1] = min(sets[t][1], limit)
    if any(a > b for a, b in sets):
        return False
    shares = np.array(trades[len(orders) :])
    prices = np.array([no_gain(blocks[b], low, high) for b in chosen])
    quantity = np.array([blocks[b]["quantity"] for b in chosen], float).reshape(
        len(chosen), len(steps)
    )
    rows, ends = [], []
    for other in allowed(blocks, low, high):
        if set(other) <= set(chosen):
            more = np.array([float(b in other) for b in chosen]) - shares
            # More shares of blocks must not gain: value of `more` less its cost at the prices.
            rows.append(-(more @ quantity))
            ends.append(-(more @ (prices * quantity.sum(axis=1))) + 1e-7)
    return linprog(np.zeros(len(steps)), rows, ends, bounds=sets).status == 0


def no_gain(block, low, high):
    """Price of no gain; a block that may be cut short is so at an end of the range, too."""
    return block["price"] if block["ratio"] == 1 else min(max(block["price"], low), high)
