"""Sensitivity indices against functions whose indices are known."""

import builtins
import math
import sys

import numpy as np
import pytest

from market import stream
from scenarios.experiments.designs import unit_points
from scenarios.experiments.sensitivity import WHOLE, Sample, sensitivity_of

NAMES = ("a", "b", "c")
FIRST, TOTAL = (0.3139, 0.4424, 0.0), (0.5576, 0.4424, 0.2437)  # of the Ishigami function
WEIGHTS = np.array([4.0, 2.0, -1.0])
PARTS = WEIGHTS**2 / (WEIGHTS**2).sum()


def ishigami(points):
    """Ishigami and Homma (1990): sin x + 7 sin^2 y + 0.1 z^4 sin x, from -pi to pi."""
    x, y, z = ((2 * points - 1) * math.pi).T
    return np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)


def linear(points):
    return (points * WEIGHTS).sum(axis=1) + 100


def answers(design, samples, function, metric="m", lost=()):
    points = np.array(unit_points(design, 3, samples))
    values = function(points)
    values[list(lost)] = np.nan
    return sensitivity_of(design, Sample(NAMES, points, values, metric))


def values_of(found, index, method=None):
    return [one.value for one in found if one.index == index and method in (None, one.method)]


def test_saltelli_finds_the_indices_of_ishigami():
    found = answers("sobol", 512, ishigami)
    assert values_of(found, "S1") == pytest.approx(FIRST, abs=0.08)
    assert values_of(found, "ST") == pytest.approx(TOTAL, abs=0.08)
    for one, truth in zip([x for x in found if x.index == "S1"], FIRST, strict=True):
        assert one.low < truth < one.high
        assert one.high - one.low < 0.3


def test_rbd_fast_finds_first_order_indices_of_ishigami():
    found = answers("lhs", 512, ishigami)
    assert values_of(found, "S1", "rbd_fast") == pytest.approx(FIRST, abs=0.08)


def test_few_points_find_which_factor_counts():
    found = answers("lhs", 64, linear)
    assert values_of(found, "S1") == pytest.approx(PARTS, abs=0.15)
    assert all(one.low <= one.value <= one.high for one in found if one.index == "S1")


def test_regression_is_exact_where_the_metric_is_linear():
    found = answers("lhs", 12, linear)
    assert values_of(found, "R2") == pytest.approx([1.0])
    src = np.array(values_of(found, "src"))
    points = np.array(unit_points("lhs", 3, 12))
    spread = points.std(axis=0) / linear(points).std()
    assert src == pytest.approx(WEIGHTS * spread)
    assert values_of(answers("lhs", 500, linear), "src") ** np.array(2) == pytest.approx(
        PARTS, abs=0.05
    )


def test_regression_is_that_of_least_squares():
    points = np.array(unit_points("lhs", 3, 20))
    values = linear(points) + stream(1, "noise").normal(size=20)
    x = (points - points.mean(axis=0)) / points.std(axis=0)
    y = (values - values.mean()) / values.std()
    slopes, rest, *_ = np.linalg.lstsq(x, y, rcond=None)
    found = sensitivity_of("lhs", Sample(NAMES, points, values, "m"))
    assert values_of(found, "src") == pytest.approx(slopes)
    assert values_of(found, "R2") == pytest.approx(1 - rest / 20)
    errors = np.sqrt(rest / 16 * np.linalg.inv(x.T @ x).diagonal())
    widths = [(one.high - one.low) / 2 for one in found if one.index == "src"]
    assert widths == pytest.approx(2.119905 * errors, rel=1e-5)  # t with 16 degrees of freedom


def test_regression_says_when_it_explains_little():
    assert values_of(answers("lhs", 256, ishigami), "R2")[0] < 0.3


def test_elementary_effects_of_a_linear_metric_are_its_slopes():
    found = answers("morris", 5, linear)
    assert values_of(found, "mu") == pytest.approx(WEIGHTS)
    assert values_of(found, "mu_star") == pytest.approx(abs(WEIGHTS))
    assert values_of(found, "sigma") == pytest.approx([0, 0, 0], abs=1e-9)


def test_elementary_effects_show_what_acts_through_others():
    found = answers("morris", 30, lambda points: points[:, 0] * points[:, 1])
    sigma = values_of(found, "sigma")
    assert sigma[0] > 0.1
    assert sigma[1] > 0.1
    assert sigma[2] == 0


@pytest.mark.parametrize(("design", "block"), [("lhs", 1), ("sobol", 5), ("morris", 4)])
def test_points_without_a_value_take_their_block_with_them(design, block):
    found = answers(design, 64, linear, lost=[block, 2 * block - 1])
    assert {one.n for one in found} == {len(unit_points(design, 3, 64)) - block}
    assert np.isfinite([one.value for one in found]).all()


@pytest.mark.parametrize("design", ["lhs", "sobol", "morris"])
def test_where_nothing_varies_nothing_is_claimed(design):
    found = answers(design, 32, lambda points: np.full(len(points), 0.1))
    values = [one.value for one in found]
    assert np.isnan(values).all() if design != "morris" else values == [0.0] * 9


@pytest.mark.parametrize("design", ["lhs", "sobol", "morris"])
def test_where_all_runs_failed_nothing_is_claimed(design):
    found = answers(design, 2, lambda points: np.full(len(points), np.nan))
    assert found
    assert np.isnan([one.value for one in found]).all()


def test_too_few_points_for_a_regression():
    found = answers("lhs", 4, linear)
    assert [one.factor for one in found] == [*NAMES, WHOLE]
    assert np.isnan([one.value for one in found]).all()


@pytest.mark.parametrize("design", ["lhs", "sobol", "morris"])
def test_answers_depend_on_nothing_but_the_points(design):
    first = answers(design, 32, ishigami)
    np.random.seed(4)  # noqa: NPY002 - some libraries draw from it
    assert repr(answers(design, 32, ishigami)) == repr(first)


def test_without_salib_regression_is_left(monkeypatch):
    real = builtins.__import__

    def absent(name, *rest):
        if name.split(".")[0] == "SALib":
            raise ImportError(name)
        return real(name, *rest)

    points = {name: np.array(unit_points(name, 3, 32)) for name in ("lhs", "sobol", "morris")}
    for name in [name for name in sys.modules if name.split(".")[0] == "SALib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", absent)
    found = {
        name: sensitivity_of(name, Sample(NAMES, place, linear(place), "m"))
        for name, place in points.items()
    }
    assert {one.method for one in found["lhs"]} == {"regression"}
    assert found["sobol"] == found["morris"] == []
