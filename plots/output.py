"""Figures as `Axes` and as files."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from market import InputError
from plots import style
from plots.registry import figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from market import Results

FORMATS = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}
"""File formats, and the metadata left out so that equal figures give equal files."""


def draw(results: "Results", kind: str, ax: "Axes | None" = None, **options: object) -> "Axes":
    """Draw the figure called `kind`, into `ax` or into a figure of its own.

    Parameters
    ----------
    results : Results
        A run, opened by `talatan_results`.
    kind : str
        Name of the figure; `talatan list plots` lists them.
    ax : Axes, optional
    **options
        ``width`` ("page" or "column", for a figure of its own), and those of the figure, for
        example ``start`` and ``days`` of ``dispatch``.
    """
    width = str(options.pop("width", "page"))
    drawing = figures.get(kind)
    known = _options(kind)
    for name in options.keys() - known:
        has = f"it has {', '.join(sorted(known))}" if known else "it has none"
        raise InputError(f"figure {kind!r} has no option {name!r}; {has}")
    with _styled():
        return drawing(results, _axes(width) if ax is None else ax, **options)


def save(
    results: "Results", names: Iterable[str], out: str | Path, fmt: str = "png", **options: object
) -> list[Path]:
    """Write figures to `out`, one file `<name>.<fmt>` each, and return the paths.

    Parameters
    ----------
    names : iterable of str
        Names of figures; ``all`` stands for every one.
    fmt : str
        ``png``, ``svg`` or ``pdf``. Equal results give equal files.
    **options
        As for `draw`; each goes to the figures that have it.
    """
    if fmt not in FORMATS:
        raise InputError(f"unknown figure format {fmt!r}; known: {', '.join(FORMATS)}")
    kinds = [name for given in names for name in (figures.names() if given == "all" else [given])]
    taken = {kind: {"width", *_options(kind)} for kind in kinds}
    for name in options.keys() - set().union(*taken.values()):
        raise InputError(f"none of the figures asked for has an option {name!r}")
    place = Path(out)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{place}: figures cannot be written ({error.strerror})") from None
    files = []
    for kind in kinds:
        own = {name: options[name] for name in options.keys() & taken[kind]}
        files.append(_save_one(draw(results, kind, None, **own), place / f"{kind}.{fmt}"))
    return files


def _options(kind: str) -> set[str]:
    return set(signature(figures.get(kind)).parameters) - {"results", "ax"}


def _save_one(ax: "Axes", file: Path) -> Path:
    figure = ax.get_figure(root=True)
    assert figure is not None  # draw made it
    partial = file.with_name(f".{file.name}.part")
    kind = file.suffix[1:]
    with _styled():
        figure.savefig(partial, format=kind, metadata=FORMATS[kind])
    partial.replace(file)
    return file


def _axes(width: str) -> "Axes":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if width not in style.SIZES:
        raise InputError(f"unknown figure width {width!r}; known: {', '.join(style.SIZES)}")
    figure = Figure(figsize=style.SIZES[width], layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


@contextmanager
def _styled() -> Iterator[None]:
    from matplotlib import rc_context

    settings: Any = style.rules()
    with rc_context(settings):
        yield
