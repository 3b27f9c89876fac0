"""Intervals and instants."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.calendar import Calendar

CST = timezone(timedelta(hours=8))
START = datetime(2023, 1, 1, tzinfo=CST)


@pytest.mark.parametrize(
    ("minutes", "per_day"), [(5, 288), (10, 144), (15, 96), (30, 48), (60, 24)]
)
def test_intervals_of_a_day(minutes, per_day):
    calendar = Calendar(START, minutes * 60, per_day)
    assert calendar.per_day == per_day
    assert calendar.hours == minutes / 60
    assert calendar.end == START + timedelta(days=1)


@given(st.integers(-5000, 50_000), st.sampled_from([300, 600, 900, 1800, 3600]))
def test_an_interval_is_found_by_its_start(interval, length):
    calendar = Calendar(START, length, 9)
    assert calendar.index(calendar.time(interval)) == interval
    later = calendar.time(interval) + timedelta(seconds=1)
    assert calendar.index(later) == interval + 1
    earlier = calendar.time(interval) - timedelta(seconds=1)
    assert calendar.index(earlier) == interval


def test_seconds_since_the_start_and_of_the_clocks():
    calendar = Calendar(START, 900, 3)
    assert [calendar.second(i) for i in range(3)] == [0, 900, 1800]
    epoch = calendar.epoch_seconds()
    assert epoch[0] == int(START.timestamp())
    assert (epoch[1:] - epoch[:-1] == 900).all()
    assert calendar.local_seconds()[0] % 86_400 == 0


def test_another_offset_is_the_same_instant():
    calendar = Calendar(START, 900, 3)
    assert calendar.index(datetime(2022, 12, 31, 16, 15, tzinfo=timezone.utc)) == 1  # noqa: UP017
