"""What key figures real runs have, against the names that the groups declare."""

from functools import cache

import pytest

from market import figure_patterns, fits, key_figures, period_figures, period_groups

OVERRIDES = ("time.days=1",)
BUNDLED = {
    "tutorial": (),
    "qinghai-2023": OVERRIDES,
    "qinghai-pilot-2019": OVERRIDES,
    "qinghai-spot": OVERRIDES,
    "shared-vs-private": OVERRIDES,
}
EXTRA = """
[scenario]
name = "extra"
[time]
start = "2023-06-01T00:00:00+08:00"
days = 1
[market.energy]
mechanism = "pay-as-bid"
[market.storage_service]
modes = ["lease", "call"]
call_price = 100
share = 0.5
[market.capacity_payment]
price = 165
payer = "government"
[fees]
grid = 30
[[contract]]
kind = "lease"
name = "let"
station = "old"
tenant = "wind"
mw = 0.5
price = 250
[[load]]
name = "town"
demand_mw = 5
[[generator]]
name = "wind"
kind = "wind"
capacity_mw = 9
availability = 0.5
certificate = 20
forecast = {name = "noisy", sd = 0.5}
[[generator]]
name = "coal"
kind = "thermal"
capacity_mw = 9
min_stable_mw = 2
marginal_cost = 300
[[storage]]
name = "old"
power_mw = 1
energy_mwh = 2
listed = true
ageing = {cycles = 40, calendar_years = 1, replacement_cost = 100}
[[data_center]]
name = "site"
gpus = 400
jobs = {arrivals_per_hour = 20, duration_hours = 2, slack = 1, strict = 1, soft = 0}
"""


@cache
def given_by(results):
    """All figures of a run by group, also those that are not defined."""
    return {
        name: [figure.name for figure in key_figures.get(name)(results)]
        for name in key_figures.names()
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    from tests.scenarios.running import run

    place = tmp_path_factory.mktemp("named")
    found = {name: run(name, place / name, how) for name, how in BUNDLED.items()}
    return found | {"extra": run(EXTRA, place / "extra")}


@pytest.mark.parametrize("name", [*BUNDLED, "extra"])
def test_every_figure_has_a_name_that_its_group_declares(runs, name):
    patterns = figure_patterns()
    for group, figures in given_by(runs[name]).items():
        own = [pattern for pattern, of in patterns.items() if of == group]
        assert not [figure for figure in figures if not any(fits(p, figure) for p in own)]


@pytest.mark.parametrize("name", [*BUNDLED, "extra"])
def test_figures_of_a_period_are_declared_too(runs, name):
    results = runs[name]
    end = results.intervals["start"].max()
    figures = period_figures(results, results.run["start"], end.isoformat())
    assert figures
    assert not [figure.name for figure in figures if not period_groups.known(figure.name)]


def test_every_name_declared_is_given_by_some_run(runs):
    """A figure that no run has would be a promise: each pattern needs one at least."""
    found = {name for run in runs.values() for names in given_by(run).values() for name in names}
    assert not [p for p in figure_patterns() if not any(fits(p, name) for name in found)]
