"""Loading: files, overrides, seeds, the resolved text."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market import InputError
from scenarios.bundled import bundled
from scenarios.loader import load, load_text
from scenarios.toml_text import parse_value, write_toml

MINIMAL = """
[scenario]
name = "small"
[time]
start = "2023-06-01T00:00:00+08:00"
end = "2023-06-02T00:00:00+08:00"
[[load]]
name = "town"
demand_mw = 3
[[generator]]
name = "coal"
kind = "thermal"
capacity_mw = 5
[[storage]]
name = "battery-1"
power_mw = 1
energy_mwh = 2
[[storage]]
name = "new.york"
power_mw = 1
energy_mwh = 2
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "small.toml"
    path.write_text(MINIMAL, encoding="utf-8")
    return str(path)


def test_a_minimal_file(file: str) -> None:
    loaded = load(file)
    assert (loaded.calendar.n, loaded.calendar.interval_s, loaded.seed) == (96, 900, 1)
    assert loaded.base_dir == Path(file).parent
    assert loaded.calendar.start.isoformat() == "2023-06-01T00:00:00+08:00"


def test_the_resolved_text_gives_the_same_scenario(file: str) -> None:
    loaded = load(file, ["storage.0.power_mw=7", "market.energy.k=0.25"], seed=9)
    again = load_text(loaded.text, loaded.base_dir)
    assert again.scenario == loaded.scenario
    assert (again.seed, again.text) == (9, loaded.text)
    assert again.scenario.storage[0].power_mw == 7


@pytest.mark.parametrize(
    ("option", "path"),
    [
        ("storage.battery-1.power_mw=50", lambda s: s.storage[0].power_mw),
        ("storage.0.power_mw=50", lambda s: s.storage[0].power_mw),
        ("storage.new.york.power_mw=50", lambda s: s.storage[1].power_mw),
        ('storage."new.york".power_mw = 50', lambda s: s.storage[1].power_mw),
        ("market.energy.price_cap=50", lambda s: s.market.energy.price_cap),
        ("fees.grid=50", lambda s: s.fees.grid),
        ("load.town.demand_mw=50", lambda s: s.load[0].demand_mw),
    ],
)
def test_overrides(option: str, path: object, file: str) -> None:
    assert path(load(file, [option]).scenario) == 50  # type: ignore[operator]


def test_overrides_may_be_text_tables_and_lists(file: str) -> None:
    options = [
        "market.imbalance.rule=dual",
        'load.town.forecast={name = "noisy", sd = 0.3}',
        "load.town.steps=[{share = 0.5, price = 9}]",
    ]
    made = load(file, options).scenario
    assert made.market.imbalance.rule == "dual"
    assert made.load[0].forecast.params == {"sd": 0.3}
    assert made.load[0].steps[0].price == 9


def test_later_overrides_and_the_seed_option_win(file: str) -> None:
    options = ["scenario.seed=3", "fees.grid=1", "fees.grid=2"]
    assert load(file, options).seed == 3
    assert load(file, options, seed=4).seed == 4
    assert load(file, options).scenario.fees.grid == 2


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("fees.grid", ["KEY=VALUE"]),
        ("=5", ["dotted path"]),
        ("fees..grid=5", ["dotted path", "fees..grid"]),
        ("storage.batery-1.power_mw=5", ['did you mean "battery-1"']),
        ("storage.7.power_mw=5", ['"7"', "battery-1"]),
        ("scenario.name.first=5", ["scenario.name", "single value"]),
        ("fees.gird=5", ["fees.gird = 5", 'did you mean "grid"', "--set fees.gird=5"]),
        ("fees.grid=x", ['fees.grid = "x"', "number"]),
        ("storage=5", ["storage = 5", "list"]),
        ("storage.0=5", ["storage[0] = 5", "table"]),
        ("scenario=5", ["scenario = 5", "table"]),
    ],
)
def test_wrong_overrides(option: str, words: list[str], file: str) -> None:
    with pytest.raises(InputError) as caught:
        load(file, [option], seed=1)
    for word in words:
        assert word in str(caught.value)


def test_wrong_seed_option(file: str) -> None:
    with pytest.raises(InputError, match="--seed -1"):
        load(file, seed=-1)


def test_bundled_scenarios_are_found_by_name() -> None:
    assert all(path.is_file() for path in bundled().values())


@given(st.text(max_size=30))
def test_any_text_is_a_value(text: str) -> None:
    assert parse_value(text) is not None


VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(2**62), 2**62),
        st.floats(allow_nan=False),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        st.datetimes(),
    ),
    lambda below: st.one_of(
        st.lists(below, max_size=3), st.dictionaries(st.text("ab.é \n", max_size=4), below)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abc-é.", max_size=5), VALUES, max_size=4))
def test_written_toml_reads_back(table: dict[str, object]) -> None:
    assert tomllib.loads(write_toml(table)) == table


@pytest.mark.parametrize(
    ("options", "days"),
    [
        (["time.days=3"], 3),
        (["time.end=2019-07-05T00:00:00+08:00"], 4),
        (["time.end=2019-07-05T00:00:00+08:00", "time.days=2"], None),
    ],
)
def test_a_new_length_takes_the_place_of_the_one_in_the_file(options, days):
    if days is None:  # both are asked for, so it is no slip
        with pytest.raises(InputError, match="give either end or days"):
            load("qinghai-pilot-2019", options)
        return
    assert load("qinghai-pilot-2019", options).calendar.n == days * 96
