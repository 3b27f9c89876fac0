"""Cooperative games: worths from arrays, functions and costs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market import Game, cost_game, game_of_array, game_of_function
from market.cooperative_game import coalitions

NAMES = "abcdefghijklmnopqrstuvwxyz"


def test_bit_i_is_player_i():
    members = coalitions(3)
    assert members.shape == (8, 3)
    assert members[5].tolist() == [True, False, True]
    game = game_of_array("abc", range(8))
    assert game.of(members).tolist() == list(range(8))
    assert game.alone.tolist() == [1, 2, 4]
    assert game.total == 7


@given(st.integers(1, 6), st.integers(0, 2**20))
def test_functions_one_by_one_or_many_at_once_are_the_same_game(n, seed):
    # Functions of this kind are not additive: neighbours interact.
    weights = np.random.default_rng(seed).integers(-9, 9, (n, n))
    one = game_of_function(NAMES[:n], lambda row: row @ weights @ row)
    many = game_of_function(
        NAMES[:n], lambda rows: ((rows @ weights) * rows).sum(axis=1), vectorised=True
    )
    plain = Game(tuple(NAMES[:n]), lambda row: row @ weights @ row)
    listed = game_of_array(NAMES[:n], plain.listed())
    for game in (one, many, plain):
        assert np.array_equal(game.listed(), listed.listed())
        assert game.total == listed.total
        assert np.array_equal(game.alone, listed.alone)


@pytest.mark.parametrize("vectorised", [False, True])
def test_each_coalition_is_asked_for_once_and_nobody_never(vectorised):
    asked = []

    def worth(members):
        rows = members if vectorised else members[None, :]
        assert rows.any(axis=1).all()
        asked.extend(map(tuple, rows.tolist()))
        return rows.sum(axis=1) if vectorised else rows.sum()

    game = game_of_function("abcd", worth, vectorised=vectorised)
    for _ in range(3):
        game.listed()
        assert game.total == 4
    twice = np.array([[True, False, False, False]] * 2)
    assert game.of(twice).tolist() == [1, 1]
    assert len(asked) == len(set(asked)) == 15


def test_players_beyond_a_byte_are_told_apart():
    game = game_of_function(NAMES, lambda row: float(row @ np.arange(26)))
    assert game.alone.tolist() == list(range(26))


@given(st.integers(1, 5), st.integers(0, 2**20))
def test_savings_are_single_costs_less_the_joint_cost(n, seed):
    costs = np.random.default_rng(seed).integers(0, 50, 2**n).astype(float)
    costs[0] = 0
    listed = cost_game(NAMES[:n], costs)
    asked = cost_game(NAMES[:n], lambda row: costs[row @ (1 << np.arange(n))])
    for number, members in enumerate(coalitions(n)):
        saved = sum(costs[1 << i] for i in np.flatnonzero(members)) - costs[number]
        assert listed.of(members[None, :])[0] == asked.of(members[None, :])[0] == saved
    assert not listed.alone.any()


def test_a_game_keeps_its_numbers():
    numbers = np.array([0.0, 1.0])
    game = game_of_array("a", numbers)
    numbers[1] = 5
    assert game.total == 1
    with pytest.raises(ValueError, match="read-only"):
        game.listed()[1] = 5


@pytest.mark.parametrize(
    ("players", "worth", "message"),
    [
        ("", [0], "at least one player"),
        ("aa", [0, 1, 1, 2], "no name twice"),
        ("ab", [0, 1, 2], "2 players have 4 worths"),
        ("ab", [1, 1, 2, 3], "nobody's, zero"),
        ("ab", [0, 1, 2, np.nan], "finite"),
        ([str(i) for i in range(21)], [0.0], "up to 20 players, not 21"),
    ],
)
def test_what_is_no_game_is_refused(players, worth, message):
    with pytest.raises(ValueError, match=message):
        game_of_array(players, worth)


def test_worths_without_a_number_and_endless_lists_are_refused():
    with pytest.raises(ValueError, match="finite number"):
        game_of_function("ab", lambda row: np.inf).listed()
    with pytest.raises(ValueError, match="up to 20 players, not 26"):
        game_of_function(NAMES, lambda row: 0.0).listed()
    with pytest.raises(ValueError, match=r"argument|shorter|longer"):
        game_of_function("ab", lambda rows: [1.0], vectorised=True).listed()
