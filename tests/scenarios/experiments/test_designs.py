"""Designs: which combinations of levels are run, and that samples are drawn the same each time."""

import math
import sys
import tomllib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import InputError
from scenarios.experiments.designs import arm_name, combinations, scaled, unit_points
from scenarios.experiments.schema import ExperimentFile, Factor
from tests.scenarios.experiments.small_experiments import EXPERIMENT

COUNTS = st.lists(st.integers(1, 4), min_size=1, max_size=4)


def experiment(factors, variants=(), **header):
    table = tomllib.loads(EXPERIMENT)
    table["factor"], table["variant"] = list(factors), list(variants)
    table["experiment"] |= header
    return ExperimentFile.model_validate(table)


def factors(counts):
    return [
        {"name": f"f{place}", "key": f"a.f{place}", "levels": list(range(count))}
        for place, count in enumerate(counts)
    ]


def ranged(count, **values):
    return [
        {"name": f"f{place}", "key": f"a.f{place}", "range": [0, 1], **values}
        for place in range(count)
    ]


def levels(file):
    return [tuple(step.label for step in one) for one in combinations(file)]


@given(COUNTS)
def test_a_full_design_has_every_combination_once(counts):
    found = levels(experiment(factors(counts)))
    assert len(found) == len(set(found)) == math.prod(counts)
    assert found == sorted(found)


@given(COUNTS, st.data())
def test_one_at_a_time_changes_one_factor_of_the_baseline(counts, data):
    middle = {
        f"f{place}": data.draw(st.integers(0, count - 1)) for place, count in enumerate(counts)
    }
    file = experiment(factors(counts), design="one-at-a-time", baseline=middle)
    found = levels(file)
    assert found[0] == tuple(middle.values())
    assert len(found) == len(set(found)) == 1 + sum(count - 1 for count in counts)
    for one in found[1:]:
        assert sum(a != b for a, b in zip(one, found[0], strict=True)) == 1


@given(COUNTS)
def test_names_of_arms_are_unique(counts):
    names = [arm_name(one) for one in combinations(experiment(factors(counts)))]
    assert len(set(names)) == len(names)


def test_variants_cross_with_factors():
    variants = [{"name": "a"}, {"name": "b", "set": {"x.y": 1}}]
    found = combinations(experiment(factors([2]), variants))
    assert [arm_name(one) for one in found] == [
        f"f0={level}, variant={name}" for level in (0, 1) for name in "ab"
    ]
    assert found[1][1].values == {"x.y": 1}


def test_all_keys_of_a_factor_take_its_level():
    entry = {"name": "f", "keys": ["a.x", "a.y"], "levels": [3, {"label": "no", "set": {"a.z": 1}}]}
    first, second = combinations(experiment([entry]))
    assert first[0].values == {"a.x": 3, "a.y": 3}
    assert second[0].values == {"a.z": 1}


@settings(deadline=None)  # the first one imports scipy
@given(st.integers(1, 5), st.integers(2, 40))
def test_a_hypercube_has_one_point_in_every_slice(count, samples):
    points = unit_points("lhs", count, samples)
    for place in range(count):
        assert sorted(int(point[place] * samples) for point in points) == list(range(samples))


@pytest.mark.parametrize(
    ("design", "samples", "arms"), [("lhs", 7, 7), ("sobol", 8, 8 * 5), ("morris", 4, 4 * 4)]
)
def test_a_sampled_design_has_its_number_of_arms_and_is_drawn_again_the_same(design, samples, arms):
    file = experiment(ranged(3), design=design, samples=samples)
    assert len(combinations(file)) == arms
    assert levels(file) == levels(file)


def test_a_morris_trajectory_changes_one_factor_at_a_step():
    points = unit_points("morris", 3, 5)
    for first in range(0, len(points), 4):
        for one, other in pairwise(points[first : first + 4]):
            assert sum(a != b for a, b in zip(one, other, strict=True)) == 1


@pytest.mark.parametrize("design", ["sobol", "morris"])
def test_without_salib_a_sensitivity_design_says_what_to_install(design, monkeypatch):
    monkeypatch.setitem(sys.modules, "SALib.sample", None)
    with pytest.raises(InputError, match=r'pip install "talatan\[sensitivity\]"'):
        combinations(experiment(ranged(2), design=design, samples=4))


RANGES = st.tuples(st.integers(1, 50), st.integers(1, 50)).map(lambda r: [r[0], r[0] + r[1]])


@given(RANGES, st.sampled_from(["linear", "log"]), st.booleans(), st.floats(0, 1))
def test_a_value_lies_in_its_range(ends, scale, whole, share):
    factor = Factor.model_validate(
        {"name": "f", "key": "a.b", "range": ends, "scale": scale, "whole": whole}
    )
    value = scaled(factor, share)
    assert ends[0] <= value <= ends[1]
    assert not whole or isinstance(value, int)


def test_a_logarithmic_range_has_its_geometric_mean_in_the_middle():
    factor = Factor.model_validate({"name": "f", "key": "a.b", "range": [1, 100], "scale": "log"})
    assert scaled(factor, 0.5) == 10.0


def test_whole_numbers_have_equal_shares():
    factor = Factor.model_validate({"name": "f", "key": "a.b", "range": [1, 4], "whole": True})
    found = [scaled(factor, (place + 0.5) / 400) for place in range(400)]
    assert [found.count(number) for number in (1, 2, 3, 4)] == [100] * 4
