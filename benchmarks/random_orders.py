"""The order books of the benchmarks; nothing but numpy, so that a peer can make the same ones."""

import numpy as np

TOP = 1000.0  # currency/MWh


def random_orders(n, seed=0):
    """Return side, price, quantity and arrival of `n` orders, half of them offers.

    Prices are different numbers from 0 to `TOP` in random order, quantities whole numbers from
    1 to 100; orders arrive in random order.
    """
    rng = np.random.default_rng(seed)
    buys = np.arange(n) >= n // 2
    price = rng.permutation(n) * (TOP / n) + TOP / n / 2
    return buys, price, rng.integers(1, 101, n), rng.permutation(n)


def fastest(action, at_least=5, seconds=0.5):
    """Return the least wall time of an action in s: what others on the machine do only adds."""
    from time import perf_counter

    best, spent, rounds = float("inf"), 0.0, 0
    while (rounds < at_least and spent < 4 * seconds) or spent < seconds:
        begun = perf_counter()
        action()
        took = perf_counter() - begun
        best, spent, rounds = min(best, took), spent + took, rounds + 1
    return best
