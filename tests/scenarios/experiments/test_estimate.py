"""What an experiment will take: how many runs, and time that grows with what is missing."""

from dataclasses import replace

import pytest

from scenarios.cli_experiment import estimate_text
from scenarios.experiments.estimate import Estimate, estimate
from scenarios.experiments.loader import load_experiment
from tests.scenarios.experiments.small_experiments import run, write

EXPECTED = Estimate(4, 2, 8, 3, 50.0, 2e6, 3e5)


def loaded(folder, **header):
    return load_experiment(str(write(folder, lambda table: table["experiment"].update(header))))


def days(count):
    return {
        "set": {
            "time.days": count,
            "generator.wind.outages": {"mtbf_hours": 90.0, "mttr_hours": 1.0},
        }
    }


def test_runs_and_what_is_there(tmp_path):
    file = write(tmp_path)
    run(file, tmp_path / "out")
    first = sorted((tmp_path / "out" / "runs").iterdir())[0]
    there = estimate(load_experiment(str(file)), tmp_path / "out")
    assert (there.runs, there.kept, there.missing) == (4, 4, 0)
    assert there.wall_seconds(1) == 0
    first.unlink()
    less = estimate(load_experiment(str(file)), tmp_path / "out")
    none = estimate(load_experiment(str(file)), None)
    assert (less.missing, none.missing) == (1, 4)
    assert 0 < less.seconds < none.seconds
    assert none.kept_bytes == pytest.approx(4 * less.kept_bytes, rel=0.05)


def test_kept_bytes_are_about_right(tmp_path):
    file = write(tmp_path)
    expected = estimate(load_experiment(str(file)), None)
    run(file, tmp_path / "out")
    size = sum(path.stat().st_size for path in (tmp_path / "out" / "runs").iterdir())
    assert 0.5 < expected.kept_bytes / size < 2


def test_longer_runs_take_longer(tmp_path):
    short = estimate(loaded(tmp_path, **days(4)), None)
    long = estimate(loaded(tmp_path, **days(400)), None)
    assert long.seconds > 2 * short.seconds


def test_a_run_that_cannot_be_shortened_is_not_guessed_at(tmp_path, monkeypatch):
    def broken(*_):
        raise ValueError("not so short")

    monkeypatch.setattr("scenarios.experiments.estimate.outcome_of", broken)
    expected = estimate(loaded(tmp_path), None)
    assert (expected.seconds, expected.reason) == (None, "ValueError: not so short")


@pytest.mark.parametrize(("jobs", "seconds"), [(1, 50.0), (2, 25.0), (5, 10.0), (64, 10.0)])
def test_no_more_run_at_a_time_than_there_are(jobs, seconds):
    assert EXPECTED.wall_seconds(jobs) == seconds


def test_words():
    assert estimate_text("x", EXPECTED, 2) == (
        "x: 4 arms x 2 seeds, 8 runs, 3 of them there already\n"
        "about 25 s with 2 at a time; disk: about 2 MB, and 0.6 MB while runs last"
    )
    assert "about 50 s of computing on the cluster" in estimate_text("x", EXPECTED, None)
    assert estimate_text("x", replace(EXPECTED, kept=8), 2).endswith("; nothing to run")
    unknown = replace(EXPECTED, seconds=None, reason="no sun")
    assert "no estimate of time: a run of one day fails (no sun)" in estimate_text("x", unknown, 2)
