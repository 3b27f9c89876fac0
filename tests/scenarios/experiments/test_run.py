"""An experiment in its directory: the same tables however it is run, and nothing is run twice."""

import json
import os
import signal

import pandas as pd
import pytest

from market import InputError, talatan_experiment
from scenarios import load_experiment, run_experiment
from scenarios.experiments import workers
from scenarios.runs import alone
from tests.scenarios.experiments import dying
from tests.scenarios.experiments.small_experiments import (
    below,
    is_alive,
    kept,
    run,
    start,
    tables,
    wait_until,
    write,
)


def with_levels(*levels):
    return lambda table: table["factor"][0].update(levels=list(levels))


def one_factor(*levels, **header):
    def change(table):
        table["factor"] = [table["factor"][0] | {"levels": list(levels)}]
        table["experiment"] |= header

    return change


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The small experiment, run once: its file and its directory."""
    folder = tmp_path_factory.mktemp("reference")
    file = write(folder)
    run(file, folder / "out")
    return file, folder / "out"


def status(out):
    return json.loads((out / "experiment.json").read_text())["status"]


def test_the_directory_is_what_it_is_said_to_be(reference):
    _, out = reference
    results = talatan_experiment(out)
    header = results.experiment
    assert header["runs"] == {"total": 4, "finished": 4, "failed": 0}
    assert [metric["unit"] for metric in header["metrics"]] == ["CNY/MWh", "MWh"]
    assert header["baseline"] == "mechanism=uniform, cap=1000"
    assert [factor["levels"] for factor in header["factors"]] == [
        ["uniform", "pay-as-bid"],
        [1000, 400],
    ]
    assert len(results.table) == 8
    assert len(kept(out)) == 4
    assert not (out / "scratch").exists()


def test_values_are_those_that_the_runs_gave(reference):
    _, out = reference
    table = talatan_experiment(out).table.set_index(["arm", "seed", "metric"])["value"]
    for file in kept(out):
        content = json.loads(file.read_text())
        for metric in ("mean_price", "curtailed_mwh"):
            place = content["arm"], content["seed"], metric
            assert table[place] == content["figures"][metric][0]


def test_two_at_a_time_give_the_same_tables_bit_for_bit(reference, tmp_path):
    file, out = reference
    run(file, tmp_path / "two", jobs=2)
    assert tables(tmp_path / "two") == tables(out)


def test_a_new_level_runs_only_what_is_new(tmp_path):
    out = tmp_path / "out"
    run(write(tmp_path, with_levels("uniform")), out)
    before = {file: file.stat().st_mtime_ns for file in kept(out)}
    assert len(before) == 2
    run(write(tmp_path), out, resume=True)
    assert len(kept(out)) == 4
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_another_metric_or_baseline_runs_nothing(reference, tmp_path, monkeypatch):
    _, out = reference
    there = tmp_path / "there"
    there.mkdir()
    for file in (out / "experiment.json", *out.glob("*.parquet")):
        (there / file.name).write_bytes(file.read_bytes())
    (there / "runs").symlink_to(out / "runs")
    monkeypatch.setattr(workers, "perform_watched", dying.leave)

    def change(table):
        table["experiment"] |= {"metrics": ["max_price"], "baseline": {"cap": 400}}

    results = run(write(tmp_path, change), there, resume=True)
    assert results.metrics == ["max_price"]
    assert results.baseline == "mechanism=uniform, cap=400"
    assert results.failures.empty


def test_what_is_damaged_is_run_again(reference, tmp_path):
    file, out = reference
    again = tmp_path / "again"
    run(file, again)
    first, second, *_ = kept(again)
    first.write_text(first.read_text()[:-40])
    second.unlink()
    (again / "results.parquet").unlink()
    run(file, again, resume=True)
    assert tables(again) == tables(out)


def test_a_failing_arm_is_reported_with_its_reason_and_the_others_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "perform_watched", dying.one_of_them)
    file = write(tmp_path, one_factor("uniform", "vcg"))
    results = run(file, tmp_path / "out")
    assert results.experiment["runs"] == {"total": 2, "finished": 1, "failed": 1}
    assert results.failures["arm"].tolist() == ["vcg"]
    assert results.failures["reason"].str.startswith("its process ended by signal 9").all()
    values = results.table.set_index("arm")["value"]
    assert values["vcg"].isna().all()
    assert values["uniform"].notna().all()
    monkeypatch.undo()
    results = run(file, tmp_path / "out", resume=True)
    assert results.experiment["runs"] == {"total": 2, "finished": 2, "failed": 0}
    assert results.table["value"].notna().all()


def test_arms_with_the_same_rules_are_run_once(tmp_path):
    levels = ["uniform", {"label": "also", "set": {"market.energy.mechanism": "uniform"}}]
    results = run(write(tmp_path, one_factor(*levels)), tmp_path / "out")
    assert len(kept(tmp_path / "out")) == 1
    table = results.table.pivot_table("value", ["seed", "metric"], "arm")
    pd.testing.assert_series_equal(table["uniform"], table["also"], check_names=False)


def test_a_finished_directory_is_not_overwritten(reference):
    file, out = reference
    before = tables(out)
    with pytest.raises(InputError, match="holds a finished experiment; add --resume to run only"):
        run(file, out)
    assert tables(out) == before


def test_another_experiment_is_not_taken_up(reference, tmp_path):
    _, out = reference
    other = write(tmp_path, lambda table: table["experiment"].update(name="other"))
    with pytest.raises(InputError, match="the experiment there is another one, small"):
        run(other, out, resume=True)


def test_a_directory_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    for options in ({}, {"force": True}, {"resume": True}):
        with pytest.raises(InputError, match="is not empty and not an experiment"):
            run(write(tmp_path), tmp_path / "out", **options)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file; give a directory"):
        run(write(tmp_path), tmp_path / "file")


@pytest.mark.parametrize("content", ['{"experiment": "of another program"}', "not JSON"])
def test_a_header_of_another_program_is_left_alone(tmp_path, content):
    out = tmp_path / "project"
    (out / "scratch").mkdir(parents=True)
    (out / "scratch" / "mine.txt").write_text("mine")
    (out / "experiment.json").write_text(content)
    for how in ({"force": True}, {"resume": True}, {}):
        with pytest.raises(InputError, match="is damaged, or of another program"):
            run(write(tmp_path, one_factor("uniform")), out, **how)
    assert (out / "scratch" / "mine.txt").is_file()
    assert (out / "experiment.json").read_text() == content


def test_force_runs_all_again(tmp_path):
    file, out = write(tmp_path, one_factor("uniform")), tmp_path / "out"
    run(file, out)
    (before,) = kept(out)
    (out / "runs" / f"{'0' * 32}.json").write_text("{}")
    (out / "runs" / "mine.csv").write_text("not a run's")
    stamp = before.stat().st_mtime_ns
    run(file, out, force=True)
    assert kept(out) == [before]
    assert (out / "runs" / "mine.csv").is_file()
    assert before.stat().st_mtime_ns > stamp


def test_nobody_else_writes_meanwhile(tmp_path):
    file, out = write(tmp_path), tmp_path / "out"
    out.mkdir()
    with alone(out), pytest.raises(InputError, match="another run is writing there"):
        run(file, out)


def test_from_python(tmp_path):
    loaded = load_experiment(write(tmp_path, one_factor("uniform", seeds=[4])))
    results = run_experiment(loaded, out=tmp_path / "out", jobs=1)
    assert results.table["seed"].unique().tolist() == [4]
    again = run_experiment(tmp_path / "experiment.toml", out=tmp_path / "out", resume=True)
    assert again.experiment["table_hash"] == results.experiment["table_hash"]


def test_a_script_that_its_runs_would_start_again_is_told_so(tmp_path):
    write(tmp_path, one_factor("uniform"))
    script = tmp_path / "script.py"
    script.write_text("import scenarios\nscenarios.run_experiment('experiment.toml', jobs=1)\n")
    _, said = start(script, cwd=tmp_path).communicate(timeout=60)
    assert 'put its call of run_experiment under if __name__ == "__main__":' in said


def test_interrupted_it_says_how_to_take_it_up_and_can_be(reference, tmp_path):
    file, out = reference
    there = tmp_path / "out"
    words = ["experiment", file, "--out", there, "--jobs", 2]
    process = start("-m", "scenarios", *words, cwd=tmp_path)
    wait_until(lambda: list(there.glob("scratch/*")))  # a run is under way
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    typed = " ".join(map(str, words))
    assert said == f"talatan: interrupted; to take it up again: talatan {typed} --resume\n"
    assert status(there) == "interrupted"
    assert not (there / "scratch").exists()
    with pytest.raises(InputError, match="holds an experiment that is interrupted; add --resume"):
        run(file, there)
    run(file, there, resume=True)
    assert tables(there) == tables(out)


def test_killed_again_and_again_it_loses_nothing_and_its_runs_end_too(reference, tmp_path):
    file, out = reference
    there = tmp_path / "out"
    script = tmp_path / "script.py"
    script.write_text(
        "import scenarios\n"
        "if __name__ == '__main__':\n"
        f"    scenarios.run_experiment({str(file)!r}, out={str(there)!r}, jobs=2, resume=True)\n"
    )
    for count in (0, 1, 3):
        process = start(script, cwd=tmp_path)
        wait_until(lambda: (there / "experiment.json").is_file())
        wait_until(lambda count=count: len(kept(there)) >= count)
        others = below(process.pid)
        process.kill()
        process.communicate()
        wait_until(lambda others=others: not any(map(is_alive, others)), 20)
        assert all(json.loads(one.read_text())["status"] == "finished" for one in kept(there))
    run(file, there, resume=True)
    assert tables(there) == tables(out)
