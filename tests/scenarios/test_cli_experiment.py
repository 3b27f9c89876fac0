"""`talatan experiment` as typed: what is printed, and the exit status."""

import json

import pytest
from typer.testing import CliRunner

from market import InputError
from scenarios.cli import app
from scenarios.experiments import workers
from tests.scenarios.experiments import dying
from tests.scenarios.experiments.small_experiments import kept, write


@pytest.fixture
def talatan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path)

    def run(*words):
        return CliRunner().invoke(app, ["experiment", "experiment.toml", *words])

    return run


def test_a_dry_run_says_what_it_would_take_and_writes_nothing(talatan, tmp_path):
    before = sorted(tmp_path.iterdir())
    done = talatan("--dry-run")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("small: 4 arms x 1 seeds, 4 runs\nabout ")
    assert sorted(tmp_path.iterdir()) == before


def test_a_dry_run_as_json(talatan):
    found = json.loads(talatan("--dry-run", "--json", "--jobs", "3").output)
    assert (found["runs"], found["missing"], found["jobs"]) == (4, 4, 3)
    assert found["seconds"] > 0


def test_it_shows_the_answer_and_then_only_what_is_new(talatan, tmp_path):
    done = talatan("--jobs", "2")
    assert done.exit_code == 0, done.output
    assert "What does the rule do?" in done.output
    assert len(kept(tmp_path / "experiments" / "small")) == 4
    again = talatan("--resume")
    assert "4 runs, 4 of them there already; nothing to run" in again.output
    found = json.loads(talatan("--resume", "--json").output)
    assert found["runs"] == {"total": 4, "finished": 4, "failed": 0}
    assert talatan("--resume", "--quiet").output == ""


def test_the_schema_of_the_file_names_every_key():
    schema = json.loads(CliRunner().invoke(app, ["schema", "--experiment"]).output)
    assert list(schema["properties"]) == ["experiment", "factor", "variant", "period"]
    keys = [field for node in schema["$defs"].values() for field in node["properties"].values()]
    assert all(field["description"] for field in keys)


def test_where_all_runs_fail_the_exit_status_says_so(talatan, monkeypatch):
    monkeypatch.setattr(workers, "perform_watched", dying.leave)
    done = talatan("--quiet", "--out", "out")
    assert done.exit_code == 1
    assert "all 4 runs failed" in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--resume", "--force"), "--force forgets what --resume keeps; give one of the two"),
        (("--scheduler", "nobody"), "no Dask scheduler answers there"),
        (("--data", "nowhere"), "is not a directory"),
    ],
)
def test_options_that_make_no_sense(talatan, words, expected):
    error = talatan(*words).exception
    assert isinstance(error, InputError)
    assert expected in str(error)
