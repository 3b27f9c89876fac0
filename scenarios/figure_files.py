"""Figures of a run or of an experiment as files, and why some are not there."""

import sys
from collections.abc import Sequence
from pathlib import Path

from market import talatan_experiment, talatan_results
from plots import ALL, save


def draw_figures(
    directory: Path, kinds: Sequence[str], metrics: Sequence[str], files: tuple[Path, str]
) -> list[Path]:
    """Write figures and return their paths; those that would be empty are named on stderr.

    Parameters
    ----------
    directory : Path
        Of a run or of an experiment.
    kinds : sequence of str
        Names of figures; none, or ``all`` among them: all there are.
    metrics : sequence of str
        Of an experiment; none: the first one.
    files : tuple of Path and str
        Where the figures go, and their format.
    """
    out, image_format = files
    of_experiment = (directory / "experiment.json").is_file()
    results = talatan_experiment(directory) if of_experiment else talatan_results(directory)
    names = [ALL] if not kinds or ALL in kinds else kinds
    options = {"metric": list(metrics)} if metrics else {}
    return save(results, names, out, image_format, tell=_tell, **options)


def _tell(name: str, reason: str) -> None:
    print(f"{name}: not drawn. {reason}", file=sys.stderr)
