"""Intervals, paired differences and tests over seeds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from market import holm, mean_interval, paired_difference, stream

SEEDS = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=2, max_size=12)


def coverage(n, draw, truth, runs=2000):
    """How often the interval of n values holds the truth."""
    draws = draw(stream(1, "coverage", str(n)), (runs, n))
    found = [mean_interval(values) for values in draws]
    return np.mean([one.low <= truth <= one.high for one in found])


@pytest.mark.parametrize("n", [5, 10, 30])
def test_the_interval_holds_the_mean_as_often_as_it_says(n):
    assert 0.935 < coverage(n, lambda rng, size: rng.normal(3, 2, size), 3.0) < 0.965


def test_the_interval_stands_a_skewed_figure_as_well_as_students():
    def draw(rng, size):
        return rng.lognormal(0, 0.5, size)

    truth = math.exp(0.125)
    values = draw(stream(1, "coverage", "10"), (2000, 10))
    half = stats.sem(values, axis=1) * stats.t.ppf(0.975, 9)
    student = np.mean(abs(values.mean(axis=1) - truth) <= half)
    assert coverage(10, draw, truth) >= student - 0.005


def test_the_usual_bootstrap_intervals_are_too_narrow_for_five_seeds():
    values = stream(2, "coverage").normal(size=(600, 5))
    for method in ("percentile", "BCa"):
        found = stats.bootstrap(
            (values,), np.mean, axis=1, n_resamples=999, method=method, rng=stream(3, "x")
        ).confidence_interval
        assert np.mean((found.low <= 0) & (found.high >= 0)) < 0.89
    ours = [mean_interval(row) for row in values]
    assert np.mean([one.low <= 0 <= one.high for one in ours]) > 0.92


def test_many_seeds_need_no_memory_of_resamples():
    values = stream(6, "many").normal(size=101)
    found = mean_interval(values)
    half = stats.sem(values) * stats.t.ppf(0.975, 100)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.05)
    assert mean_interval(values) == found


def test_the_interval_leans_where_the_values_do():
    found = mean_interval([1.0, 1.1, 1.2, 1.3, 9.0])
    assert found.high - found.mean > found.mean - found.low > 0


@given(SEEDS, st.floats(0.1, 50), st.floats(-1e3, 1e3))
def test_units_do_not_matter(values, scale, shift):
    values = np.array(values)
    plain, other = mean_interval(values), mean_interval(scale * values + shift)
    size = scale * np.abs(values).max() + abs(shift)
    for name in ("mean", "low", "high"):
        expected = scale * getattr(plain, name) + shift
        assert getattr(other, name) == pytest.approx(expected, abs=1e-6 * size + 1e-9)
    assert plain.low <= plain.mean <= plain.high


def test_mean_and_spread_are_the_usual_ones():
    found = mean_interval([3.0, np.nan, 5.0, 10.0])
    assert (found.n, found.mean) == (3, 6.0)
    assert found.sd == pytest.approx(np.std([3, 5, 10], ddof=1))


def test_an_interval_is_the_same_every_time():
    assert mean_interval([1.0, 2.0, 4.0]) == mean_interval([1.0, 2.0, 4.0])


@pytest.mark.parametrize(("values", "n"), [([], 0), ([np.nan], 0), ([7.0], 1)])
def test_one_seed_says_nothing_about_luck(values, n):
    found = mean_interval(values)
    assert found.n == n
    assert np.isnan([found.sd, found.low, found.high]).all()
    assert math.isnan(found.mean) == (n == 0)


@pytest.mark.parametrize("value", [0.1, 123456.789, -3.0])
def test_no_spread_no_interval(value):
    found = mean_interval([value] * 11)
    assert (found.mean, found.low, found.high, found.sd) == (value, value, value, 0.0)


def test_rounding_is_no_spread():
    found = paired_difference([0.1 + 0.2, 1.1, 2.3], [0.3, 1.1, 2.3])
    assert (found.mean, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)
    shifted = paired_difference([1e9 + 0.3, 2e9 + 0.3], [1e9, 2e9])
    assert shifted.mean == pytest.approx(0.3)
    assert shifted.low == shifted.high == shifted.mean


@given(SEEDS, st.data())
def test_the_test_is_students_paired_one(values, data):
    n = len(values)
    theirs = data.draw(st.lists(st.floats(-1e6, 1e6), min_size=n, max_size=n))
    gaps = np.array(values) - theirs
    if np.ptp(gaps) < 1e-3:
        return
    found = paired_difference(values, theirs)
    expected = stats.ttest_rel(values, theirs)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-7, abs=1e-12)
    assert found.mean == pytest.approx(gaps.mean(), abs=1e-6)


def test_effect_size_is_hedges_g_of_differences():
    gaps = np.array([1.0, 3.0, 2.0, 6.0, 4.0])
    found = paired_difference(gaps + 7, np.full(5, 7.0))
    plain = gaps.mean() / gaps.std(ddof=1)
    exact = math.gamma(2) / (math.sqrt(2) * math.gamma(1.5))
    assert found.effect_size == pytest.approx(plain * exact)
    assert exact == pytest.approx(1 - 3 / (4 * 4 - 1), rel=0.005)  # the usual approximation


def test_pairs_without_a_value_are_dropped():
    found = paired_difference([1.0, np.nan, 5.0, 9.0], [0.0, 1.0, np.nan, 6.0])
    assert (found.pairs, found.mean) == (2, 2.0)
    assert math.isnan(found.effect_size)  # two pairs leave no freedom for it
    lost = paired_difference([np.nan, 1.0], [1.0, np.nan])
    assert lost.pairs == 0
    assert np.isnan([lost.mean, lost.low, lost.high, lost.p_value]).all()


def test_the_same_difference_in_every_seed_cannot_be_tested():
    found = paired_difference([11.0, 12.0, 13.0], [10.0, 11.0, 12.0])
    assert (found.mean, found.low, found.high) == (1.0, 1.0, 1.0)
    assert np.isnan([found.effect_size, found.p_value]).all()
    same = paired_difference([11.0, 12.0, 13.0], [11.0, 12.0, 13.0])
    assert (same.mean, same.effect_size, same.p_value) == (0.0, 0.0, 1.0)


def test_pairs_share_their_luck():
    """A common year moves both arms; the difference does not see it."""
    rng = stream(4, "pairs")
    common, own = rng.normal(0, 10, 400), rng.normal(0, 1, (2, 400))
    theirs, ours = common + own[0], common + own[1] + 0.5
    paired = np.std(ours - theirs, ddof=1)
    unpaired = np.hypot(np.std(ours, ddof=1), np.std(theirs, ddof=1))
    assert paired == pytest.approx(math.sqrt(2), rel=0.1)
    assert unpaired == pytest.approx(math.sqrt(2 * 101), rel=0.1)
    found = paired_difference(ours, theirs)
    assert found.low > 0
    assert stats.ttest_ind(ours, theirs).pvalue > 0.05 > found.p_value


def test_holm_by_hand():
    """Five comparisons: 5 x 0.004, 4 x 0.011, 3 x 0.012 is less, 2 x 0.030, 1 x 0.8."""
    found = holm([0.011, 0.8, 0.004, 0.03, 0.012])
    assert found.tolist() == pytest.approx([0.044, 0.8, 0.020, 0.06, 0.044])


@given(st.lists(st.floats(0, 1) | st.just(math.nan), max_size=9))
def test_holm_is_its_closed_form(p_values):
    """The largest of (m - rank) p over all that are no larger; at most 1."""
    given_p = np.array(p_values)
    there = np.sort(given_p[~np.isnan(given_p)])
    steps = there * np.arange(there.size, 0, -1)
    expected = [
        math.nan if math.isnan(p) else min(1.0, steps[: np.searchsorted(there, p, "right")].max())
        for p in p_values
    ]
    assert holm(p_values).tolist() == pytest.approx(expected, nan_ok=True)


def test_holm_keeps_its_word():
    """Where nothing differs, hardly more than 5 of 100 experiments call anything a difference."""
    wrong, m = 0, 6
    for draw in stream(5, "holm").normal(size=(400, m, 8)):
        p_values = [paired_difference(gaps, np.zeros(8)).p_value for gaps in draw]
        wrong += holm(p_values).min() < 0.05
    assert wrong / 400 < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
