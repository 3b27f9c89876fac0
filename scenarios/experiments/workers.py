"""Runs on this machine: a process for each, several at a time.

A run has a process of its own, forked from one that has everything imported already. So a process
that is killed costs its run and nothing else: no queue or lock is shared with the others. When the
main program dies, its runs notice and end too.
"""

import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from signal import SIGINT, SIGTERM, getsignal, signal
from threading import Thread, current_thread, main_thread
from typing import TYPE_CHECKING, Any

from market import InputError
from scenarios.experiments.arms import Task
from scenarios.experiments.perform import failure, perform

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
"""Parallelism is over runs; threads of libraries would only fight for the same cores."""
IMPORTED_ONCE = (
    *("scenarios.cli", "pandas", "pyarrow.parquet", "pyarrow.dataset", "pyarrow.csv"),
    *("pyarrow.pandas_compat", "scenarios.experiments.warm"),
)
TRIES = 2
Outcomes = Generator[tuple[Task, dict[str, Any]], None, None]
Running = Future[dict[str, Any]]


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def refuse_within() -> None:
    """Raise when a process of ours runs the script again that has started the experiment."""
    from multiprocessing import current_process

    if getattr(current_process(), "_inheriting", False):
        raise InputError(
            "the processes of the runs read the script that starts them; put its call of "
            'run_experiment under if __name__ == "__main__":'
        )


def locally(tasks: Iterable[Task], jobs: int, scratch: str) -> Outcomes:
    """Yield each task with its outcome as it is done; at most `jobs` run at a time.

    A run whose process dies is tried once more, and has failed when that dies too.

    Parameters
    ----------
    tasks : iterable of Task
    jobs : int
    scratch : str
        Directory for the tables of runs in the making.
    """
    waiting = iter(tasks)
    under_way: dict[Running, tuple[Task, int]] = {}
    with _processes(scratch) as start:
        while True:
            for task in islice(waiting, jobs - len(under_way)):
                under_way[start(task)] = task, 1
            if not under_way:
                return
            ready, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in ready:
                task, attempt = under_way.pop(future)
                outcome = _outcome(future, task)
                if outcome is None and attempt < TRIES:
                    under_way[start(task)] = task, attempt + 1
                else:
                    yield task, outcome or failure(task, _death(future))


def _outcome(future: Running, task: Task) -> dict[str, Any] | None:
    """Return what a process sent; None where it died before it could."""
    from pebble import ProcessExpired

    error = future.exception()
    if error is None:
        return future.result()
    return None if isinstance(error, ProcessExpired | OSError | EOFError) else failure(task, error)


def _death(future: Running) -> str:
    """Return how the process of a run ended, as a reason."""
    code = getattr(future.exception(), "exitcode", None) or 0
    how = f"by signal {-code}" if code < 0 else f"with exit status {code}"
    memory = "; often the memory does not suffice for so many runs at a time" if code == -9 else ""
    return f"its process ended {how}, {TRIES} times{memory}"


@contextmanager
def _processes(scratch: str) -> Iterator[Callable[[Task], Running]]:
    """Give what starts a run in a process of its own, and stop all of them in the end."""
    from pebble import concurrent

    name = f"talatan {scratch}"
    with _surroundings():
        process: Any = concurrent.process  # its annotations call the context by another name
        begin = process(name=name, context=_context())(perform_watched)

        def start(task: Task) -> Running:
            try:
                with _undisturbed():
                    running: Running = begin(task, scratch)
                return running
            except (OSError, EOFError) as error:  # what processes are forked from has died
                lost: Running = Future()
                lost.set_exception(error)
                return lost

        try:
            yield start
        finally:
            _stop(name)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold signals back for a moment: a process that is half started could not be stopped."""
    came: list[int] = []
    held = {
        number: handler
        for number in (SIGINT, SIGTERM)
        if callable(handler := getsignal(number)) and current_thread() is main_thread()
    }
    for number in held:
        signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in held.items():
            signal(number, handler)
        if came:
            raise KeyboardInterrupt


def _stop(name: str) -> None:
    """Kill the processes of this name: their runs are lost anyway, and some would not listen."""
    from multiprocessing import active_children

    for child in active_children():
        if child.name == name:
            child.kill()


def _context() -> "BaseContext":
    """Return how processes start: forked from a clean process where the system can do that."""
    from multiprocessing import get_all_start_methods, get_context

    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED_ONCE))
    return context


@contextmanager
def _surroundings() -> Iterator[None]:
    """Let processes that are started meanwhile use one thread, and import what we can import."""
    path = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
    changed = {**ONE_THREAD, "PYTHONPATH": path}
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def perform_watched(task: Task, scratch: str) -> dict[str, Any]:
    """Do a task in a process that ends when the one that started it does."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    return perform(task, scratch)


def _end_with(sentinel: int) -> None:
    from multiprocessing.connection import wait as wait_for

    wait_for([sentinel])
    os._exit(1)
