"""Names of key figures as patterns."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.figure_names import FILLERS, FigureGroups, fits, names_of
from market.key_figures import (
    HEADLINES,
    figure_patterns,
    key_figures,
    known_figure,
    period_groups,
    unknown_figure,
)

PATTERNS = sorted(figure_patterns())


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_fits_its_names_and_no_misspelt_one(pattern):
    for name in names_of(pattern):
        assert fits(pattern, name)
        assert not fits(pattern, name[:-1])
        assert not fits(pattern, f"{name}s")
        assert not fits(pattern, f"x{name}")
        assert re.fullmatch(r"[a-z0-9_]+", name)


def test_typing_errors_are_not_known_but_for_real_names():
    """Dropping a letter from a name makes another name only where it should."""
    known = set(key_figures.all_names())
    shorter = {name[:i] + name[i + 1 :] for name in known for i in range(0, len(name), 5)} - known
    assert not [name for name in shorter if known_figure(name)]


@given(st.sampled_from(sorted(key_figures.all_names())))
def test_the_names_are_known(name):
    assert known_figure(name)


def test_headlines_and_figures_of_periods_are_known():
    assert all(map(known_figure, HEADLINES))
    assert set(period_groups.all_names()) <= set(key_figures.all_names())
    assert known_figure("mean_price", period_groups)
    assert not known_figure("wind_net_amount", period_groups)


def test_a_pattern_is_of_one_group():
    assert figure_patterns()["{role}_net_amount"] == "money"
    assert set(figure_patterns().values()) == set(key_figures.names())
    groups: FigureGroups[object] = FigureGroups("market.kpis", "group")
    groups.register("one", "same_mwh")
    with pytest.raises(ValueError, match="two groups of key figures give 'same_mwh'"):
        groups.register("two", "same_mwh")


def test_placeholders_are_known_words():
    assert names_of("{zone}_price") == ["{zone}_price"]
    assert fits("{zone}_price", "east_price")
    assert not fits("{zone}_price", "_price")
    assert not fits("{zone}_price", "east_price@before")
    assert len(names_of("{cause}_{mode}")) == len(FILLERS["cause"]) * len(FILLERS["mode"])
    with pytest.raises(ValueError, match=r"unknown placeholder \{colour\}"):
        names_of("{colour}_mwh")


def test_the_nearest_name_is_told():
    assert (
        unknown_figure("mean_pric") == 'unknown key figure "mean_pric" (did you mean "mean_price"?)'
    )
    assert "wind_capture_price" in unknown_figure("wnd_capture_price")
    assert unknown_figure("efficency", ["efficiency"]).endswith('(did you mean "efficiency"?)')
    assert unknown_figure("qqqq") == 'unknown key figure "qqqq"'
    assert "_net_" not in unknown_figure("wind_net_amount", groups=period_groups).partition("(")[2]
