"""The measured properties of every mechanism: as the page says, and as theory promises."""

from pathlib import Path

import pytest

from benchmarks.mechanism_properties import FAMILIES, MARKS, auctions, header, measured, rows
from market import mechanisms

PAGE = Path(__file__).parents[2] / "docs" / "mechanism-properties.md"
ONE_SIZE, SIZED = FAMILIES[:-1], FAMILIES[-1]
LEAST = 1e-6  # percent; a lie beside another price gains this much by rounding

EFFICIENT = {"high-low", "pay-as-bid", "uniform", "vcg"}
BALANCED = {"continuous", "high-low", "muda", "posted", "sbba", "uniform"}
DEFICIT = {"vcg"}
TRUTHFUL = {"huang", "mcafee", "muda", "muda, vickrey", "posted", "sbba", "vcg"}
TRUTHFUL_PRICES_OF_ANY_SIZE = TRUTHFUL - {"sbba"}
TRUTHFUL_SIZES = {"muda", "muda, vickrey", "posted", "vcg"}

# Those of other packages are not ours to measure.
OURS = [
    name for name in mechanisms.names() if mechanisms.get(name).__module__.startswith("market.")
]

every = pytest.mark.parametrize("name", OURS)


def table():
    start, end = MARKS
    return PAGE.read_text(encoding="utf-8").split(start)[1].split(end)[0].strip().splitlines()


def named(name):
    """Each variant of a mechanism under the name theory has for it here."""
    return [(words.replace("`", ""), auction) for words, auction in auctions(name)]


@every
def test_the_page_shows_what_is_measured(name):
    written = [line for line in table() if line.startswith(f"| `{name}`")]
    assert written == rows(name), "run python -m benchmarks.mechanism_properties on the page"


def test_the_page_shows_every_mechanism_and_no_other():
    lines = table()
    assert lines[:2] == header()
    assert {line.split("`")[1] for line in lines[2:]} == set(OURS)


@every
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_nobody_trades_at_a_loss_and_nobody_gains_more_than_there_is(name, family):
    for _, auction in auctions(name):
        found = measured(auction, family)
        assert found.worst_order >= 0
        assert 0 <= found.worst <= found.efficiency <= 100 + LEAST


@every
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_efficient_trades_and_no_others(name, family):
    for words, auction in named(name):
        found = measured(auction, family)
        if words in EFFICIENT:
            assert found.worst == pytest.approx(100)
            assert found.volume_lost == 0
        elif family is not FAMILIES[0]:
            assert found.efficiency < 99


@every
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_who_pays_for_it(name, family):
    for words, auction in named(name):
        found = measured(auction, family)
        if words in BALANCED:
            assert found.operator_least == pytest.approx(0, abs=LEAST)
            assert found.operator_most == pytest.approx(0, abs=LEAST)
        elif words in DEFICIT:
            assert found.operator_most <= LEAST
            assert found.operator_mean < 0
        else:
            assert found.operator_least >= -LEAST


@every
@pytest.mark.parametrize("family", ONE_SIZE, ids=lambda family: family.name)
def test_the_truth_about_the_price_is_best_for_orders_of_one_size(name, family):
    for words, auction in named(name):
        assert (measured(auction, family).price_lie_most <= LEAST) == (words in TRUTHFUL)


@every
def test_the_truth_about_price_and_size_is_best_for_orders_of_any_size(name):
    for words, auction in named(name):
        found = measured(auction, SIZED)
        assert (found.price_lie_most <= LEAST) == (words in TRUTHFUL_PRICES_OF_ANY_SIZE)
        assert (found.size_lie_most <= LEAST) == (words in TRUTHFUL_SIZES)


def found_for(name):
    auction = dict(named(name))[name]
    return [measured(auction, family) for family in ONE_SIZE]


def test_what_the_page_says_of_lies_and_the_number_of_traders():
    uniform, each_his_own = found_for("uniform"), found_for("pay-as-bid")
    assert uniform[-1].price_lie_mean < uniform[-2].price_lie_mean < uniform[1].price_lie_mean
    assert each_his_own[-1].price_lie_mean > each_his_own[1].price_lie_mean


def published():
    """The figures of the page's last table."""
    lines = PAGE.read_text(encoding="utf-8").rpartition("\n| ---")[2].splitlines()[1:]
    for line in lines:
        name, *cells, _ = (cell.strip() for cell in line.strip("|").split("|"))
        for family, cell in zip(ONE_SIZE, cells, strict=True):
            if cell:
                yield pytest.param(name, family, float(cell), id=f"{name}, {family.name}")


@pytest.mark.parametrize(("name", "family", "figure"), list(published()))
def test_published_figures_are_met(name, family, figure):
    mechanism, _, what = name.replace("`", "").partition(", ")
    if mechanism not in mechanisms.names():
        pytest.fail(f"the page compares {mechanism}, which is not registered")
    found = measured(dict(named(mechanism))[mechanism], family)
    value = -found.operator_mean if what == "deficit" else found.efficiency
    assert value == pytest.approx(figure, abs=4)
