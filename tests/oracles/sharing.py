"""Shares of cooperative games from their definitions, coalition by coalition."""

from fractions import Fraction
from itertools import combinations, permutations
from math import factorial

import numpy as np
from scipy.optimize import linprog

TOLERANCE = 1e-7


def mask(players):
    return sum(1 << i for i in players)


def subsets(n):
    return [set(s) for k in range(n + 1) for s in combinations(range(n), k)]


def shapley(worth):
    """What each adds to those before him, over all orders; worths by bit mask, exact fractions."""
    n = len(worth).bit_length() - 1
    shares = [Fraction(0)] * n
    for order in permutations(range(n)):
        for place, player in enumerate(order):
            before, after = mask(order[:place]), mask(order[: place + 1])
            shares[player] += Fraction(worth[after]) - Fraction(worth[before])
    return [share / factorial(n) for share in shares]


def superadditive(worth):
    """The most that each coalition is worth if it may split up into two, and those again."""
    n = len(worth).bit_length() - 1
    best = list(worth)
    for coalition in subsets(n):
        whole = mask(coalition)
        for part in range(1, whole):
            if part & whole == part:
                best[whole] = max(best[whole], best[part] + best[whole - part])
    return best


def least_total(worth):
    """The least that all must get together so that every coalition gets its worth."""
    n = len(worth).bit_length() - 1
    rows = [[-float(i in s) for i in range(n)] for s in subsets(n)]
    needs = [-worth[mask(s)] for s in subsets(n)]
    return linprog(np.ones(n), A_ub=rows, b_ub=needs, bounds=(None, None)).fun


def is_nucleolus(worth, shares, prenucleolus):
    """Kohlberg's criterion: at every level the coalitions with that excess or more balance.

    Some positive weights of them, with weights that may be zero of players who get no more than
    they are worth alone, add up to the same for every player.
    """
    n = len(shares)
    proper = [s for s in subsets(n) if 0 < len(s) < n]
    excess = {mask(s): worth[mask(s)] - sum(shares[i] for i in s) for s in proper}
    poor = [{i} for i in range(n) if excess.get(1 << i, -1) >= -TOLERANCE]
    if poor and not prenucleolus and any(excess[mask(s)] > TOLERANCE for s in poor):
        return False
    poor = [] if prenucleolus else poor
    for level in set(excess.values()):
        loud = [s for s in proper if excess[mask(s)] >= level - TOLERANCE]
        rows = [[*(float(i in s) for s in loud + poor), -1.0] for i in range(n)]
        bounds = [(1, None)] * len(loud) + [(0, None)] * len(poor) + [(None, None)]
        if linprog(np.zeros(len(bounds)), A_eq=rows, b_eq=np.zeros(n), bounds=bounds).status:
            return False
    return True


def airport_shapley(costs):
    """Each stage of the runway is paid in equal parts by all who need it."""
    pays = [Fraction(0)] * len(costs)
    for stage, longer in zip([0, *sorted(costs)], sorted(costs), strict=False):
        users = [i for i, cost in enumerate(costs) if cost >= longer]
        for i in users:
            pays[i] += Fraction(longer - stage, len(users))
    return pays


def airport_nucleolus(costs):
    """Littlechild (1974), for costs in rising order: groups of equal payments, lowest first."""
    n, pays = len(costs), []
    paid = Fraction(0)
    while len(pays) < n:
        done = len(pays)
        before = costs[done - 1] if done else 0
        offers = [
            ((costs[i] - before + paid) / Fraction(min(i + 1 - done + 1, n - done)), i)
            for i in range(done, n)
        ]
        paid = min(offer for offer, _ in offers)
        last = max(i for offer, i in offers if offer == paid)
        pays += [paid] * (last + 1 - done)
    return pays


def talmud(estate, claims):
    """Aumann and Maschler (1985): equal gains up to half the claims, then equal losses."""
    halves = [Fraction(claim, 2) for claim in claims]
    if estate <= sum(halves):
        return _poured(estate, halves)
    losses = _poured(sum(claims) - estate, halves)
    return [claim - loss for claim, loss in zip(claims, losses, strict=True)]


def _poured(amount, cups):
    """Equal parts to all cups, as far as they hold."""
    parts, left = [Fraction(0)] * len(cups), Fraction(amount)
    while left > 0:
        room = [i for i, cup in enumerate(cups) if parts[i] < cup]
        step = min(left / len(room), *(cups[i] - parts[i] for i in room))
        for i in room:
            parts[i] += step
        left -= step * len(room)
    return parts
