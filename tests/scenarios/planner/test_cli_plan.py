"""`talatan plan` prints how good a run was and writes it into the run's directory."""

import json

import pytest
from typer.testing import CliRunner

from market import InputError
from scenarios.cli import app
from scenarios.planner import FIGURES, STORAGE_FIGURES
from tests.scenarios.planner.planned import run_world, series, world, write_world
from tests.scenarios.running import run


def planned(*words):
    done = CliRunner().invoke(app, ["plan", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def a_world(place):
    coal = {"kind": "thermal", "name": "coal", "capacity_mw": 2, "marginal_cost": 300.0}
    town = {"name": "town", "demand_mw": series("demand")}
    text = world(6, ("[[load]]", town), ("[[generator]]", coal))
    return write_world(place, text, demand=[1.0] * 6)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return run("tutorial", tmp_path_factory.mktemp("cli") / "tutorial").path


def test_it_shows_the_figures_and_keeps_them(directory):
    shown = planned(directory)
    kept = json.loads((directory / "planner.json").read_text(encoding="utf-8"))
    assert tuple(kept) == (*FIGURES, *STORAGE_FIGURES)
    assert all(name in shown for name in kept)
    assert f"{kept['efficiency']['value']:.6f}" in shown
    assert set(kept["efficiency"]) == {"value", "unit", "meaning"}
    assert not list(directory.glob("*.part"))


def test_json_is_what_is_kept(directory):
    shown = json.loads(planned(directory, "--json"))
    assert shown == json.loads((directory / "planner.json").read_text(encoding="utf-8"))


def test_parts_of_a_given_length(directory):
    whole, parts = (
        json.loads(planned(directory, "--json", *words)) for words in ((), ("--window-days", 0.25))
    )
    bounds = [found["planner_welfare_amount"]["value"] for found in (parts, whole)]
    assert bounds[0] >= bounds[1] - 1e-6


def test_a_run_made_anew_has_no_plan_of_the_old_one(tmp_path):
    file = a_world(tmp_path)
    results, _ = run_world(file)
    planned(results.path)
    assert (results.path / "planner.json").is_file()
    run_world(file)
    assert not (results.path / "planner.json").exists()


@pytest.mark.parametrize("days", ["0", "-3", "nan", "inf"])
def test_lengths_that_are_none(directory, days):
    with pytest.raises(InputError, match=r"--window-days .*: must be a number of days above 0"):
        planned(directory, f"--window-days={days}")


def test_an_unfinished_run(tmp_path):
    with pytest.raises(InputError, match="no such run directory"):
        planned(tmp_path / "none")
    content = {
        **{"scenario": "s", "seed": 1, "status": "interrupted", "currency": "CNY"},
        **{"interval_minutes": 60, "start": "2023-06-01T00:00:00+08:00", "zones": ["main"]},
    }
    (tmp_path / "run.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="interrupted; finish it"):
        planned(tmp_path)


def test_data_files_that_are_gone_are_named(tmp_path):
    file = a_world(tmp_path / "there")
    results, _ = run_world(file)
    (file.parent / "world.csv").rename(tmp_path / "world.csv")
    with pytest.raises(InputError, match=r"world.csv: there is no such file, .* --data DIR"):
        planned(results.path)
    assert "efficiency" in planned(results.path, "--data", tmp_path)
