"""Runs on a Dask cluster: the same tables, and clear words when there is no cluster."""

import sys

import pytest

from market import InputError
from scenarios.experiments import cluster
from scenarios.experiments.loader import load_experiment
from scenarios.experiments.tasks import tasks
from tests.scenarios.experiments.small_experiments import kept, run, tables, write


@pytest.fixture(scope="module")
def address():
    """A scheduler with two worker processes of one thread each."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local:
        yield local.scheduler_address


def test_a_cluster_gives_the_same_tables_bit_for_bit(address, tmp_path):
    file = write(tmp_path)
    run(file, tmp_path / "here", jobs=2)
    results = run(file, tmp_path / "there", scheduler=address)
    assert tables(tmp_path / "there") == tables(tmp_path / "here")
    assert results.experiment["scheduler"] == address
    assert len(kept(tmp_path / "there")) == 4


def test_what_fails_there_is_a_failed_run(address, tmp_path, monkeypatch):
    few = list(tasks(load_experiment(str(write(tmp_path)))))[:1]
    monkeypatch.setattr(cluster, "perform", len)
    ((task, outcome),) = cluster.on_cluster(few, address)
    assert task == few[0]
    assert outcome["status"] == "failed"
    assert outcome["reason"].startswith("TypeError: ")


def test_machines_with_another_program_are_named(address, tmp_path, monkeypatch):
    here = iter(["another", "another"])
    monkeypatch.setattr(cluster, "digest_here", lambda: next(here))
    with pytest.raises(InputError, match=r"other versions of the program.* on tcp://.*, tcp://"):
        list(cluster.on_cluster([], address))


def test_machines_without_the_program_are_said_so(address, monkeypatch):
    def absent():
        raise ModuleNotFoundError("No module named 'scenarios'")

    monkeypatch.setattr(cluster, "program", absent)
    with pytest.raises(InputError, match=r"cannot run talatan \(ModuleNotFoundError: No module"):
        list(cluster.on_cluster([], address))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nobody", "tcp://", "", "tcp://x:y"])
def test_no_cluster_is_one_sentence(address):
    with pytest.raises(InputError) as caught:
        list(cluster.on_cluster([], address))
    (text,) = caught.value.problems
    assert text.startswith(f"--scheduler {address}: no Dask scheduler answers there (")


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r'pip install "talatan\[cluster\]"'):
        list(cluster.on_cluster([], "tcp://127.0.0.1:8786"))
