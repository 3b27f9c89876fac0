"""Runs on the machines of a Dask cluster.

The same function that makes a run here is sent there with its task; what comes back is the same to
the last bit. The machines need the same version of the program, and the scenario's data files
under the same paths; a run on one that has others fails and says so.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from logging import CRITICAL, getLogger
from socket import create_connection
from typing import Any
from urllib.parse import urlsplit

from market import InputError
from scenarios.experiments.arms import Task
from scenarios.experiments.perform import failure, in_a_line, perform
from scenarios.experiments.tasks import program

NOT_INSTALLED = (
    "--scheduler needs the package distributed, which is not installed; "
    'type: pip install "talatan[cluster]"'
)
CONNECTING_S = 10
Outcomes = Generator[tuple[Task, dict[str, Any]], None, None]


def on_cluster(tasks: Iterable[Task], address: str) -> Outcomes:
    """Yield each task with its outcome as a machine of the cluster has done it.

    Parameters
    ----------
    tasks : iterable of Task
    address : str
        Of the Dask scheduler, like ``tcp://host:8786``.

    Raises
    ------
    InputError
        When the cluster cannot be reached, is lost, or runs another version of the program.
    """
    with _cluster(address) as client:
        _refuse_other_programs(client, address)
        sent = {client.submit(perform, task, pure=False): task for task in tasks}
        try:
            for future in _as_done(list(sent), client):
                task = sent.pop(future)
                yield task, _outcome(future, task, address)
        finally:
            client.cancel(list(sent))


def _as_done(futures: list[Any], client: Any) -> Iterator[Any]:
    from distributed import as_completed

    completed: Any = as_completed
    yield from completed(futures, loop=client.loop)


def _outcome(future: Any, task: Task, address: str) -> dict[str, Any]:
    if future.status in ("cancelled", "lost"):
        raise InputError(
            f"{address}: the cluster is gone; finished runs are kept, --resume takes up the others"
        )
    error = future.exception()
    if error is None:
        outcome: dict[str, Any] = future.result()
        return outcome
    return failure(task, error)


def check_cluster(address: str) -> None:
    """Raise `InputError` when nothing answers at an address, or Dask is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise InputError(NOT_INSTALLED) from None
    _refuse_nobody(address)


@contextmanager
def _cluster(address: str) -> Iterator[Any]:
    """Give a client of the cluster; it has no types."""
    try:
        import distributed
    except ImportError:
        raise InputError(NOT_INSTALLED) from None
    connect: Any = distributed.Client
    _refuse_nobody(address)
    try:
        client = connect(address, timeout=CONNECTING_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(_no_scheduler(address, error)) from None
    with _quiet(), client:
        yield client


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's own log of a lost connection away: what it means is said in a sentence."""
    loggers = [getLogger(f"distributed.{name}") for name in ("client", "utils", "comm", "core")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _refuse_nobody(address: str) -> None:
    """Raise when nothing at all listens at an address, which a client would take long to see."""
    try:
        place = urlsplit(address if "://" in address else f"tcp://{address}")
        create_connection((place.hostname, place.port), CONNECTING_S).close()
    except (OSError, ValueError, TypeError) as error:
        raise InputError(_no_scheduler(address, error)) from None


def _no_scheduler(address: str, error: Exception) -> str:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return (
        f"--scheduler {address}: no Dask scheduler answers there ({reason}); accepted: an address "
        "like tcp://host:8786"
    )


def digest_here() -> str:
    """Return the digest of the program that this process runs."""
    return program()


def _refuse_other_programs(client: Any, address: str) -> None:
    """Raise when a machine that is there already has another version of the program."""
    try:
        found = client.run(program)
    except Exception as error:  # Dask sends back a plain exception with what was raised there
        raise InputError(
            f"{address}: its machines cannot run talatan ({in_a_line(error)}); install the same "
            "version there"
        ) from None
    here = digest_here()
    other = sorted(worker for worker, digest in found.items() if digest != here)
    if other:
        raise InputError(
            f"{address}: other versions of the program, or of what it calculates with, are "
            f"installed on {', '.join(other)}; install the same ones"
        )
