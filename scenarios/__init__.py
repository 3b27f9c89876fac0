"""What is run: scenario files, the simulation, the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from market import Results

__all__ = ["run"]


def run(
    scenario: str | Path,
    *,
    out: Path | None = None,
    seed: int | None = None,
    overrides: Sequence[str] = (),
    data: Path | None = None,
    force: bool = False,
) -> "Results":
    """Run a scenario file, or a bundled scenario by its name, and return its results.

    Parameters
    ----------
    scenario : str or path
    out : path, optional
        Run directory; default ``runs/<scenario>-<seed>``.
    seed : int, optional
        Instead of the file's.
    overrides : sequence of str
        ``KEY=VALUE`` as after ``--set``.
    data : path, optional
        Where data files are looked for first.
    force : bool
        Replace a finished run.

    Raises
    ------
    InputError
        Listing every problem with the scenario, its data or the directory.
    """
    from scenarios.loader import load
    from scenarios.runs import default_directory, execute, prepare

    loaded = load(str(scenario), overrides, data, seed)
    directory = out or default_directory(loaded)
    prepare(directory, force, resume=False)
    return execute(loaded, directory)
