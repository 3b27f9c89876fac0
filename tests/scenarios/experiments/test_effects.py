"""Main effects, interactions and shares of factorial designs."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from market import mean_interval, stream
from scenarios.experiments.effects import factorial_effects

NAMES = ("a", "b", "c")


def labels(shape):
    return [[f"{name}{level}" for level in range(n)] for name, n in zip(NAMES, shape, strict=False)]


def effects_of(values):
    names = NAMES[: values.ndim - 1]
    return factorial_effects(values, names, labels(values.shape[:-1]))


def by_level(found):
    return {one.level: one.effect for one in found if one.level}


def by_term(found):
    return {one.term: one.share_pct for one in found}


VALUES = st.tuples(st.integers(2, 4), st.integers(1, 3), st.integers(1, 4)).flatmap(
    lambda shape: arrays(float, shape, elements=st.floats(-1e3, 1e3).map(lambda x: round(x, 2)))
)
THREE = arrays(float, (2, 3, 2, 3), elements=st.floats(-1e3, 1e3).map(lambda x: round(x, 2)))


def test_two_by_two_by_hand():
    """Cells 10, 14, 20, 40 with one seed; grand mean 21.

    a: 12 and 30, so -9 and +9. b: 15 and 27, so -6 and +6.
    a1 b1 would be 21 + 9 + 6 = 36 and is 40: +4.
    Squares: a 4 x 81 = 324, b 4 x 36 = 144, both 4 x 16 = 64; of 532.
    """
    found = effects_of(np.array([[[10.0], [14.0]], [[20.0], [40.0]]]))
    assert by_level(found) == {
        **{"a0": -9, "a1": 9, "b0": -6, "b1": 6},
        **{"a0 | b0": 4, "a0 | b1": -4, "a1 | b0": -4, "a1 | b1": 4},
    }
    shares = by_term(found)
    assert shares == pytest.approx(
        {"a": 100 * 324 / 532, "b": 100 * 144 / 532, "a:b": 100 * 64 / 532, "residual": 0}
    )
    assert all(np.isnan([one.low, one.high]).all() for one in found)


@given(VALUES)
def test_effects_add_up_to_the_cells(values):
    effects = by_level(effects_of(values))
    means, grand = values.mean(axis=-1), values.mean()
    for a, b in product(*map(range, means.shape)):
        total = grand + effects[f"a{a}"] + effects[f"b{b}"] + effects[f"a{a} | b{b}"]
        assert total == pytest.approx(means[a, b], abs=1e-9)


@given(THREE)
def test_effects_of_a_factor_cancel_out(values):
    found = effects_of(values)
    for term in ("a", "b", "c", "a:b", "a:c", "b:c"):
        assert sum(one.effect for one in found if one.term == term) == pytest.approx(0, abs=1e-8)
    assert not any(one.term == "a:b:c" for one in found)


@given(VALUES | THREE)
def test_shares_add_up(values):
    found = by_term(effects_of(values))
    if np.ptp(values) > 0:
        assert sum(found.values()) == pytest.approx(100)
        assert min(found.values()) >= 0
    else:
        assert np.isnan(list(found.values())).all()


def test_shares_are_those_of_the_analysis_of_variance():
    values = stream(1, "anova").normal(size=(3, 2, 4)) + np.arange(4) + np.arange(3)[:, None, None]
    total = np.square(values - values.mean()).sum()
    shares = by_term(effects_of(values))
    a = 8 * np.square(values.mean(axis=(1, 2)) - values.mean()).sum()
    seeds = 6 * np.square(values.mean(axis=(0, 1)) - values.mean()).sum()
    assert shares["a"] == pytest.approx(100 * a / total)
    assert shares["seed"] == pytest.approx(100 * seeds / total)
    one_way = values.reshape(6, 4)
    within = sum(np.square(row - row.mean()).sum() for row in one_way)
    assert shares["seed"] + shares["residual"] == pytest.approx(100 * within / total)
    between = 100 - 100 * within / total
    assert shares["a"] + shares["b"] + shares["a:b"] == pytest.approx(between)
    f = stats.f_oneway(*one_way).statistic
    assert f == pytest.approx((between / 5) / ((100 - between) / 18))


def test_an_interval_is_that_of_effects_seed_by_seed():
    values = stream(2, "x").normal(size=(2, 2, 6)) + 100 * np.arange(6)
    found = {one.level: one for one in effects_of(values)}
    effects = values[1].mean(axis=0) - values.mean(axis=(0, 1))
    expected = mean_interval(effects)
    assert found["a1"].low == pytest.approx(expected.low)
    assert found["a1"].high == pytest.approx(expected.high)
    assert found["a1"].high - found["a1"].low < 5  # what a seed does to all arms falls out


def test_an_additive_system_has_no_interaction():
    values = (np.array([0.0, 5.0])[:, None] + np.array([1.0, 2.0, 9.0]))[:, :, None] + np.zeros(3)
    found = effects_of(values)
    assert [one.effect for one in found if one.term == "a:b"] == pytest.approx([0.0] * 6)
    assert by_term(found)["a:b"] == pytest.approx(0)


def test_three_factors_that_only_act_together():
    signs = np.array([-1.0, 1.0])
    values = (signs[:, None, None] * signs[:, None] * signs)[..., None] + np.zeros(2)
    shares = by_term(effects_of(values))
    assert shares["higher order"] == pytest.approx(100)
    assert shares["a"] + shares["a:b"] == pytest.approx(0)


def test_one_factor_has_main_effects_only():
    found = effects_of(np.array([[1.0, 2.0], [3.0, 4.0], [8.0, 9.0]]))
    assert by_level(found) == pytest.approx({"a0": -3, "a1": -1, "a2": 4})
    assert list(by_term(found)) == ["a", "seed", "residual"]


def test_a_seed_with_a_failed_run_is_left_out():
    values = stream(3, "x").normal(size=(2, 3, 4))
    damaged = values.copy()
    damaged[1, 2, 3] = np.nan
    assert repr(effects_of(damaged)) == repr(effects_of(values[..., :3]))
    assert {one.n for one in effects_of(damaged)} == {3}


def test_without_a_whole_seed_nothing_is_said():
    values = np.ones((2, 2, 2))
    values[0, 0, 0] = values[1, 1, 1] = np.nan
    found = effects_of(values)
    assert {one.n for one in found} == {0}
    assert np.isnan([[one.effect, one.low, one.share_pct] for one in found]).all()
    assert [one.level for one in found if one.term == "a"] == ["a0", "a1"]
