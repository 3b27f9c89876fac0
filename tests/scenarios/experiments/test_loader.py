"""Every mistake in an experiment file is one clear sentence, and all of them come at once."""

import re

import pytest

from market import InputError
from scenarios.bundled import bundled_experiments
from scenarios.catalogue import catalogue
from scenarios.experiments.loader import load_experiment
from tests.scenarios.experiments.small_experiments import WORLD, write

RANGE = {"name": "k", "key": "market.energy.k", "range": [0, 1]}


def problems(file, data=None):
    with pytest.raises(InputError) as caught:
        load_experiment(str(file), data)
    return caught.value.problems


def header(**values):
    return lambda table: table["experiment"].update(values)


def factor(**values):
    return lambda table: table["factor"][0].update(values)


def levels(*values):
    return factor(levels=list(values))


def add(section, **values):
    return lambda table: table.setdefault(section, []).append(values)


def drop(section, key):
    return lambda table: table[section].pop(key)


def factors(*entries, **values):
    def change(table):
        table["factor"] = list(entries)
        table["experiment"].update(values)

    return change


VARIANTS = [{"name": "a", "set": {"market.energy.k": 0.1}}, {"name": "b"}]
NOON, ONE = "2025-06-01T12:00:00+08:00", "2025-06-01T01:00:00+08:00"
START, HALF = "2025-06-01T00:00:00+08:00", "2025-06-01T01:30:00+08:00"

MISTAKES = {
    "no name": (drop("experiment", "name"), "experiment.name: is required"),
    "no question": (drop("experiment", "question"), "experiment.question: is required"),
    "no base": (drop("experiment", "base"), "experiment.base: is required"),
    "no seeds": (drop("experiment", "seeds"), "experiment.seeds: is required"),
    "no metrics": (drop("experiment", "metrics"), "experiment.metrics: is required"),
    "a misspelt key": (header(sedes=3), 'experiment.sedes = 3: unknown key "sedes" (did you mean'),
    "a misspelt section": (
        add("factors", name="x"),
        'unknown key "factors" (did you mean "factor"',
    ),
    "a misspelt key of a factor": (factor(leves=[1]), 'factor[0] "mechanism".leves: unknown key'),
    "an unknown design": (header(design="half"), 'must be one of "full", "one-at-a-time"'),
    "zero seeds": (header(seeds=0), "experiment.seeds = 0: must be from 1 to 10,000"),
    "a seed twice": (header(seeds=[1, 2, 1]), "experiment.seeds: names a seed twice"),
    "a seed below zero": (header(seeds=[-1]), "a seed is a whole number from 0"),
    "seeds as text": (header(seeds="three"), "must be how many, or a list of whole numbers"),
    "an empty metric list": (header(metrics=[]), "experiment.metrics: "),
    "an unknown metric": (header(metrics=["mean_pric"]), '(did you mean "mean_price"?)'),
    "a metric twice": (header(metrics=["mean_price"] * 2), "is asked for twice"),
    "an unknown period": (header(metrics=["mean_price@noon"]), 'there is no [[period]] "noon"'),
    "an unknown base": (header(base="tutoral"), 'unknown scenario "tutoral" (did you mean'),
    "an unknown base of a variant": (add("variant", name="v", base="x.toml"), "variant[0] "),
    "a base that is not there": (header(base="no.toml"), "no.toml: there is no such file"),
    "samples of a full design": (header(samples=8), "experiment.samples = 8: goes with"),
    "a baseline nobody has": (header(baseline="vcg"), "is the name of no arm; accepted: one of"),
    "a baseline level": (header(baseline={"cap": 7}), "cap has no level 7; levels: 1000, 400"),
    "a baseline factor": (header(baseline={"x": 1}), "there is no factor 'x'; factors: mechanism"),
    "a baseline list": (header(baseline=[1]), "experiment.baseline: must be a text, a number"),
    "a section to set": (header(set={"time": {"days": 1}}), "set.time: is a whole section"),
    "a set that is none": (header(set=3), "experiment.set = 3: must be a table"),
    "levels and range": (factor(range=[0, 1]), "give either levels or range"),
    "no levels": (factor(levels=[]), "is empty; accepted: at least one level"),
    "a level twice": (levels("uniform", "vcg", "uniform"), 'levels[2] = "uniform": uniform'),
    "one level by two numbers": (levels(1, 1.0), "levels[1] = 1.0: 1.0 stands there twice"),
    "a level that is a list": (
        levels([1], 2),
        "must be a text, a number, true or false, or {label",
    ),
    "a label that is a list": (levels({"label": [1]}), "levels[0].label: must be a text, a number"),
    "a level with another key": (
        levels({"label": "x", "sett": {}}),
        'levels[0].sett: unknown key "sett" (did you mean "set"?); known: label, set',
    ),
    "key and keys": (factor(keys=["a.b"]), "keys: stands beside key; give one of the two"),
    "no key": (
        lambda table: table["factor"][0].pop("key"),
        'factor[0] "mechanism".key: is required: the dotted key',
    ),
    "a scale of levels": (factor(scale="log"), 'scale = "log": goes with range only'),
    "a reserved name": (factor(name="seed"), 'name = "seed": is a column or term of the tables'),
    "a colon": (factor(name="a:b"), 'must not contain ":"'),
    "a factor twice": (factor(name="cap"), "is the name of another factor too"),
    "one key of two factors": (factor(key="market.energy.price_cap"), "both set market.energy.pr"),
    "one key of two variants": (
        add("variant", name="v", set={"market.energy.price_cap": 3}),
        "variant and cap both set market.energy.price_cap",
    ),
    "a factor called variant": (
        lambda table: (factor(name="variant")(table), add("variant", name="v")(table)),
        "is what all [[variant]] are called together",
    ),
    "nothing varied": (factors(), "factor: is required: what is varied"),
    "a list without variants": (header(design="list"), "the design list needs [[variant]]"),
    "a list with factors": (
        lambda table: (add("variant", name="v")(table), header(design="list")(table)),
        "takes [[variant]] entries only",
    ),
    "a range of a full design": (factors(RANGE), "the design full needs levels = [...]"),
    "levels of a hypercube": (
        factors({"name": "x", "key": "market.energy.k", "levels": [1]}, design="lhs", samples=4),
        "needs range = [low, high]",
    ),
    "variants of a hypercube": (
        lambda table: (
            factors(RANGE, design="lhs", samples=4)(table),
            add("variant", name="v")(table),
        ),
        "draws from ranges; it takes no variants",
    ),
    "no samples": (factors(RANGE, design="lhs"), "is required by the design lhs: how many"),
    "an odd sobol": (factors(RANGE, design="sobol", samples=6), "must be a power of two"),
    "a sampled baseline": (
        factors(RANGE, design="lhs", samples=4, baseline="sample-001"),
        "the design lhs has no baseline",
    ),
    "a range upside down": (
        factors({**RANGE, "range": [1, 0]}, design="lhs", samples=4),
        "the first number must be below the second",
    ),
    "a range of three": (
        factors({**RANGE, "range": [1, 2, 3]}, design="lhs", samples=4),
        "must be a list of two numbers, lowest and highest",
    ),
    "a logarithm of zero": (
        factors({**RANGE, "scale": "log"}, design="lhs", samples=4),
        "must be above 0 where scale is log",
    ),
    "half a whole number": (
        factors({**RANGE, "range": [0.5, 3], "whole": True}, design="lhs", samples=4),
        "must be two whole numbers where whole is true",
    ),
    "a period without offset": (
        add("period", name="p", start="2025-06-01T00:00:00", end=ONE),
        'period[0] "p".start = "2025-06-01T00:00:00": has no UTC offset',
    ),
    "a period upside down": (add("period", name="p", start=NOON, end=ONE), "must come after start"),
    "a period beyond": (
        add("period", name="p", start=START, end=NOON),
        'period[0] "p": must lie within the run, which is from',
    ),
    "a period within an interval": (
        add("period", name="p", start=START, end=HALF),
        "must begin and end with an interval of 60 minutes",
    ),
    "a period's sign": (add("period", name="a@b", start=START, end=ONE), 'must not contain "@"'),
    "a period of a whole figure": (
        lambda table: (
            add("period", name="p", start=START, end=ONE)(table),
            header(metrics=["jobs_late@p"])(table),
        ),
        "jobs_late is known for whole runs only; leave out @p",
    ),
    "a seed of the scenario": (
        header(set={"scenario.seed": 3}),
        "experiment.set: changes scenario.seed; accepted: seeds = ... in [experiment]",
    ),
    "a seed as a factor": (factor(key="scenario.seed", levels=[1, 2]), "changes scenario.seed"),
    "two currencies": (
        factor(key="scenario.currency", levels=["CNY", "EUR"]),
        "several currencies cannot be compared: CNY (mechanism=CNY, cap=400), EUR (mech",
    ),
    "an unknown key of the scenario": (
        factor(key="market.energy.mechansm"),
        "all arms: ",
    ),
    "an entry nobody has": (
        factor(key="generator.winds.capacity_mw", levels=[1, 2]),
        'set generator.winds.capacity_mw: no generator entry is named "winds" (did you mean',
    ),
    "a value nobody takes": (
        levels("uniform", "vgc"),
        "arms mechanism=vgc, cap=1000, mechanism=vg",
    ),
    "a name of dots": (header(name=".."), "a name must not be made of dots only"),
    "arms of one name": (
        factors(
            {"name": "a", "levels": [{"label": "x, b=y"}, {"label": "x"}]},
            {"name": "b", "levels": [{"label": "z"}, {"label": "y, b=z"}]},
        ),
        "several arms are called 'a=x, b=y, b=z'",
    ),
    "more arms than can be checked": (
        levels(*range(10_001)),
        "makes 20,002 arms; accepted: up to 10,000",
    ),
    "more samples than can be checked": (
        factors(RANGE, design="lhs", samples=100_000),
        "the design lhs makes 100,000 arms",
    ),
    "more runs than can be kept": (
        factors(RANGE, design="lhs", samples=5_000, seeds=1_000),
        "5,000 arms make 5,000,000 runs",
    ),
    "a label over two lines": (
        levels({"label": "b\nc", "set": {"market.energy.k": 0.1}}),
        "must not contain control characters",
    ),
    "a key for all arms that a factor changes": (
        header(set={"market.energy.mechanism": "vcg"}),
        "mechanism and set of [experiment] both set market.energy.mechanism",
    ),
    "a data file that is not there": (
        factor(
            key="load.town.demand_mw",
            levels=[{"label": "x", "set": {"load.town.demand_mw": {"file": "no.csv"}}}],
        ),
        "no.csv: there is no such file",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_clear_sentence(name, tmp_path):
    change, expected = MISTAKES[name]
    found = problems(write(tmp_path, change))
    assert [text for text in found if expected in text], found
    assert len(found) == 1, found
    assert found[0].startswith(str(tmp_path)), found


def test_one_at_a_time_counts_its_own_arms(tmp_path):
    keys = ("price_cap", "price_floor", "k", "gate_closure", "gate_opening")
    values = ([800, 900, 1000], [0, 1, 2], [0.1, 0.5, 0.9], [0, 15, 30], [31, 45, 60])
    many = [
        {"name": key, "key": f"market.energy.{key}", "levels": list(levels)}
        for key, levels in zip(keys, values, strict=True)
    ]
    loaded = load_experiment(str(write(tmp_path, factors(*many, design="one-at-a-time"))))
    assert len(loaded.arms) == 1 + 5 * 2


def test_all_mistakes_come_at_once(tmp_path):
    def change(table):
        table["experiment"].update(metrics=["mean_pric"], seeds=0)
        table["factor"][0].update(name="seed")
        table["factor"].append({"name": "z", "levels": [1]})
        table["period"] = [{"name": "p", "start": NOON, "end": ONE}]

    found = "\n".join(problems(write(tmp_path, change)))
    for part in ("seeds = 0", 'name = "seed"', "key: is required", "must come after start"):
        assert part in found


def test_mistakes_of_the_scenario_and_of_periods_come_at_once(tmp_path):
    def change(table):
        table["experiment"]["set"] = {"market.energy.kk": 1}
        table["factor"][0]["levels"] = ["uniform"]
        table["factor"][1]["levels"] = [1000, -5]

    found = problems(write(tmp_path, change))
    assert sum("kk" in text for text in found) == 1
    assert sum("cap=-5" in text and "price_cap" in text for text in found) == 1


def test_what_all_arms_have_in_common_is_said_once(tmp_path):
    found = problems(write(tmp_path, header(set={"generator.coal.capacity_mw": -1})))
    assert len(found) == 1
    assert found[0].startswith(f"{tmp_path / 'experiment.toml'}: all arms: ")


def test_a_broken_scenario_is_named(tmp_path):
    file = write(tmp_path, world=WORLD.replace("capacity_mw = 8", "capacity_mw = true"))
    (found,) = problems(file)
    assert "three.toml" in found
    assert "must be a number" in found


@pytest.mark.parametrize(
    ("name", "expected"),
    [("no-such", 'unknown experiment "no-such"'), ("no.toml", "there is no such file")],
)
def test_an_experiment_that_is_not_there(name, expected):
    (found,) = problems(name)
    assert expected in found


def test_a_directory_of_data_that_is_none(tmp_path):
    (found,) = problems(write(tmp_path), tmp_path / "data")
    assert "is not a directory" in found


def test_a_good_file_says_what_it_asks(tmp_path):
    loaded = load_experiment(str(write(tmp_path)))
    assert [arm.name for arm in loaded.arms] == [
        f"mechanism={rule}, cap={cap}" for rule in ("uniform", "pay-as-bid") for cap in (1000, 400)
    ]
    assert loaded.arms[1].levels == {"mechanism": "uniform", "cap": 400}
    assert loaded.baseline == "mechanism=uniform, cap=1000"
    assert loaded.seeds == (1,)
    assert loaded.factors == ("mechanism", "cap")
    assert 'mechanism = "pay-as-bid"' in loaded.scenarios["mechanism=pay-as-bid, cap=400"].text


def test_variants_alone_are_a_list_and_may_have_their_own_base(tmp_path):
    (tmp_path / "four.toml").write_text(WORLD.replace('"three"', '"four"'))

    def change(table):
        del table["factor"]
        table["variant"] = [*VARIANTS, {"name": "c", "base": "four.toml"}]
        table["experiment"]["baseline"] = "b"

    loaded = load_experiment(str(write(tmp_path, change)))
    assert loaded.design == "list"
    assert [arm.name for arm in loaded.arms] == ["a", "b", "c"]
    assert loaded.baseline == "b"
    assert [arm.levels for arm in loaded.arms] == [{"variant": name} for name in "abc"]
    assert 'name = "four"' in loaded.scenarios["c"].text


def test_files_of_a_level_stand_beside_the_experiment(tmp_path):
    world, here = tmp_path / "world", tmp_path / "here"
    world.mkdir()
    here.mkdir()
    write(world)
    (here / "demand.csv").write_text(
        "time,mw\n" + "".join(f"2025-06-01T{hour:02d}:00:00+08:00,5\n" for hour in range(6))
    )
    (here / "rules.toml").write_text("[market.energy]\nk = 0.25\n")

    def change(table):
        table["experiment"]["base"] = "../world/three.toml"
        demand = {"load.town.demand_mw": {"file": "demand.csv"}}
        table["factor"] = [
            {"name": "demand", "levels": [{"label": "base"}, {"label": "file", "set": demand}]},
            {"name": "rules", "key": "market.rules", "levels": ["rules.toml"]},
        ]

    loaded = load_experiment(str(write(here, change)))
    assert loaded.arms[1].values["load.town.demand_mw"] == {"file": "../here/demand.csv"}
    assert "k = 0.25" in loaded.scenarios["demand=file, rules=rules.toml"].text


def test_dated_changes_of_rules_for_all_arms(tmp_path):
    event = {"at": ONE, "set": {"market.energy.price_floor": 10}}
    loaded = load_experiment(str(write(tmp_path, header(set={"event": [event]}))))
    assert all("[[event]]" in scenario.text for scenario in loaded.scenarios.values())


def test_runs_record_no_more_than_metrics_need(tmp_path):
    (text, *_) = (one.text for one in load_experiment(str(write(tmp_path))).scenarios.values())
    recording = text.partition("[recording]")[2]
    assert re.findall(r"(\w+) = (\S+)", recording) == [
        ("units", "false"),
        ("ledger", '"month"'),
        ("orders", "false"),
    ]


def test_bundled_experiments_are_listed_with_their_question():
    listed = dict(catalogue("experiments"))
    assert listed.keys() == bundled_experiments().keys()
    assert all(listed.values())


@pytest.mark.parametrize("name", bundled_experiments())
def test_bundled_experiments_are_correct(name):
    assert load_experiment(name).arms
