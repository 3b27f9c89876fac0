"""The key of a run: it changes with all that the outcome depends on, and with nothing else."""

import pytest

from scenarios.experiments import tasks as module
from scenarios.experiments.loader import load_experiment
from scenarios.experiments.tasks import task_key, tasks
from tests.scenarios.experiments.small_experiments import EXPERIMENT, WORLD, write

FILED = WORLD.replace("demand_mw = 9", 'demand_mw = { file = "demand.csv" }')


def keys(file):
    return {(task.arm, task.seed): task.key for task in tasks(load_experiment(str(file)))}


def demand(folder, mw):
    rows = (f"2025-06-01T{hour:02d}:00:00+08:00,{mw}\n" for hour in range(6))
    (folder / "demand.csv").write_text("time,mw\n" + "".join(rows))


def header(**values):
    return lambda table: table["experiment"].update(values)


def test_every_arm_and_seed_has_a_key_of_its_own(tmp_path):
    found = keys(write(tmp_path))
    assert len(set(found.values())) == len(found) == 4


def test_all_arms_of_a_seed_come_together(tmp_path):
    file = write(tmp_path, header(seeds=3))
    seeds = [task.seed for task in tasks(load_experiment(str(file)))]
    assert seeds == sorted(seeds)


@pytest.mark.parametrize(
    "change",
    [
        header(name="other", question="And now?", caveats=["none"]),
        header(metrics=["max_price"]),
        header(baseline={"cap": 400}),
        header(seeds=[2, 1, 3]),
        lambda table: table["factor"][1]["levels"].append(700),
        lambda table: table["factor"][1].update(name="limit"),
    ],
)
def test_what_does_not_enter_a_run_leaves_its_key_alone(change, tmp_path):
    before = set(keys(write(tmp_path)).values())
    assert before <= set(keys(write(tmp_path, change)).values())


@pytest.mark.parametrize(
    "change",
    [
        header(set={"load.town.demand_mw": 8}),
        lambda table: table.update(
            period=[
                {
                    "name": "p",
                    "start": "2025-06-01T00:00:00+08:00",
                    "end": "2025-06-01T03:00:00+08:00",
                }
            ],
            experiment=table["experiment"] | {"metrics": ["mean_price@p"]},
        ),
    ],
)
def test_what_enters_a_run_changes_its_key(change, tmp_path):
    before = set(keys(write(tmp_path)).values())
    assert not before & set(keys(write(tmp_path, change)).values())


def test_another_program_is_another_key(tmp_path, monkeypatch):
    file = write(tmp_path)
    before = set(keys(file).values())
    monkeypatch.setattr(module, "program", lambda: "another")
    assert not before & set(keys(file).values())


def test_the_content_of_data_files_counts_and_not_where_they_are(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there" / "below"
    for folder in (here, there):
        folder.mkdir(parents=True)
        demand(folder, 9)
    before = keys(write(here, world=FILED))
    assert keys(write(there, world=FILED)) == before
    demand(here, 8)
    assert not set(keys(here / "experiment.toml").values()) & set(before.values())


def test_arms_with_the_same_rules_share_their_runs(tmp_path):
    text = EXPERIMENT.replace('["uniform", "pay-as-bid"]', '["uniform", {label = "as it is"}]')
    world = WORLD.replace("price_floor = 0", 'price_floor = 0\nmechanism = "uniform"')
    found = keys(write(tmp_path, text=text, world=world))
    assert len(found) == 4
    assert len(set(found.values())) == 2


def test_a_worker_finds_the_same_key(tmp_path):
    for task in tasks(load_experiment(str(write(tmp_path)))):
        assert task_key(task) == task.key
