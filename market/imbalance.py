"""Prices of energy that differs from the market position."""

from collections.abc import Sequence

import numpy as np

from market.block import Block
from market.cents import priced
from market.rules import MarketRules
from market.units import FloatArray, IntArray


def balancing_price(block: Block, zone: int, market: FloatArray) -> FloatArray:
    """Return the price of balancing energy; the market's where none was called.

    Shed load is worth the price cap; where there is none, the market's price.
    """
    price = block.zone["balancing_price"][:, zone]
    caps = np.array([r.auction.price_cap if r else np.inf for r in block.rules])
    called = np.where(np.isposinf(price), np.where(caps < np.inf, caps, market), 0.0)
    called = np.where(np.isfinite(price), price, called)
    return np.where(np.isnan(price), market, called)


def imbalance_prices(
    market: FloatArray, balancing: FloatArray, rules: Sequence[MarketRules | None]
) -> tuple[FloatArray, FloatArray]:
    """Return what missing energy costs and extra energy earns in each interval.

    Parameters
    ----------
    market, balancing : array, shape (m,)
        Clearing price and price of the balancing energy used, currency/MWh.
    rules : sequence of MarketRules, length m

    Returns
    -------
    short, long : array, shape (m,)

    References
    ----------
    Single and dual imbalance pricing as in Commission Regulation (EU) 2017/2195, article 52.
    """
    kind = np.array([r.imbalance.rule if r else "single" for r in rules])
    spread = np.array([r.imbalance.spread if r else 0.0 for r in rules])
    dual, fixed = kind == "dual", kind == "spread"
    short = np.where(dual, np.maximum(market, balancing), balancing)
    long = np.where(dual, np.minimum(market, balancing), balancing)
    return np.where(fixed, market + spread, short), np.where(fixed, market - spread, long)


def deviation_cents(energy: IntArray, short: FloatArray, long: FloatArray) -> IntArray:
    """Charge missing energy at the first price, credit extra energy at the second.

    Parameters
    ----------
    energy : array of int, shape (m, n)
        Wh above what was agreed on; negative where energy is missing.
    short, long : array, shape (m,)

    Returns
    -------
    array of int, shape (m, n)
        Cents to pay; negative where they are received.
    """
    return priced(-energy, np.where(energy < 0, short[:, None], long[:, None]))
