"""Every strategy in the registry keeps the rules, for every kind it can bid for."""

import itertools
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from agents import strategies
from agents.quotes import MarketView, Quotes, Standing
from market import BookTop, InputError
from scenarios.loader import load_text
from scenarios.simulation import build

HEAD = """
[scenario]
name = "small"
[time]
start = "2023-06-01T00:00:00+08:00"
days = 2
interval = 60
[market.energy]
price_floor = -50
price_cap = 900
[[load]]
name = "town"
demand_mw = 30
[[generator]]
name = "coal"
kind = "thermal"
capacity_mw = 40
marginal_cost = 300
[[external]]
name = "line"
price = 280
import_mw = 2
export_mw = 2
"""
ENTRIES = {
    "pv": '[[generator]]\nkind = "pv"\navailability = 0.5\ncapacity_mw = 8\nsubsidy = 100',
    "wind": '[[generator]]\nkind = "wind"\navailability = 0.5\ncapacity_mw = 8',
    "hydro": '[[generator]]\nkind = "hydro"\ninflow = 0.9\nreservoir_mwh = 9\ncapacity_mw = 8\n'
    "water_value_empty = 500",
    "csp": '[[generator]]\nkind = "csp"\nsolar = 0.6\ncapacity_mw = 8\nwater_value_empty = 200',
    "thermal": '[[generator]]\nkind = "thermal"\ncapacity_mw = 8\nmin_stable_mw = 2\n'
    "marginal_cost = 1200",
    "storage": "[[storage]]\npower_mw = 2\nenergy_mwh = 5",
    "data_center": "[[data_center]]\ngpus = 2000\ninference_gpus = 300\n"
    "jobs = {arrivals_per_hour = 4}",
    "load": "[[load]]\ndemand_mw = 4\nsteps = [{share = 0.3, price = 100}]",
    "external": "[[external]]\nprice = 350\nimport_mw = 3\nexport_mw = 3",
}
CASES = [(name, kind) for name in strategies.names() for kind in sorted(strategies.get(name).kinds)]
FORECASTS = ("climatology", "autoregressive", "quantile")


def text_of(name, kind, count=2, forecast=""):
    entry = ENTRIES[kind] + f'\nname = "unit"\ncount = {count}\nstrategy = "{name}"\n'
    return HEAD + entry + (f'forecast = "{forecast}"\n' if forecast else "")


def simulation(name, kind, directory):
    return build(load_text(text_of(name, kind), directory), directory)


def quoted(simulated, kind):
    """Return a fleet of the kind with its block, ready to be quoted, and a view."""
    pairs = zip(simulated.fleets, simulated.layout.fleets, strict=True)
    fleet, rows = next((f, r) for f, r in pairs if "unit-001" in f.names)
    from market import Block

    window = Block(simulated.layout, 0, 24).rows(rows)
    fleet.look_ahead(window)
    if hasattr(fleet, "arrive"):
        fleet.arrive(0)
    count = 1 if fleet.per_interval else 24
    view = MarketView(0, count, fleet.calendar, -50.0, 900.0, forecaster=fleet.forecaster)
    return fleet, window, view


def test_there_are_strategies_for_every_kind():
    assert {kind for _, kind in CASES} == set(ENTRIES)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_an_empty_view_is_survived_and_the_form_kept(name, kind, tmp_path):
    fleet, window, view = quoted(simulation(name, kind, tmp_path), kind)
    quotes = strategies.get(name)().quote(view, fleet.strategy_subject())
    assert isinstance(quotes, Quotes)
    fleet.quote(window, view)
    for price, quantity in (
        (window.ask_price, window.ask_quantity),
        (window.bid_price, window.bid_quantity),
    ):
        assert np.isfinite(price[: view.count]).all()
        assert (quantity >= 0).all()


STRANGE = {
    "no price": np.full(24, np.nan),
    "gaps": np.where(np.arange(24) % 3 == 0, np.nan, 200.0),
    "one price": np.full(24, 200.0),
    "at the limits": np.where(np.arange(24) < 12, -50.0, 900.0),
    "beyond the limits": np.linspace(-1e6, 1e6, 24),
}


@pytest.mark.parametrize("published", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_strange_view_is_survived_and_the_form_kept(name, kind, published, tmp_path):
    fleet, window, view = quoted(simulation(name, kind, tmp_path), kind)
    fleet.quote(window, replace(view, published=published))
    for price, quantity in (
        (window.ask_price, window.ask_quantity),
        (window.bid_price, window.bid_quantity),
    ):
        assert np.isfinite(price[: view.count]).all()
        assert (quantity >= 0).all()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_the_same_view_and_seed_give_the_same_quotes(name, kind, tmp_path):
    found = []
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        fleet, window, view = quoted(simulation(name, kind, tmp_path / place), kind)
        fleet.quote(window, view)
        found.append([window.ask_price, window.ask_quantity, window.bid_price, window.bid_quantity])
    for one, two in itertools.zip_longest(*found):
        assert np.array_equal(one, two)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_run_with_it_keeps_every_law(name, kind, tmp_path):
    simulated = simulation(name, kind, tmp_path)
    simulated.run()  # the laws are checked within
    assert simulated.settled == 48


STORES = [name for name in strategies.names() if "storage" in strategies.get(name).kinds]


@pytest.mark.parametrize("forecast", FORECASTS)
@pytest.mark.parametrize("name", STORES)
def test_storage_runs_on_each_forecaster_of_prices(name, forecast, tmp_path):
    text = text_of(name, "storage", forecast=forecast)
    if name == "opportunity_value":
        text = text.replace(
            '"opportunity_value"', '{name = "opportunity_value", prices = "markov"}'
        )
    simulated = build(load_text(text, tmp_path), tmp_path)
    simulated.run()
    assert simulated.settled == 48


@pytest.mark.parametrize("forecast", FORECASTS)
def test_a_forecaster_of_prices_is_none_of_wind(forecast, tmp_path):
    with pytest.raises(InputError, match=f'"{forecast}" is of prices only'):
        load_text(text_of("truthful", "wind", forecast=forecast), tmp_path)


class Spy:
    """Notes what every view shows, and tries to write on it."""

    seen: ClassVar[list] = []


def spy(**options):
    @dataclass(frozen=True)
    class Watching:
        """Truthful, and keeps a diary."""

        kinds: ClassVar[frozenset] = frozenset({"pv", "load", "thermal"})
        reactive: ClassVar[bool] = options["reactive"]
        price: float = 3.0

        def quote(self, view, fleet):
            with pytest.raises(ValueError, match="read-only"):
                view.published[:] = 0
            Spy.seen.append((fleet.names[0], view.first, view.count, view.published.size))
            return fleet.true_quotes(view)

    return Watching


@pytest.fixture
def newcomer():
    """Register a strategy for one test."""
    names = []

    def register(name, entry):
        strategies.names()
        strategies._entries[name] = entry
        names.append(name)

    Spy.seen.clear()
    yield register
    for name in names:
        del strategies._entries[name]


@pytest.mark.parametrize("closure", [0, 45, 24 * 60, 40 * 60])
def test_no_strategy_sees_a_price_that_is_not_published(closure, newcomer, tmp_path):
    newcomer("watching", spy(reactive=True))
    entry = 'strategy = {name = "watching", price = 4}\noutages = {mtbf_hours = 5, mttr_hours = 1}'
    text = HEAD + ENTRIES["pv"] + f'\nname = "unit"\n{entry}\n'
    text = text.replace("price_cap = 900", f"price_cap = 900\ngate_closure = {closure}")
    simulated = build(load_text(text, tmp_path), tmp_path)
    simulated.run()
    assert [(first, count) for _, first, count, _ in Spy.seen] == [(i, 1) for i in range(48)]
    # Gates are cleared one after another: at the gate for i exactly the i results before it.
    assert all(known == first for _, first, _, known in Spy.seen)
    assert simulated.session.known == 48


def test_a_strategy_that_is_asked_for_a_day_sees_what_was_published_then(newcomer, tmp_path):
    newcomer("watching", spy(reactive=False))
    text = HEAD + ENTRIES["pv"] + '\nname = "unit"\nstrategy = "watching"\n'
    build(load_text(text, tmp_path), tmp_path).run()
    assert Spy.seen == [("unit", 0, 24, 0), ("unit", 24, 24, 24)]


def test_a_newcomer_works_by_its_name(newcomer, tmp_path):
    @dataclass(frozen=True)
    class Fixed:
        """Asks a fixed price."""

        kinds: ClassVar[frozenset] = frozenset({"pv"})
        reactive: ClassVar[bool] = False
        price: float = 3.0

        def quote(self, view, fleet):
            true = fleet.true_quotes(view)
            return Quotes(self.price, true.ask_quantity)

    newcomer("fixed", Fixed)
    text = HEAD + ENTRIES["pv"] + '\nname = "unit"\nstrategy = {name = "fixed", price = 123}\n'
    simulated = build(load_text(text, tmp_path), tmp_path)
    prices = []
    settle = simulated.session._settle

    def note(block):
        prices.append(np.unique(block.ask_price[block.ask_quantity == 4_000_000]).tolist())
        settle(block)

    simulated.session._settle = note
    simulated.run()
    assert prices == [[123.0], [123.0]]


def test_markup_moves_away_from_the_market_but_stays_within_its_limits(tmp_path):
    """Costs of 300 and -100; a bid at the cap and one at 100."""
    marked = {}
    for name in ("truthful", "markup"):
        for kind in ("thermal", "pv", "load", "external"):
            (tmp_path / f"{name}-{kind}").mkdir()
            fleet, window, view = quoted(simulation(name, kind, tmp_path / f"{name}-{kind}"), kind)
            fleet.quote(window, view)
            marked[name, kind] = window.ask_price[0, 0], window.bid_price[0, 0]
    assert marked["markup", "pv"][0] == pytest.approx(-90)
    assert marked["markup", "thermal"][0][1] == 1200  # beyond the cap: it could never trade
    assert marked["markup", "load"][1] == pytest.approx([810, 90])
    assert marked["markup", "external"][0] == pytest.approx(385)
    assert marked["markup", "external"][1] == pytest.approx(315)


def test_zero_intelligence_never_trades_at_a_loss(tmp_path):
    fleet, window, view = quoted(simulation("zero_intelligence", "load", tmp_path), "load")
    fleet.quote(window, view)
    assert (window.bid_price >= -50).all()
    assert (window.bid_price <= [900.0, 100.0]).all()
    assert np.unique(window.bid_price[..., 0]).size == window.bid_price[..., 0].size
    assert 300 < window.bid_price[..., 0].mean() < 550  # uniform from -50 to 900


def test_zero_intelligence_goes_on_drawing_for_what_has_not_traded(tmp_path):
    fleet, window, view = quoted(simulation("zero_intelligence", "load", tmp_path), "load")
    fleet.quote(window, view)
    now = replace(view, count=1)
    open_ = np.full((fleet.n, fleet.bid_slots), 7)
    none = np.zeros((fleet.n, 0), np.int64)
    top = BookTop(np.nan, 0, np.nan, 0, np.nan)
    first, second, again = (
        fleet.strategy.revise(now, fleet, Standing(step, top, none, open_)) for step in (0, 1, 0)
    )
    assert first.bid_quantity is open_
    assert (first.bid_price <= [900.0, 100.0]).all()
    assert (first.bid_price >= -50).all()
    assert (first.bid_price == again.bid_price).all()
    for other in (second.bid_price, window.bid_price[:1]):
        assert (first.bid_price != other).all()
