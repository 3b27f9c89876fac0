"""Figures as `Axes` and as files."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from market import ExperimentResults, InputError
from plots import pages, style
from plots.registry import NothingToDraw
from plots.requests import options_of, registry_of, requests

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from market import Results

FORMATS = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}
"""File formats, and the metadata left out so that equal figures give equal files."""


def draw(
    results: "Results | ExperimentResults", kind: str, ax: "Axes | None" = None, **options: object
) -> "Axes":
    """Draw the figure called `kind`, into `ax` or into a figure of its own.

    Where there is nothing to draw, the figure says why.

    Parameters
    ----------
    results : Results or ExperimentResults
        A run, opened by `talatan_results`, or an experiment, opened by `talatan_experiment`.
    kind : str
        Name of the figure; `talatan list plots` lists them.
    ax : Axes, optional
    **options
        ``width`` ("page" or "column", for a figure of its own), and those of the figure, for
        example ``start`` and ``days`` of ``dispatch``, ``metric`` of ``differences``.
    """
    try:
        return _draw(results, kind, ax, options)
    except NothingToDraw as nothing:
        return _say(results, kind, _axes(options) if ax is None else ax, str(nothing))


def save(
    results: "Results | ExperimentResults",
    names: Iterable[str],
    out: str | Path,
    fmt: str = "png",
    tell: Callable[[str, str], object] | None = None,
    **options: object,
) -> list[Path]:
    """Write figures to `out`, one file `<name>.<fmt>` each, and return the paths.

    Parameters
    ----------
    names : iterable of str
        Names of figures; ``all`` stands for every one, of an experiment for every one that its
        design and metrics have something to draw for.
    fmt : str
        ``png``, ``svg`` or ``pdf``. Equal results give equal files.
    tell : callable, optional
        Called with the name of each figure that ``all`` leaves out, and the reason.
    **options
        As for `draw`; each goes to the figures that have it. ``metric`` may be a list, or ``all``:
        one file `<name>-<metric>.<fmt>` for each; figures of two metrics take the first two.
    """
    if fmt not in FORMATS:
        raise InputError(f"unknown figure format {fmt!r}; known: {', '.join(FORMATS)}")
    asked = requests(results, names, options)
    place = Path(out)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{place}: figures cannot be written ({error.strerror})") from None
    files: list[Path] = []
    left_out: dict[tuple[str, str], None] = {}
    for request in asked:
        try:
            ax = _draw(results, request.kind, None, request.options)
        except NothingToDraw as nothing:
            if not request.by_name:
                left_out[request.kind, str(nothing)] = None
                continue
            ax = _say(results, request.kind, _axes(request.options), str(nothing))
        files.append(_save_one(ax, place / f"{request.stem}.{fmt}"))
    for kind, reason in left_out:
        if tell is not None:
            tell(kind, reason)
    return files


def _draw(
    results: "Results | ExperimentResults",
    kind: str,
    ax: "Axes | None",
    options: Mapping[str, object],
) -> "Axes":
    """Draw a figure; raises `NothingToDraw` before anything is drawn."""
    own = {name: value for name, value in options.items() if name != "width"}
    drawing, known = registry_of(results).get(kind), options_of(results, kind)
    for name in own.keys() - known:
        has = f"it has {', '.join(sorted(known))}" if known else "it has none"
        raise InputError(f"figure {kind!r} has no option {name!r}; {has}")
    with _styled():
        return drawing(results, _axes(options) if ax is None else ax, **own)


def _say(results: "Results | ExperimentResults", kind: str, ax: "Axes", reason: str) -> "Axes":
    with _styled():
        name = results.experiment["name"] if isinstance(results, ExperimentResults) else ""
        pages.title(ax, kind.replace("-", " ").capitalize(), style.printable(str(name)))
        return style.blank(ax, reason)


def _save_one(ax: "Axes", file: Path) -> Path:
    figure = ax.get_figure(root=True)
    assert figure is not None  # draw made it
    partial = file.with_name(f".{file.name}.part")
    kind = file.suffix[1:]
    with _styled():
        figure.savefig(partial, format=kind, metadata=FORMATS[kind])
    partial.replace(file)
    return file


def _axes(options: Mapping[str, object]) -> "Axes":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width = str(options.get("width", "page"))
    if width not in style.SIZES:
        raise InputError(f"unknown figure width {width!r}; known: {', '.join(style.SIZES)}")
    figure = Figure(figsize=style.SIZES[width], layout="constrained")
    FigureCanvasAgg(figure)
    pages.mark(figure)
    return figure.add_subplot()


@contextmanager
def _styled() -> Iterator[None]:
    from matplotlib import rc_context

    settings: Any = style.rules()
    with rc_context(settings):
        yield
