"""One run of an experiment: the same figures as a run by itself, and a reason when it fails."""

import json
from dataclasses import replace

import pytest

from market import InputError, KeyFigure, benefits, period_figures, summary
from scenarios.appraisals import Appraisal, appraisals
from scenarios.experiments.loader import load_experiment
from scenarios.experiments.perform import OTHER_PROGRAM, perform
from scenarios.experiments.store import as_outcome
from scenarios.experiments.tasks import task_key, tasks
from scenarios.loader import load
from scenarios.runs import execute, prepare
from tests.scenarios.experiments.small_experiments import write

FIRST, LAST = "2025-06-01T00:00:00+08:00", "2025-06-01T03:00:00+08:00"


def task_of(file, arm=-1):
    return list(tasks(load_experiment(str(file))))[arm]


@pytest.fixture
def alone(tmp_path):
    """The last arm of the small experiment, run like any scenario."""
    file = write(tmp_path)
    arm = load_experiment(str(file)).arms[-1]
    loaded = load(arm.base, list(arm.values.items()), None, 1)
    prepare(tmp_path / "alone", force=False, resume=False)
    return file, execute(loaded, tmp_path / "alone")


def with_period(table):
    table["period"] = [{"name": "early", "start": FIRST, "end": LAST}]
    table["experiment"]["metrics"] = ["mean_price", "mean_price@early"]


def test_it_gives_what_the_run_alone_gives_though_it_records_less(alone, tmp_path):
    file, results = alone
    outcome = as_outcome(perform(task_of(file), str(tmp_path)))
    assert outcome.status == "finished"
    assert outcome.content_hash == results.run["content_hash"]
    figures = {name: figure["value"] for name, figure in summary(results).items()}
    assert {name: figure[0] for name, figure in outcome.figures.items()} == figures
    assert [list(row) for row in outcome.benefits] == benefits(results).to_numpy().tolist()


def test_it_leaves_nothing_behind_and_goes_through_json(tmp_path):
    file = write(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    content = perform(task_of(file), str(scratch))
    assert not list(scratch.iterdir())
    assert as_outcome(json.loads(json.dumps(content))) == as_outcome(content)


def test_figures_of_a_period_are_those_of_its_intervals(alone, tmp_path):
    _, results = alone
    outcome = as_outcome(perform(task_of(write(tmp_path, with_period)), str(tmp_path)))
    whole = {figure.name: figure.value for figure in period_figures(results, FIRST, LAST)}
    assert outcome.figures["mean_price@early"][0] == whole["mean_price"]
    assert outcome.figures["mean_price@early"][0] != outcome.figures["mean_price"][0]


def test_appraisals_that_a_metric_asks_for_are_recorded_for_and_computed(tmp_path, monkeypatch):
    def count(results, loaded):
        orders = float(len(results.orders))
        return [
            KeyFigure("counted_orders", orders, "", "Orders in the book"),
            KeyFigure("counted_nothing", float("nan"), "", "Not defined"),
            KeyFigure("counted_seed", float(loaded.seed), "", "Seed"),
        ]

    appraisals.names()
    found = {"counting": Appraisal(("counted_{what}",), count, {"orders": True})}
    monkeypatch.setattr(appraisals, "_entries", found)
    file = write(tmp_path, lambda table: table["experiment"].update(metrics=["counted_orders"]))
    task = task_of(file)
    assert task.appraisals == ("counting",)
    assert "orders = true" in task.text
    outcome = as_outcome(perform(task, str(tmp_path)))
    assert outcome.figures["counted_orders"][0] > 0
    assert outcome.figures["counted_seed"][0] == 1
    assert "counted_nothing" not in outcome.figures


def test_a_run_that_raises_has_failed_with_its_reason(tmp_path, monkeypatch):
    def broken(*_):
        raise InputError(["no wind", "no sun"])

    task = task_of(write(tmp_path))
    monkeypatch.setattr("scenarios.experiments.perform.carry_out", broken)
    outcome = as_outcome(perform(task, str(tmp_path)))
    assert (outcome.status, outcome.reason) == ("failed", "no wind; no sun")
    assert outcome.figures is None


def test_a_fault_of_the_program_is_named_with_its_kind(tmp_path, monkeypatch):
    def broken(*_):
        raise MemoryError

    task = task_of(write(tmp_path))
    monkeypatch.setattr("scenarios.experiments.perform.carry_out", broken)
    assert perform(task, str(tmp_path))["reason"] == "MemoryError"


def test_a_machine_with_another_program_or_other_data_refuses(tmp_path):
    task = replace(task_of(write(tmp_path)), key="of another program")
    outcome = perform(task, str(tmp_path))
    assert (outcome["status"], outcome["reason"]) == ("failed", OTHER_PROGRAM)


def test_the_seed_of_the_task_counts(tmp_path):
    task = task_of(write(tmp_path))
    other = replace(task, seed=7)
    other = replace(other, key=task_key(other))
    hashes = {perform(one, str(tmp_path))["content_hash"] for one in (task, other)}
    assert len(hashes) == 2
