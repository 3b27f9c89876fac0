"""Rules to share a benefit: textbook games, their axioms, and other ways to the same numbers."""

import time
from dataclasses import fields
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import (
    ConservationError,
    Shares,
    cost_game,
    game_of_array,
    game_of_function,
    in_core,
    sharing_rules,
    stream,
    to_cents,
)
from market.cooperative_game import coalitions
from market.shares import shares_of
from market.sharing.equal import Equal
from market.sharing.nucleolus import Nucleolus
from market.sharing.proportional import Proportional
from market.sharing.shapley import Shapley
from tests.oracles import sharing as oracle

NAMES = "abcdefghijklmnopqrstuvwxyz"
PRENUCLEOLUS = Nucleolus(prenucleolus=True)
DRAWN = Shapley(exact_players=0, error=0.0, samples=50)
RULES = [Proportional(), Equal(), Shapley(), DRAWN, Nucleolus(), PRENUCLEOLUS]
each_rule = pytest.mark.parametrize("rule", RULES, ids=repr)


def close(shares, expected, abs_=1e-8):
    amounts = shares.amounts if isinstance(shares, Shares) else shares
    return list(amounts) == pytest.approx([float(x) for x in expected], abs=abs_)


def game_of(worth):
    return game_of_array(NAMES[: len(worth).bit_length() - 1], worth)


def share(rule, worth):
    return rule.shares(game_of(worth), stream(1, "orders"))


@st.composite
def worths(draw, most=5, low=-9, high=20):
    """Any game in which all together are worth no less than each alone."""
    n = draw(st.integers(1, most))
    worth = [0, *draw(st.lists(st.integers(low, high), min_size=2**n - 1, max_size=2**n - 1))]
    for i in range(n):
        # Stand-alone worths suit the proportional rule too.
        worth[1 << i] = abs(worth[1 << i]) + 1
    if n > 1:
        worth[-1] = max(worth[-1], sum(worth[1 << i] for i in range(n)))
    return worth


@st.composite
def superadditive(draw, most=4):
    return oracle.superadditive(draw(worths(most, low=0)))


# Three plants need storage at different hours; 10 a MWh of the largest joint need.
#            h1  h2  h3
NEEDS = [[60, 20, 0], [10, 50, 20], [20, 30, 40]]


def storage():
    needs = np.array(NEEDS)
    return cost_game(("A", "B", "C"), lambda members: 10 * (members @ needs).max())


def test_three_plants_share_storage():
    game = storage()
    # AB need 70 (saves 60 + 50 - 70), AC 80 (saves 20), BC 80 (10), ABC 100 in hour 2 (50).
    assert game.listed().tolist() == [0, 0, 0, 400, 0, 200, 100, 500]
    # A: (500 - 100) / 3 + (400 + 200) / 6; so for B and C.
    assert close(Shapley().shares(game), [Fraction(700, 3), Fraction(550, 3), Fraction(250, 3)])
    # C's complaint -x and that of A and B, x - 100, meet at x = 50; then those of A and C,
    # y - 300, and of B and C, x - 400 = 50 - y, at y = 175.
    assert close(Nucleolus().shares(game), [275, 175, 50])
    assert close(Equal().shares(game), [Fraction(500, 3)] * 3)
    assert close(Proportional((60, 50, 40)).shares(game), [200, Fraction(500, 3), Fraction(400, 3)])
    for rule, inside, excess in [
        (Shapley(), True, -50 / 3),
        (Nucleolus(), True, -50),
        (Equal(), False, 200 / 3),
        (Proportional((60, 50, 40)), False, 100 / 3),
    ]:
        check = in_core(game, rule.shares(game))
        assert (check.inside, bool(check)) == (inside, inside)
        assert check.excess == pytest.approx(excess)
        assert check.coalition == ("A", "B")  # with the nucleolus C alone as much
    assert to_cents(Shapley().shares(game)).tolist() == [23334, 18333, 8333]


@pytest.mark.parametrize("rule", [Nucleolus(), PRENUCLEOLUS])
def test_gloves(rule):
    """Two left gloves, one right one: the short side gets most, in the core all."""
    gloves = [0, 0, 0, 0, 0, 1, 1, 1]
    assert close(share(Shapley(), gloves), [Fraction(1, 6), Fraction(1, 6), Fraction(2, 3)])
    assert close(share(rule, gloves), [0, 0, 1])
    assert in_core(game_of(gloves), share(rule, gloves))
    check = in_core(game_of(gloves), share(Shapley(), gloves))
    assert not check
    assert check.excess == pytest.approx(1 / 6)


def airport(costs):
    return cost_game(
        NAMES[: len(costs)], lambda rows: (rows * np.array(costs)).max(axis=1), vectorised=True
    )


@pytest.mark.parametrize(
    ("costs", "shapley", "nucleolus"),
    [
        ((8, 11, 13, 18), (2, 3, 4, 9), (3.25, 3.25, 3.25, 8.25)),
        ((1, 2), (0.5, 1.5), (0.5, 1.5)),
        ((40, 50, 60, 70, 80, 90), np.array([40, 52, 67, 87, 117, 177]) / 6, None),
    ],
)
def test_a_runway_is_paid_by_stages(costs, shapley, nucleolus):
    """Littlechild and Owen (1973), Management Science 20; Littlechild (1974), IJGT 3."""
    game = airport(costs)
    assert close(costs - Shapley().shares(game).amounts, shapley)
    assert close(oracle.airport_shapley(costs), shapley)
    pays = costs - Nucleolus().shares(game).amounts
    assert close(pays, oracle.airport_nucleolus(costs))
    assert nucleolus is None or close(pays, nucleolus)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=8).map(sorted))
def test_any_runway(costs):
    game = airport(costs)
    assert close(costs - Shapley().shares(game).amounts, oracle.airport_shapley(costs))
    assert close(costs - Nucleolus().shares(game).amounts, oracle.airport_nucleolus(costs))


def bankruptcy(estate, claims):
    """What is left to a coalition once all others have what they claim."""
    claims = np.array(claims)
    return game_of_function(
        NAMES[: claims.size], lambda members: max(0, estate - claims[~members].sum())
    )


@pytest.mark.parametrize(
    ("estate", "expected"),
    [(100, (100 / 3, 100 / 3, 100 / 3)), (200, (50, 75, 75)), (300, (50, 100, 150))],
)
def test_the_three_wives_of_the_talmud(estate, expected):
    """Aumann and Maschler (1985), Journal of Economic Theory 36, 195-213."""
    shares = Nucleolus().shares(bankruptcy(estate, (100, 200, 300)))
    assert close(shares, expected)
    assert close(oracle.talmud(estate, (100, 200, 300)), expected)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=7), st.floats(0, 1))
def test_any_bankruptcy(claims, part):
    estate = round(part * sum(claims))
    shares = Nucleolus().shares(bankruptcy(estate, claims))
    assert close(shares, oracle.talmud(estate, claims))


def votes(quota, weights):
    weights = np.array(weights)
    return game_of_function(
        NAMES[: weights.size], lambda rows: 1.0 * (rows @ weights >= quota), vectorised=True
    )


@pytest.mark.parametrize(
    ("quota", "weights", "shapley", "nucleolus"),
    [
        (2, (1, 1, 1), (1 / 3, 1 / 3, 1 / 3), (1 / 3, 1 / 3, 1 / 3)),
        # A veto player takes all; the apex has two fifths (Peleg 1968: weights that are equal in
        # all least majorities of a game without ties are the nucleolus).
        (3, (2, 1, 1), (2 / 3, 1 / 6, 1 / 6), (1, 0, 0)),
        (3, (2, 1, 1, 1), (1 / 2, 1 / 6, 1 / 6, 1 / 6), (2 / 5, 1 / 5, 1 / 5, 1 / 5)),
    ],
)
def test_weighted_majorities(quota, weights, shapley, nucleolus):
    assert close(Shapley().shares(votes(quota, weights)), shapley)
    assert close(Nucleolus().shares(votes(quota, weights)), nucleolus)
    assert close(PRENUCLEOLUS.shares(votes(quota, weights)), nucleolus)


def test_the_security_council():
    """Five with a veto, ten without, nine votes needed: 421/2145 and 4/2145."""
    council = votes(39, [7] * 5 + [1] * 10)
    expected = [421 / 2145] * 5 + [4 / 2145] * 10
    assert close(Shapley(exact_players=15).shares(council), expected)
    drawn = Shapley(error=0.005).shares(council, stream(3, "orders"))
    assert (np.abs(drawn.amounts - expected) <= 4 * drawn.error).all()
    assert 0.003 < drawn.error.max() <= 0.005


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 5).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, 2**n - 1))))
def test_a_group_that_is_needed_whole_shares_equally(case):
    n, needed = case
    unanimous = [float(number & needed == needed) for number in range(2**n)]
    members = [needed >> i & 1 for i in range(n)]
    expected = np.array(members) / sum(members)
    for rule in (Shapley(), Nucleolus(), PRENUCLEOLUS):
        assert close(share(rule, unanimous), expected)


@each_rule
@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_without_interaction_everybody_gets_his_own(rule, own):
    additive = (coalitions(len(own)) @ np.array(own)).tolist()
    shares = share(rule, additive)
    assert close(shares, own)
    assert close(shares.error, [0] * len(own))


@each_rule
@settings(max_examples=150, deadline=None)
@given(worths())
def test_shares_add_up(rule, worth):
    shares = share(rule, worth)
    assert shares.amounts.sum() == pytest.approx(worth[-1], rel=1e-9, abs=1e-9)
    assert shares.total == worth[-1]
    assert shares.players == game_of(worth).players
    assert (shares.error >= 0).all()
    assert rule == DRAWN or not shares.error.any()


@each_rule
@settings(max_examples=100, deadline=None)
@given(worths(4), st.randoms(use_true_random=False))
def test_names_do_not_matter(rule, worth, random):
    """Players who change places change shares: so equal players get the same."""
    if rule == DRAWN:
        return  # another order of players has other draws; its error is tested below
    n = len(worth).bit_length() - 1
    place = random.sample(range(n), n)
    moved = list(worth)
    for coalition in oracle.subsets(n):
        moved[oracle.mask(place[i] for i in coalition)] = worth[oracle.mask(coalition)]
    expected, found = share(rule, worth).amounts, share(rule, moved).amounts
    assert close(found[place], expected)


@pytest.mark.parametrize("rule", [Equal(), Shapley(), DRAWN, Nucleolus(), PRENUCLEOLUS], ids=repr)
@settings(max_examples=100, deadline=None)
@given(worths(), st.sampled_from([0.001, 3.0, 1e6]), st.integers(-50, 50))
def test_shares_shift_and_scale_with_the_game(rule, worth, scale, step):
    n = len(worth).bit_length() - 1
    own = step * np.arange(1, n + 1)
    changed = scale * np.array(worth) + coalitions(n) @ own
    expected = scale * share(rule, worth).amounts + own
    assert close(share(rule, changed.tolist()), expected, abs_=1e-8 * max(1, scale))


@pytest.mark.parametrize("rule", [Shapley(), DRAWN, Nucleolus(), PRENUCLEOLUS], ids=repr)
@settings(max_examples=100, deadline=None)
@given(worths(4), st.integers(0, 9), st.integers(0, 4))
def test_who_adds_only_his_own_gets_only_that(rule, worth, own, place):
    n = len(worth).bit_length() - 1
    place = min(place, n)
    low = 2**place
    more = [
        worth[(number // (2 * low)) * low + number % low] + own * (number // low % 2)
        for number in range(2 * len(worth))
    ]
    assert share(rule, more).amounts[place] == pytest.approx(own, abs=1e-8)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers(1, 5))
def test_shapley_of_a_sum_is_the_sum(data, n):
    row = st.lists(st.integers(-9, 9), min_size=2**n - 1, max_size=2**n - 1)
    one, other = ([0, *data.draw(row)] for _ in range(2))
    both = [a + b for a, b in zip(one, other, strict=True)]
    apart = share(Shapley(), one).amounts + share(Shapley(), other).amounts
    assert close(share(Shapley(), both), apart)


@settings(max_examples=100, deadline=None)
@given(worths(6))
def test_shapley_is_the_mean_over_all_orders(worth):
    assert close(share(Shapley(), worth), oracle.shapley(worth), abs_=1e-10)


@pytest.mark.parametrize("rule", [Equal(), Shapley(), DRAWN, Nucleolus(), PRENUCLEOLUS], ids=repr)
@settings(max_examples=100, deadline=None)
@given(superadditive())
def test_nobody_loses_where_joining_never_hurts(rule, worth):
    game = game_of(worth)
    assert (share(rule, worth).amounts >= game.alone - 1e-9).all()


@settings(max_examples=100, deadline=None)
@given(worths())
def test_nucleolus_meets_kohlbergs_criterion(worth):
    for rule in (Nucleolus(), PRENUCLEOLUS):
        amounts = share(rule, worth).amounts
        assert oracle.is_nucleolus(worth, amounts, rule.prenucleolus)
    # The criterion refuses other points: one unit moved from one player to the next.
    if amounts.size > 1:
        amounts[:2] += 0.01, -0.01
        assert not oracle.is_nucleolus(worth, amounts, True)


@settings(max_examples=20, deadline=None)
@given(st.integers(6, 7), st.integers(0, 2**30), st.sampled_from([1, 2, 9]))
def test_nucleolus_of_more_players_and_many_ties(n, seed, top):
    worth = np.random.default_rng(seed).integers(0, top + 1, 2**n)
    worth[0], worth[-1] = 0, n * top
    amounts = share(Nucleolus(), worth.tolist()).amounts
    assert oracle.is_nucleolus(worth.tolist(), amounts, False)


@settings(max_examples=150, deadline=None)
@given(st.one_of(worths(4), superadditive(), worths(4, low=-20, high=3)))
def test_nucleolus_is_in_the_core_where_there_is_one(worth):
    exists = oracle.least_total(worth) <= worth[-1] + 1e-9
    for rule in (Nucleolus(), PRENUCLEOLUS):
        check = in_core(game_of(worth), share(rule, worth))
        assert check.excess <= 1e-7 if exists else not check
    if exists:
        assert close(share(Nucleolus(), worth), share(PRENUCLEOLUS, worth).amounts)


def test_the_nucleolus_keeps_to_stand_alone_worths_and_the_prenucleolus_does_not():
    # A pair without the third is worth much more than all: the third would have to pay.
    worth = [0, 0, 0, 10, 0, 0, 0, 2]
    assert close(share(Nucleolus(), worth), [1, 1, 0])
    # Complaints of the pair, 10 - x, and of the third, x - 2, meet at x = 6.
    assert close(share(PRENUCLEOLUS, worth), [3, 3, -4])
    with pytest.raises(ValueError, match="prenucleolus=True"):
        share(Nucleolus(), [0, 5, 5, 3])
    assert close(share(PRENUCLEOLUS, [0, 5, 5, 3]), [1.5, 1.5])


def random_game(n, seed):
    """Pooled storage: needs in many hours, the cost is that of the largest joint need."""
    needs = np.random.default_rng(seed).gamma(0.7, 20, (n, 24))
    return cost_game(NAMES[:n], lambda rows: (rows @ needs).max(axis=1), vectorised=True)


@pytest.mark.parametrize("seed", range(24))
def test_drawn_shares_are_as_wrong_as_they_say(seed):
    n = 3 + seed % 8
    game = random_game(n, seed)
    found = Shapley(exact_players=0, error=0.002).shares(game, stream(seed, "orders"))
    right = Shapley().shares(game).amounts
    assert (np.abs(found.amounts - right) <= 4 * found.error + 1e-9).all()
    assert found.error.max() <= 0.002 * game.total


def test_standard_errors_are_neither_too_small_nor_too_large():
    game, rule = random_game(6, 5), Shapley(exact_players=0, error=0.0, samples=150)
    right = Shapley().shares(game).amounts
    runs = [rule.shares(game, stream(seed, "orders")) for seed in range(300)]
    ratio = np.array([(run.amounts - right) / run.error for run in runs])
    # Squares have mean 1 and, over 300 runs, a standard deviation of sqrt(2 / 300) = 0.08.
    assert np.abs((ratio**2).mean(axis=0) - 1).max() < 0.33
    assert np.abs(ratio.mean(axis=0)).max() < 4 / np.sqrt(300)


def test_the_size_of_batches_does_not_matter(monkeypatch):
    game, rule = random_game(6, 5), Shapley(exact_players=0, error=0.0, samples=70)
    one = rule.shares(game, stream(1, "orders"))
    for size in (1, 32):
        monkeypatch.setattr("market.sharing.shapley.BATCH", size)
        other = rule.shares(game, stream(1, "orders"))
        assert close(other, one.amounts)
        assert close(other.error, one.error)


def test_an_order_and_its_reverse_are_exact_where_only_pairs_interact():
    weights = np.random.default_rng(2).normal(size=(15, 15))
    game = game_of_function(
        NAMES[:15], lambda rows: ((rows @ weights) * rows).sum(axis=1), vectorised=True
    )
    found = Shapley(samples=2).shares(game, stream(1, "orders"))
    assert close(found, Shapley(exact_players=15).shares(game).amounts)
    assert close(found.error, [0] * 15)


def test_draws_repeat_by_seed_and_stop_where_they_are_told():
    game = random_game(14, 1)
    rule = Shapley(error=0.01)
    one, same, other = (rule.shares(game, stream(seed, "orders")) for seed in (1, 1, 2))
    assert np.array_equal(one.amounts, same.amounts)
    assert np.array_equal(one.error, same.error)
    assert not np.array_equal(one.amounts, other.amounts)
    assert one.error.max() <= 0.01 * game.total
    few = Shapley(error=0.0001, samples=20).shares(game, stream(1, "orders"))
    assert few.error.max() > 0.001 * game.total
    with pytest.raises(ValueError, match="give a stream"):
        Shapley().shares(game)


def test_one_who_matters_rarely_is_not_called_a_stranger():
    """All sixty are needed; each is the last in one order of sixty, first in its reverse."""
    game = game_of_function(
        [str(i) for i in range(60)], lambda rows: 1.0 * rows.all(axis=1), vectorised=True
    )
    found = Shapley(error=0.01).shares(game, stream(1, "orders"))
    assert (found.error > 0).all()
    assert (np.abs(found.amounts - 1 / 60) <= 4 * found.error).all()


def test_money_and_error_add_up_exactly():
    with pytest.raises(ConservationError, match="short"):
        Shares(("a", "b"), np.array([1.0, 2.0]), np.zeros(2), 3.1)
    with pytest.raises(ConservationError):
        Shares(("a",), np.array([np.nan]), np.zeros(1), 1.0)
    with pytest.raises(ConservationError, match="short"):
        shares_of(game_of_array("ab", [0, 1, 2, 5]), np.array([1.0, 2.0]), 5.0)


@pytest.mark.parametrize("rule", [Equal(), Shapley(), DRAWN, PRENUCLEOLUS], ids=repr)
@settings(max_examples=100, deadline=None)
@given(worths(6), st.sampled_from([1e-6, 0.1, 1e9]))
def test_nothing_can_be_shared(rule, worth, size):
    """Amounts add up to zero even where each of them is zero but for rounding."""
    worth = [size * x for x in worth[:-1]] + [0.0]
    assert abs(share(rule, worth).amounts.sum()) <= 1e-9 * max(map(abs, worth))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_cents_add_up(amounts):
    total = float(np.sum(amounts))
    names = tuple(map(str, range(len(amounts))))
    cents = to_cents(Shares(names, np.array(amounts), np.zeros(len(amounts)), total))
    assert cents.dtype == np.int64
    assert cents.sum() == round(total * 100)
    assert (np.abs(cents - np.array(amounts) * 100) < 1 + 1e-5).all()


@settings(max_examples=100, deadline=None)
@given(worths(4), st.lists(st.integers(-9, 9), min_size=4, max_size=4))
def test_the_worst_coalition_is_found(worth, amounts):
    n = len(worth).bit_length() - 1
    amounts = np.array(amounts[:n], float)
    amounts[0] += worth[-1] - amounts.sum()
    shares = Shares(tuple(NAMES[:n]), amounts, np.zeros(n), worth[-1])
    check = in_core(game_of(worth), shares)
    groups = [g for k in range(1, max(n, 2)) for g in combinations(range(n), k)]
    excess = {
        tuple(NAMES[i] for i in g): worth[oracle.mask(g)] - amounts[list(g)].sum() for g in groups
    }
    assert excess[check.coalition] == pytest.approx(max(excess.values()))
    assert check.excess == pytest.approx(max(excess.values()))
    assert check.inside == (max(excess.values()) <= 1e-9)


@pytest.mark.parametrize(
    ("rule", "parameters", "message"),
    [
        (Proportional, {"weights": (1, -1)}, "at least 0"),
        (Proportional, {"weights": (0, 0)}, "not all 0"),
        (Proportional, {"weights": (1, np.inf)}, "at least 0"),
        (Shapley, {"exact_players": 21}, "from 0 to 20"),
        (Shapley, {"error": -1.0}, "error must be"),
        (Shapley, {"error": np.nan}, "error must be"),
        (Shapley, {"samples": 1}, "at least 2"),
    ],
)
def test_bad_parameters_are_refused(rule, parameters, message):
    with pytest.raises(ValueError, match=message):
        rule(**parameters)


def test_games_that_do_not_suit_a_rule_are_refused():
    with pytest.raises(ValueError, match="stand-alone worths; give weights"):
        Proportional().shares(storage())
    with pytest.raises(ValueError, match="3 players need 3 weights, not 2"):
        Proportional((1, 2)).shares(storage())
    with pytest.raises(ValueError, match="up to 12 players, not 13"):
        Nucleolus().shares(random_game(13, 1))


def test_rules_are_found_by_name_and_have_their_section():
    assert sharing_rules.names() == ["equal", "nucleolus", "proportional", "shapley"]
    page = Path(__file__).parents[2] / "docs" / "sharing.md"
    text = page.read_text(encoding="utf-8")
    for name in sharing_rules.names():
        section = text.partition(f"\n## `{name}`\n")[2].partition("\n## ")[0]
        assert section, f"sharing.md has no section on {name}"
        for field in fields(sharing_rules.get(name)):
            assert f"`{field.name}`" in section, (name, field.name)


def test_speed():
    game = game_of(random_game(12, 1).listed().tolist())
    start = time.perf_counter()
    Shapley().shares(game)
    assert time.perf_counter() - start < 0.05  # measured: 0.0001 s
    game = random_game(10, 1)
    start = time.perf_counter()
    Nucleolus().shares(game)
    assert time.perf_counter() - start < 2  # measured: 0.05 s
