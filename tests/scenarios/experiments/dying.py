"""Runs that die, for tests of what is done then: functions that a worker process can import."""

import os
import signal
import sys
from pathlib import Path

from scenarios.experiments.perform import perform


def once(task, scratch):
    """Die in the first attempt at each run."""
    mark = Path(scratch) / f"tried-{task.key}"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return perform(task, scratch)


def one_of_them(task, scratch):
    """Die in every attempt at the runs of one arm."""
    if "vcg" in task.arm:
        os.kill(os.getpid(), signal.SIGKILL)
    return perform(task, scratch)


def leave(_task, _scratch):
    """End the process without a word."""
    os._exit(3)


def surroundings(_task, _scratch):
    """What the process finds around itself."""
    return {"threads": os.environ["OMP_NUM_THREADS"], "pid": os.getpid()}


def resign(_task, _scratch):
    """Ask the program to end, as an extension might."""
    sys.exit("enough")
