"""Files that lie under a scenario: what it extends, and its rule set."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market import InputError
from scenarios.bundled import bundled_rules
from scenarios.layers import _inherited, _joined, _through
from scenarios.loader import LoadedScenario, load, load_text
from scenarios.problems import ABSENT, at

BASE = """
[scenario]
name = "base"
seed = 7
[time]
start = "2023-06-01T00:00:00+08:00"
days = 2
[market.energy]
price_cap = 900
k = 0.25
[fees]
grid = 30
[[load]]
name = "town"
demand_mw = 3
[[generator]]
name = "sun"
kind = "pv"
capacity_mw = 5
availability = 0.5
tariff = 324.7
[[storage]]
name = "battery"
power_mw = 20
energy_mwh = 40
"""

RULES = """
description = "rules for a test"
[market.energy]
price_cap = 500
price_floor = 10
[market.storage_service]
modes = ["call"]
mechanism = "high-low"
k = 0.1
call_price = 700
min_power_mw = 10
[market.rights]
reserve = 230
[fees]
grid = 5
transaction_buyer = 1
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "base.toml").write_text(BASE, encoding="utf-8")
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    return tmp_path


def loaded(folder: Path, text: str, *options: str, **given: Any) -> LoadedScenario:
    (folder / "case.toml").write_text(text, encoding="utf-8")
    return load(str(folder / "case.toml"), options, **given)


def child(keys: str = "", base: str = "base.toml", name: str = "child") -> str:
    return f'[scenario]\nname = "{name}"\nextends = "{base}"\n{keys}'


def on_rules(keys: str = "") -> str:
    return child(f'[market]\nrules = "rules.toml"\n{keys}')


def refused(folder: Path, text: str, *options: str) -> str:
    with pytest.raises(InputError) as caught:
        loaded(folder, text, *options)
    return str(caught.value)


# Extending.


def test_tables_are_merged_and_lists_replaced(files: Path) -> None:
    text = child('[fees]\ntransaction_buyer = 2\n[[load]]\nname = "mill"\ndemand_mw = 1\n')
    made = loaded(files, text).scenario
    assert (made.scenario.name, made.scenario.seed) == ("child", 7)
    assert (made.fees.grid, made.fees.transaction_buyer) == (30, 2)
    assert [load.name for load in made.load] == ["mill"]
    assert [plant.name for plant in made.generator] == ["sun"]


def test_an_empty_list_takes_inherited_entries_away(files: Path) -> None:
    assert loaded(files, f"storage = []\n{child()}").scenario.storage == ()


def test_a_chain_of_three(files: Path) -> None:
    (files / "middle.toml").write_text(child("[fees]\ngrid = 40\n", name="middle"))
    made = loaded(files, child("[time]\ndays = 1\n", "middle.toml")).scenario
    assert (made.fees.grid, made.time.days, made.market.energy.price_cap) == (40, 1, 900)


def test_a_bundled_scenario_can_be_extended(files: Path) -> None:
    made = loaded(files, child("[market.energy]\nprice_cap = 800\n", "tutorial"))
    assert made.scenario.market.energy.price_cap == 800
    assert load_text(made.text, made.base_dir).scenario == made.scenario


def test_another_mechanism_leaves_inherited_parameters_behind(files: Path) -> None:
    made = loaded(files, child('[market.energy]\nmechanism = "vcg"\n')).scenario
    assert (made.market.energy.params, made.market.energy.price_cap) == ({}, 900)
    same = loaded(files, child("[market.energy]\nprice_floor = 1\n")).scenario
    assert same.market.energy.params == {"k": 0.25}


def test_options_reach_inherited_entries_and_the_base_itself(files: Path) -> None:
    options = ["storage.battery.power_mw=30", "fees.grid=1"]
    made = loaded(files, child(), *options).scenario
    assert (made.storage[0].power_mw, made.fees.grid) == (30, 1)
    (files / "other.toml").write_text(BASE.replace("price_cap = 900", "price_cap = 700"))
    made = loaded(files, child(), "scenario.extends=other.toml").scenario
    assert made.market.energy.price_cap == 700


def test_data_files_are_found_from_where_they_are_named(files: Path) -> None:
    library, work = files / "library", files / "work"
    for folder in (library, work):
        folder.mkdir()
    series = "time,mw\n" + "".join(f"2023-06-{day:02}T00:00:00+08:00,4\n" for day in range(1, 4))
    (library / "town.csv").write_text(series)
    text = BASE.replace("demand_mw = 3", 'demand_mw = {file = "town.csv", column = "mw"}')
    (library / "base.toml").write_text(text)
    made = loaded(work, child(base="../library/base.toml"))
    demand: Any = made.scenario.load[0].demand_mw
    assert demand.file == str(Path("../library/town.csv"))
    assert load_text(made.text, made.base_dir).scenario == made.scenario
    # A file that is given by --data, or nowhere yet, keeps its name.
    given = loaded(work, child(base="../library/base.toml"), data_dir=library)
    demand = given.scenario.load[0].demand_mw
    assert demand.file == "town.csv"
    (library / "town.csv").unlink()
    demand = loaded(work, child(base="../library/base.toml")).scenario.load[0].demand_mw
    assert demand.file == "town.csv"


def test_circles(files: Path) -> None:
    (files / "base.toml").write_text(child(base="case.toml", name="base"))
    message = refused(files, child())
    assert 'base.toml: scenario.extends = "case.toml": goes round in a circle' in message
    assert "case.toml, base.toml, case.toml" in message
    assert "circle" in refused(files, child(base="case.toml"))


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("absent.toml", ["case.toml: scenario.extends", "absent.toml", "no such file"]),
        ("tutorail", ["unknown scenario", 'did you mean "tutorial"']),
        ("..", ["is a directory"]),
        ("", ["scenario.extends", "must not be empty"]),
    ],
)
def test_no_such_base(base: str, words: list[str], files: Path) -> None:
    message = refused(
        files,
        child(base=base) if base else child(base="x"),
        *([] if base else ['scenario.extends=""']),
    )
    for word in words:
        assert word in message


def test_a_base_that_is_no_text(files: Path) -> None:
    text = child().replace('"base.toml"', "5") + BASE[BASE.index("[time]") :]
    assert "scenario.extends = 5: must be text" in refused(files, text)


def test_messages_name_the_file_of_the_mistake(files: Path) -> None:
    wrong = BASE.replace("grid = 30", "gird = 30").replace("power_mw = 20", 'power_mw = "x"')
    (files / "base.toml").write_text(wrong)
    lines = refused(files, child("[market.energy]\nprice_cup = 3\n")).splitlines()
    below = f"case.toml with {files / 'base.toml'}: "
    assert sum(f"{below}fees.gird = 30" in line for line in lines) == 1
    assert sum(f'{below}storage[0] "battery".power_mw' in line for line in lines) == 1
    assert sum("case.toml: market.energy.price_cup = 3" in line for line in lines) == 1
    by_option = refused(files, child(), "fees.gird=4")
    assert "case.toml with --set fees.gird=4: fees.gird = 4" in by_option


# Rule sets.


def test_the_scenario_wins_over_its_rule_set(files: Path) -> None:
    market = loaded(files, on_rules("[market.storage_service]\ncall_price = 600\n")).scenario.market
    assert (market.energy.price_cap, market.energy.price_floor) == (900, 10)
    assert (market.storage_service.call_price, market.storage_service.modes) == (600, ("call",))
    assert market.rules is None


def test_fees_come_from_the_rule_set_too(files: Path) -> None:
    fees = loaded(files, on_rules()).scenario.fees
    assert (fees.grid, fees.transaction_buyer) == (30, 1)


@pytest.mark.parametrize("rules", ["pilot-2019", "ancillary-2021", "transition-2025", "spot"])
def test_one_option_switches_the_rules(rules: str, files: Path) -> None:
    made = loaded(files, child(), f"market.rules={rules}")
    wanted = tomllib.loads(bundled_rules()[rules].read_text())["market"]["storage_service"]
    service = made.scenario.market.storage_service
    given = {"modes": list(service.modes), **service.params}
    assert {key: given.get(key, getattr(service, key, None)) for key in wanted} == wanted
    assert made.scenario.market.energy.price_cap == 900
    assert load_text(made.text, made.base_dir).scenario == made.scenario
    assert load_text(made.text, made.base_dir).text == made.text


def test_options_win_over_the_rule_set(files: Path) -> None:
    options = ["market.rules=pilot-2019", "market.storage_service.call_price=500"]
    for order in (options, options[::-1]):
        assert loaded(files, child(), *order).scenario.market.storage_service.call_price == 500


def test_an_option_for_a_mechanism_drops_the_parameters_of_the_rule_set(files: Path) -> None:
    made = loaded(files, on_rules(), "market.storage_service.mechanism=mcafee").scenario
    assert made.market.storage_service.params == {}
    assert loaded(files, on_rules()).scenario.market.storage_service.params == {"k": 0.1}


def test_rules_are_inherited_and_found_from_where_they_are_named(files: Path) -> None:
    (files / "sub").mkdir()
    (files / "base.toml").write_text(
        BASE.replace("[market.energy]", ('[market]\nrules = "rules.toml"\n[market.energy]'))
    )
    made = loaded(files / "sub", child(base="../base.toml")).scenario
    assert made.market.storage_service.call_price == 700
    again = loaded(files / "sub", child(base="../base.toml"), "market.rules=../rules.toml")
    assert again.scenario == made


def test_without_tenants_a_rule_set_auctions_no_rights(files: Path) -> None:
    assert loaded(files, on_rules()).scenario.market.rights is None
    tenant = '[[tenant]]\nname = "t"\nmw = 1\nvalue = 300\n'
    share = "[market.storage_service]\nshare = 0.5\n"
    made = loaded(files, on_rules(f"{share}[market.rights]\nshare = 0.5\n{tenant}")).scenario
    assert made.market.rights is not None
    assert (made.market.rights.reserve, made.market.rights.share) == (230, 0.5)
    assert "market.rights.share: nothing is offered" in refused(files, on_rules(share + tenant))
    assert "nobody bids" in refused(files, on_rules(f"{share}[market.rights]\nshare = 0.5\n"))


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("absent.toml", ["market.rules", "absent.toml", "no such file", "rule set"]),
        ("spto", ['unknown rule set "spto"', 'did you mean "spot"', "pilot-2019"]),
        ("base.toml", ["base.toml: scenario", "description, market, fees"]),
    ],
)
def test_no_such_rules(rules: str, words: list[str], files: Path) -> None:
    message = refused(files, child(), f"market.rules={rules}")
    for word in words:
        assert word in message


def test_a_directory_does_not_hide_what_is_bundled(files: Path) -> None:
    (files / "spot").mkdir()
    (files / "tutorial").mkdir()
    made = loaded(files, child(base="tutorial"), "market.rules=spot").scenario
    assert made.market.capacity_payment.price == 165


def test_a_rule_set_names_no_other(files: Path) -> None:
    (files / "rules.toml").write_text('[market]\nrules = "spot"\n')
    assert "rules.toml: market.rules: a rule set holds" in refused(files, on_rules())


def test_rules_that_are_no_text(files: Path) -> None:
    assert "market.rules = 5: must be text" in refused(files, child(), "market.rules=5")
    assert "market = 5: must be a table" in refused(files, f"market = 5\n{child()}")


def test_a_mistake_in_a_rule_set_is_told_with_its_name(files: Path) -> None:
    (files / "rules.toml").write_text(RULES.replace("call_price", "call_prize"))
    message = refused(files, on_rules())
    assert f"case.toml with {files / 'rules.toml'}: market.storage_service.call_prize" in message


# Rule sets at a date.


def dated(change: str) -> str:
    return f'[[event]]\nat = "2023-06-02T00:00:00+08:00"\nset = {change}\n'


def test_a_rule_set_at_a_date(files: Path) -> None:
    own = '[market.storage_service]\ncall_order = "name"\n'
    event = dated('{"market.rules" = "transition-2025", "market.capacity_payment.price" = 9}')
    made = loaded(files, on_rules(own + event))
    changes = made.scenario.event[0].set
    assert changes is not None
    assert changes["market.storage_service.call_price"] == 324.7
    assert changes["market.storage_service.modes"] == ["bilateral", "auction", "call"]
    assert changes["market.capacity_payment.price"] == 9
    left = ("call_order", "share", "netting", "min_power_mw", "min_hours", "rights")
    assert not any(key.endswith(left) or "rights" in key for key in changes)
    assert "market.rules" not in changes
    assert load_text(made.text, made.base_dir).scenario == made.scenario


def test_keys_of_the_scenario_outlive_a_dated_rule_set(files: Path) -> None:
    changes = loaded(files, on_rules(dated('{market = {rules = "rules.toml"}}'))).scenario.event[0]
    assert changes.set is not None
    assert "fees.grid" not in changes.set
    assert changes.set["fees.transaction_buyer"] == 1


def test_mistakes_in_dated_rule_sets(files: Path) -> None:
    message = refused(files, child(dated('{"market.rules" = "spto"}')))
    assert 'event[0].set.market.rules = "spto": unknown rule set' in message
    (files / "rules.toml").write_text(RULES.replace("call_price = 700", "call_price = -7"))
    message = refused(files, child(dated('{"market.rules" = "rules.toml"}')))
    place = "event[0].set.market.storage_service.call_price = -7"
    assert f"case.toml with {files / 'rules.toml'}: {place}" in message


# The merge itself.

KEYS = st.sampled_from("abc")
TABLES = st.recursive(
    st.integers() | st.lists(st.integers(), max_size=2),
    lambda below: st.dictionaries(KEYS, below, max_size=3),
    max_leaves=9,
)
FILES = st.dictionaries(KEYS, TABLES, max_size=3)


def on_top(upper: Any, lower: Any) -> Any:
    """The merge as one would explain it."""
    if not (isinstance(upper, dict) and isinstance(lower, dict)):
        return upper
    both = {key: on_top(upper[key], lower[key]) for key in upper.keys() & lower.keys()}
    return {**lower, **upper, **both}


@given(FILES, FILES)
def test_the_upper_file_wins_and_nothing_else_is_lost(
    upper: dict[str, Any], lower: dict[str, Any]
) -> None:
    assert _joined(upper, _through(upper, lower)) == on_top(upper, lower)


@given(FILES, FILES)
def test_each_inherited_place_is_named_once(upper: dict[str, Any], lower: dict[str, Any]) -> None:
    through = _through(upper, lower)
    places = list(_inherited(upper, through))
    assert len(set(places)) == len(places)
    for place in places:
        assert at(upper, place) is ABSENT
        assert at(through, place) == at(lower, place)


def test_a_dated_rule_set_of_which_the_scenario_writes_all_keys(files: Path) -> None:
    (files / "few.toml").write_text("[fees]\ngrid = 3\n")
    own = "[fees]\ngrid = 4\n"
    message = refused(files, child(own + dated('{"market.rules" = "few.toml"}')))
    assert 'event[0].set.market.rules = "few.toml": changes nothing' in message
