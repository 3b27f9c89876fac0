"""Random streams by name."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.streams import DailyDraws, stream

NAMES = st.lists(st.text(max_size=8), min_size=1, max_size=3)


@given(st.integers(0, 2**63 - 1), NAMES)
def test_the_same_name_gives_the_same_draws(seed, name):
    assert np.array_equal(stream(seed, *name).random(4), stream(seed, *name).random(4))


@given(st.integers(0, 2**63 - 2), NAMES, NAMES)
def test_another_name_or_seed_gives_other_draws(seed, one, two):
    draws = stream(seed, *one).random()
    assert draws != stream(seed + 1, *one).random()
    if "\x1f".join(one) != "\x1f".join(two):
        assert draws != stream(seed, *two).random()


def test_parts_of_a_name_are_kept_apart():
    assert stream(1, "ab", "c").random() != stream(1, "a", "bc").random()


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_the_hash_seed_of_python_does_not_matter(hash_seed):
    code = (
        "from market.streams import stream; print(repr(float(stream(7, 'wind', 'w-1').random())))"
    )
    env = {"PYTHONHASHSEED": hash_seed, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    )
    assert float(done.stdout) == stream(7, "wind", "w-1").random()


NAMED = [("arrival", "a"), ("arrival", "b")]


def test_a_day_has_the_same_draws_whatever_was_asked_for_before():
    each, last = DailyDraws(5, NAMED, 24), DailyDraws(5, NAMED, 24)
    days = [each.of(day).copy() for day in range(4)]
    assert days[0].shape == (24, 2)
    assert np.unique(days).size == 4 * 24 * 2
    assert np.array_equal(last.of(3), days[3])
    assert np.array_equal(last.of(3), days[3])


def test_another_name_changes_no_other_s_draws():
    more = DailyDraws(5, [NAMED[0], ("arrival", "ab"), NAMED[1]], 24).of(0)
    assert np.array_equal(more[:, [0, 2]], DailyDraws(5, NAMED, 24).of(0))
    assert np.array_equal(more[:, 0], stream(5, *NAMED[0]).random(24))
