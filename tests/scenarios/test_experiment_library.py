"""The shipped experiments: they load, run when made tiny, and their pages show what they ask."""

import re
from functools import cache
from pathlib import Path

import pytest

from market import talatan_experiment
from scenarios.bundled import bundled_experiments
from scenarios.experiment_pages import BLOCK, filled
from scenarios.experiments.directory import prepare
from scenarios.experiments.loader import load_experiment
from scenarios.experiments.metrics import AT, appraisal_of
from scenarios.experiments.run import Work, execute
from scenarios.toml_text import read_toml, write_toml

PAGES = Path(__file__).parents[2] / "docs" / "experiments"
RUNS = {
    "pricing-rule": (10, 5),
    "storage-access": (6, 5),
    "call-price": (6, 10),
    "price-limits": (8, 5),
    "gates-and-intervals": (16, 5),
    "flexible-computing": (25, 5),
    "ownership": (12, 5),
    "soc-segments": (24, 5),
}
"""Arms and seeds of each."""
WRITTEN = sorted(path.stem for path in PAGES.glob("*.md") if path.stem != "README")


@cache
def loaded(name):
    return load_experiment(name)


def test_eight_experiments_are_shipped():
    assert set(bundled_experiments()) == set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_each_is_checked_whole_and_has_its_number_of_runs(name):
    experiment = loaded(name)
    assert (len(experiment.arms), len(experiment.seeds)) == RUNS[name]
    assert experiment.file.experiment.caveats
    assert experiment.file.experiment.question.endswith("?")


def tiny(name, folder):
    """The experiment with one seed, one day, and figures that a run gives by itself."""
    raw = read_toml(bundled_experiments()[name])
    header = raw["experiment"]
    header["seeds"] = 1
    header["set"] = {**header.get("set", {}), "time.days": 1}
    header["metrics"] = [m for m in header["metrics"] if AT not in m and appraisal_of(m) is None]
    raw.pop("period", None)
    file = folder / f"{name}.toml"
    file.write_text(write_toml(raw), encoding="utf-8")
    return load_experiment(str(file))


@pytest.mark.parametrize("name", ["storage-access", "ownership"])
def test_a_tiny_one_runs_in_every_arm(tmp_path, name):
    experiment = tiny(name, tmp_path)
    prepare(tmp_path / "out", experiment, force=False, resume=False)
    results = execute(experiment, tmp_path / "out", Work(jobs=2))
    assert set(results.table["status"]) == {"finished"}
    assert set(results.table["arm"]) == set(results.arms)


def test_pages_are_of_shipped_experiments():
    assert WRITTEN
    assert set(WRITTEN) <= set(RUNS)


def page(name):
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", WRITTEN)
def test_the_tables_of_a_page_have_the_arms_and_metrics_of_the_file(name):
    experiment = loaded(name)
    blocks = [found for found in BLOCK.finditer(page(name)) if found["kind"] == "results"]
    assert blocks
    for found in blocks:
        lines = found[0].splitlines()[1:-1]
        rows = [re.split(r" *\| *", line.strip("| "))[0].strip("*") for line in lines[2:]]
        assert rows == [arm.name for arm in experiment.arms]
        assert set(found["words"].split()) <= set(experiment.metrics)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_page_names_its_command_and_what_not_to_conclude(name):
    text = page(name)
    assert f"talatan experiment {name}" in text
    assert "What not to conclude" in text
    assert f"]({name}.md)" in (PAGES / "README.md").read_text(encoding="utf-8")


def test_tables_are_made_from_the_directory(tmp_path):
    experiment = tiny("soc-segments", tmp_path)
    prepare(tmp_path / "out", experiment, force=False, resume=False)
    execute(experiment, tmp_path / "out", Work(jobs=2))
    results = talatan_experiment(tmp_path / "out")
    text = "before\n<!-- results: mean_price -->\nold\n<!-- /results -->\nafter\n"
    made = filled(text, results)
    assert made.startswith("before\n<!-- results: mean_price -->\n| arm | mean price, CNY/MWh |\n")
    assert made.endswith("<!-- /results -->\nafter\n")
    assert "old" not in made
    assert made.count("\n| ") == len(results.arms) + 2
    assert filled(made, results) == made
