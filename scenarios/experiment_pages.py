"""A documentation page written anew from the directory of an experiment: its tables, its figure.

``python -m scenarios.experiment_pages DIR PAGE`` fills what stands between two marks:

- ``<!-- results: mean_price curtailed_mwh -->``: a row per arm, means and differences to the
  baseline;
- ``<!-- differences: load_benefit_amount -->``: a row per arm but the baseline, differences only,
  for figures whose size tells nothing;
- ``<!-- changes: storage_benefit_amount by offers -->``: what a factor does while all others are
  equal; ``<!-- changes: benefit of own by withheld -->`` for the net benefit of one account;
- ``<!-- exchange: curtailed_mwh of flexible and storage -->``: what a MW of each of two factors
  takes off a figure, and how many of one are worth another;

each up to its end, ``<!-- /results -->`` and the like. ``<!-- figure: response metric=mean_price
over=gate,interval -->`` draws that figure, with these options, into the file of the image that
follows. Everything else on the page is left as it is.
"""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from market import talatan_experiment
from scenarios.experiment_markdown import (
    changes_table,
    differences_table,
    exchange_table,
    results_table,
)

if TYPE_CHECKING:
    from market import ExperimentResults

BLOCK = re.compile(
    r"(?P<open><!-- (?P<kind>results|differences|changes|exchange): (?P<words>[^\n]*?) -->\n)"
    r".*?(?P<close><!-- /(?P=kind) -->)",
    re.DOTALL,
)
FIGURE = re.compile(r"<!-- figure: (?P<words>[^\n]*?) -->\s*!\[[^\]]*\]\((?P<file>[^)]*)\)")
TABLES: dict[str, Callable[["ExperimentResults", str], str]] = {
    "results": results_table,
    "differences": differences_table,
    "changes": changes_table,
    "exchange": exchange_table,
}


def filled(text: str, results: "ExperimentResults") -> str:
    """Return a page with its tables made anew.

    Raises
    ------
    InputError
        A mark asks for something that the experiment does not have.
    """
    return BLOCK.sub(lambda found: f"{found['open']}{_block(found, results)}{found['close']}", text)


def _block(found: "re.Match[str]", results: "ExperimentResults") -> str:
    return TABLES[found["kind"]](results, found["words"])


def draw_figures(text: str, results: "ExperimentResults", folder: Path) -> None:
    """Draw the figures of a page into their files, paths from `folder`."""
    from plots import save

    for found in FIGURE.finditer(text):
        kind, *options = found["words"].split()
        chosen: dict[str, Any] = dict(map(_option, options))
        file = folder / found["file"]
        file.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=file.parent) as scratch:
            (drawn,) = save(results, [kind], scratch, **chosen)
            drawn.replace(file)


def _option(text: str) -> tuple[str, str | list[str]]:
    """Return name and value of an option; commas make a list.

    >>> _option("over=gate,interval"), _option("show=mean")
    (('over', ['gate', 'interval']), ('show', 'mean'))
    """
    name, _, value = text.partition("=")
    return name, value.split(",") if "," in value else value


def main(arguments: Sequence[str]) -> None:
    """Write the tables and figures of one page from one experiment."""
    directory, page = arguments
    path, results = Path(page), talatan_experiment(directory)
    text = filled(path.read_text(encoding="utf-8"), results)
    path.write_text(text, encoding="utf-8")
    draw_figures(text, results, path.parent)


if __name__ == "__main__":
    main(sys.argv[1:])
