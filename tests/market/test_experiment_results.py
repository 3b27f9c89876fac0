"""Opening the directory of an experiment, whole and damaged."""

import json

import pandas as pd
import pytest

from market import ExperimentResults, InputError, talatan_experiment, talatan_results
from tests.plots.fake_experiment import FakeExperiment, write_experiment
from tests.plots.fake_run import FakeRun, write_run

TWO = FakeExperiment(factors={"mechanism": ["uniform", "pay-as-bid"], "cap": [500, 800]})


@pytest.fixture
def place(tmp_path):
    return write_experiment(tmp_path / "x", TWO)


def edit(place, **changes):
    file = place / "experiment.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def problem(place):
    with pytest.raises(InputError) as raised:
        talatan_experiment(place)
    (text,) = raised.value.problems
    return text


def test_what_was_asked(place):
    results = talatan_experiment(place)
    assert results.factors == ["mechanism", "cap"]
    assert results.arms[0] == results.baseline == "mechanism=uniform, cap=500"
    assert results.figure("mean_price")["unit"] == "CNY/MWh"
    assert (results.currency, results.question) == ("CNY", "Which rule is best?")
    assert repr(results) == f"ExperimentResults({str(place)!r})"


def test_tables_are_read_when_asked_for(place):
    results = talatan_experiment(place)
    (place / "benefits.parquet").write_bytes(b"")
    assert len(results.table) == 4 * 4 * len(results.metrics)
    with pytest.raises(InputError, match=r"benefits.parquet: damaged"):
        results.benefits  # noqa: B018


def test_a_notebook_shows_the_summary(place):
    edit(place, question="<b>?")
    shown = talatan_experiment(place)._repr_html_()
    assert "&lt;b&gt;?" in shown
    assert "mean_price" in shown


def test_optional_tables_are_empty_where_absent(place):
    for name in ("effects", "sensitivity", "benefits"):
        (place / f"{name}.parquet").unlink(missing_ok=True)
    results = talatan_experiment(place)
    assert results.effects.empty
    assert "share_pct" in results.effects.columns
    assert results.sensitivity.empty
    assert results.benefits.empty


def test_a_matrix_has_the_means_of_its_cells(place):
    results = talatan_experiment(place)
    matrix = results.matrix("mean_price", "cap", "mechanism")
    rows = results.table[results.table["metric"] == "mean_price"]
    cell = rows[(rows["cap"] == 800) & (rows["mechanism"] == "uniform")]
    assert matrix.loc[800.0, "uniform"] == pytest.approx(cell["value"].mean())
    assert matrix.shape == (2, 2)


def test_what_is_not_there_is_refused_with_what_is(place):
    results = talatan_experiment(place)
    asked = [
        (lambda: results.figure("price"), "'price' is no metric of this experiment; known: curt"),
        (lambda: results.differences("price"), "no metric"),
        (lambda: results.matrix("mean_price", "cap", "floor"), "no factor floor; its factors: m"),
        (lambda: results.winners("vcg"), "no arm 'vcg'; its arms: mechanism=uniform, cap=500"),
        (lambda: results.winners(results.arms[1], by="zone"), "use 'role' or 'account'"),
    ]
    for ask, text in asked:
        with pytest.raises(InputError) as raised:
            ask()
        assert text in str(raised.value)


def test_samples_have_no_baseline(tmp_path):
    fake = FakeExperiment(design="lhs", factors={"a": (0, 1), "b": (1, 5)})
    results = talatan_experiment(write_experiment(tmp_path / "x", fake))
    assert results.baseline is None
    with pytest.raises(InputError, match="has no baseline"):
        results.winners("sample-001")


def test_places_that_are_no_experiment(tmp_path, place):
    assert "no such directory" in problem(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "it has no experiment.json" in problem(tmp_path / "empty")
    run = write_run(tmp_path / "run", FakeRun(days=1))
    assert "is a run, not an experiment" in problem(run)
    with pytest.raises(InputError, match="is an experiment, not a run"):
        talatan_results(place)


@pytest.mark.parametrize(
    ("status", "text"), [("running", "--resume"), ("interrupted", "--resume"), ("odd", "'odd'")]
)
def test_unfinished_experiments_are_refused(place, status, text):
    edit(place, status=status)
    assert text in problem(place)


@pytest.mark.parametrize("content", ["{", "[]", '{"status": "finished"}'])
def test_a_damaged_header(place, content):
    (place / "experiment.json").write_text(content)
    assert "experiment.json" in problem(place)


def test_a_table_that_is_gone_cut_or_foreign(place):
    table = pd.read_parquet(place / "results.parquet")
    table.iloc[:-1].to_parquet(place / "results.parquet")
    assert "79 rows, but 4 arms, 4 seeds and 5 metrics make 80" in problem(place)
    (place / "summary.parquet").unlink()
    assert "it lacks summary.parquet" in problem(place)
    table.rename(columns={"value": "x"}).to_parquet(place / "results.parquet")
    with pytest.raises(InputError, match="no column value"):
        ExperimentResults(place).table  # noqa: B018
    table.drop(columns="cap").to_parquet(place / "results.parquet")
    with pytest.raises(InputError, match="no column cap"):
        ExperimentResults(place).table  # noqa: B018
