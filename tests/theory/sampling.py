"""Unit traders drawn at random, the auction they meet in, and the mean of what they get."""

import numpy as np

from market import AuctionRules, OrderBook, mechanism_of, stream


def unit_book(costs, values):
    """One unit each: sellers ask their cost, buyers bid their value."""
    costs, values = np.asarray(costs, np.float64), np.asarray(values, np.float64)
    one = np.ones(1, np.int64)
    return OrderBook(costs, one.repeat(costs.size), values, one.repeat(values.size), quantum=1.0)


def auction(name, **params):
    """A mechanism as a function of the book; whatever it draws comes from one stream."""
    mechanism, rules, rng = mechanism_of(name, params), AuctionRules(), stream(1, name)
    return lambda book: mechanism.clear(book, rules, rng)


def uniform_books(n, runs, seed=0):
    """Books of n sellers and n buyers, costs and values uniform on [0, 1], all truthful."""
    rng = np.random.default_rng([n, seed])
    for costs, values in zip(rng.random((runs, n)), rng.random((runs, n)), strict=True):
        yield unit_book(costs, values)


def gains(book, result):
    """Gains from trade of an outcome, orders taken at their word."""
    return book.bid_price @ result.bid_fill - book.ask_price @ result.ask_fill


def largest_gains(book):
    """The most that unit traders can gain: each next value less each next cost, if positive."""
    n = min(book.ask_price.size, book.bid_price.size)
    ranked = np.sort(book.bid_price)[::-1][:n] - np.sort(book.ask_price)[:n]
    return ranked[ranked > 0].sum()


def efficient_trades(book):
    """How many unit trades bring a gain."""
    n = min(book.ask_price.size, book.bid_price.size)
    return int((np.sort(book.bid_price)[::-1][:n] > np.sort(book.ask_price)[:n]).sum())


def assert_mean(sample, expected, sigmas=4.0):
    """The sample's mean lies within four standard errors of what theory says."""
    sample = np.asarray(sample)
    error = sample.std(ddof=1) / np.sqrt(sample.size)
    assert abs(sample.mean() - expected) <= sigmas * error, (sample.mean(), expected, error)


def share(parts, wholes):
    """A ratio of means and its standard error (delta method)."""
    parts, wholes = np.asarray(parts), np.asarray(wholes)
    ratio = parts.mean() / wholes.mean()
    rest = parts - ratio * wholes
    return ratio, rest.std(ddof=1) / wholes.mean() / np.sqrt(parts.size)
