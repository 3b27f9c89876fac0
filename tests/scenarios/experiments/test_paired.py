"""Arms are pairs: with one seed they have the same weather, failures and jobs, by any rule."""

import tomllib
from pathlib import Path

import pytest

from scenarios.experiments.loader import load_experiment
from scenarios.experiments.tasks import tasks
from scenarios.loader import load_text
from scenarios.runs import execute, prepare
from scenarios.toml_text import write_toml
from tests.scenarios.experiments.small_experiments import write
from tests.scenarios.test_reproducibility import TEXT, jobs_of, weather_of


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Weather and jobs of both arms with two seeds; units recorded, so that they can be seen."""
    folder = tmp_path_factory.mktemp("paired")

    def change(table):
        table["factor"] = [table["factor"][0]]
        table["experiment"]["seeds"] = 2

    found = {}
    for task in tasks(load_experiment(str(write(folder, change, world=TEXT)))):
        raw = tomllib.loads(task.text)
        raw["recording"]["units"] = True
        loaded = load_text(write_toml(raw), Path(task.base_dir), None, task.seed)
        out = folder / task.key
        prepare(out, force=False, resume=False)
        results = execute(loaded, out)
        found[task.arm, task.seed] = (
            weather_of(results),
            jobs_of(loaded.text, folder),
            results.run["content_hash"],
        )
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_arms_share_weather_failures_and_jobs(runs, seed):
    (weather, jobs, result), (weather_, jobs_, result_) = (
        runs[arm, seed] for arm in ("uniform", "pay-as-bid")
    )
    assert weather
    assert jobs
    assert weather == weather_
    assert jobs == jobs_
    assert result != result_


def test_seeds_do_not(runs):
    (weather, jobs, _), (weather_, jobs_, _) = runs["uniform", 1], runs["uniform", 2]
    assert weather != weather_
    assert jobs != jobs_
