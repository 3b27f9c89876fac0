"""Runs on this machine: what is done when the process of one dies."""

import os

import pytest

from scenarios.experiments import workers
from scenarios.experiments.loader import load_experiment
from scenarios.experiments.perform import perform
from scenarios.experiments.tasks import tasks
from tests.scenarios.experiments import dying
from tests.scenarios.experiments.small_experiments import write


@pytest.fixture
def few(tmp_path):
    """Two tasks: one arm with one seed each of two mechanisms."""

    def change(table):
        table["factor"] = [table["factor"][0] | {"levels": ["uniform", "vcg"]}]

    return list(tasks(load_experiment(str(write(tmp_path, change)))))


def done(few, jobs, scratch):
    return {task.arm: outcome for task, outcome in workers.locally(few, jobs, str(scratch))}


def without_time(outcome):
    return {name: value for name, value in outcome.items() if name != "seconds"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_process_gives_what_the_same_function_gives_here(few, tmp_path, jobs):
    here = {task.arm: perform(task, str(tmp_path)) for task in few}
    there = done(few, jobs, tmp_path)
    assert {arm: without_time(one) for arm, one in there.items()} == {
        arm: without_time(one) for arm, one in here.items()
    }


def test_a_run_whose_process_dies_is_tried_again(few, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "perform_watched", dying.once)
    found = done(few, 2, tmp_path)
    assert [outcome["status"] for outcome in found.values()] == ["finished"] * 2
    assert len(list(tmp_path.glob("tried-*"))) == 2


def test_a_run_whose_process_dies_twice_has_failed_and_the_others_go_on(few, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "perform_watched", dying.one_of_them)
    found = done(few, 2, tmp_path)
    assert found["uniform"]["status"] == "finished"
    assert found["vcg"]["status"] == "failed"
    assert found["vcg"]["reason"] == (
        "its process ended by signal 9, 2 times; often the memory does not suffice for so many "
        "runs at a time"
    )


def test_a_process_that_leaves_says_with_what_status(few, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "perform_watched", dying.leave)
    found = done(few[:1], 1, tmp_path)
    assert found["uniform"]["reason"] == "its process ended with exit status 3, 2 times"


def test_a_run_that_wants_the_program_to_end_is_a_failed_run(few, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "perform_watched", dying.resign)
    (outcome,) = done(few[:1], 1, tmp_path).values()
    assert (outcome["status"], outcome["reason"]) == ("failed", "SystemExit: enough")


def test_every_run_has_a_process_of_its_own_with_one_thread(few, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "perform_watched", dying.surroundings)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    found = list(done(few, 1, tmp_path).values())
    assert [one["threads"] for one in found] == ["1", "1"]
    assert len({one["pid"] for one in found} | {os.getpid()}) == 3
    assert "OMP_NUM_THREADS" not in os.environ


def test_runs_under_way_end_with_whoever_asked_for_them(few, tmp_path):
    from multiprocessing import active_children

    name = f"talatan {tmp_path}"
    outcomes = workers.locally(few * 20, 2, str(tmp_path))
    next(outcomes)
    assert [child for child in active_children() if child.name == name]
    outcomes.close()
    left = [child for child in active_children() if child.name == name]
    for child in left:
        child.join(5)
    assert not [child for child in active_children() if child.name == name]


def test_usable_cores_are_those_this_process_may_use():
    assert 1 <= workers.usable_cores() <= (os.cpu_count() or 1)
