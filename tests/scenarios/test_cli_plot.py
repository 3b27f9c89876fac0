"""`talatan plot` draws runs and experiments, and says what it does not draw."""

import json

import pytest
from typer.testing import CliRunner

from market import InputError
from scenarios.catalogue import catalogue
from scenarios.cli import app
from tests.plots.fake_experiment import FakeExperiment, write_experiment
from tests.plots.fake_run import FakeRun, write_run

METRICS = ("mean_price", "efficiency")


@pytest.fixture
def directory(tmp_path):
    fake = FakeExperiment({"mechanism": ["uniform", "vcg"]}, seeds=2, metrics=METRICS)
    return write_experiment(tmp_path / "e", fake)


def plotted(*words):
    done = CliRunner().invoke(app, ["plot", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout.split("\n")[:-1], done.stderr.split("\n")[:-1]


def test_an_experiment(directory):
    files, told = plotted(directory)
    names = ["differences", "response", "tradeoff", "winners"]
    assert files == [str(directory / "figures" / f"{name}.png") for name in names]
    assert [line.split(":")[0] for line in told] == ["grid", "scatter", "tornado"]


def test_metrics_of_an_experiment(directory, tmp_path):
    words = ["--metric", "efficiency", "--kind", "response", "--format", "svg", "--out"]
    files, told = plotted(directory, *words, tmp_path / "o")
    assert files == [str(tmp_path / "o" / "response-efficiency.svg")]
    assert not told
    files, _ = plotted(directory, "--metric", "all", "--kind", "differences")
    assert len(files) == len(METRICS)


def test_a_run(tmp_path):
    run = write_run(tmp_path / "r", FakeRun(days=0.2))
    files, told = plotted(run, "--kind", "prices")
    assert files == [str(run / "figures" / "prices.png")]
    assert not told
    with pytest.raises(InputError, match="'metric'"):
        plotted(run, "--metric", "mean_price")


def test_an_experiment_that_is_not_finished(directory):
    file = directory / "experiment.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(content | {"status": "interrupted"}), encoding="utf-8")
    with pytest.raises(InputError, match="interrupted"):
        plotted(directory)


def test_the_list_of_plots_has_both_kinds():
    lines = dict(catalogue("plots"))
    assert lines["winners"].startswith("of experiments: Draw who gains")
    assert lines["dispatch"].startswith("Draw power")
