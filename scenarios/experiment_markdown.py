"""Tables of experiments in Markdown: arms, differences, what a factor changes, exchange rates.

Differences are paired by seed; what stands in brackets is the 95 % interval of a difference.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from market import InputError, mean_interval, paired_difference

if TYPE_CHECKING:
    import pandas as pd

    from market import ExperimentResults

BENEFIT = "benefit of "
NONE = "-"


def results_table(results: "ExperimentResults", words: str) -> str:
    """Return a row per arm: the mean of each metric, and what changes against the baseline."""
    columns = [_results_column(results, metric) for metric in words.split()]
    heads = ["arm", *(head for head, _ in columns)]
    rows = [
        [f"**{arm}**" if arm == results.baseline else arm, *(cells[arm] for _, cells in columns)]
        for arm in results.arms
    ]
    return _markdown(heads, rows)


def _results_column(results: "ExperimentResults", metric: str) -> tuple[str, dict[str, str]]:
    figure = results.figure(metric)
    rows = results.summary[results.summary["metric"] == metric].set_index("arm")
    scale, unit = _scale(figure["unit"])
    digits = _digits(rows["mean"] * scale)
    cells = {
        str(arm): _number(row["mean"] * scale, digits)
        + _interval(row["diff_low"] * scale, row["diff_high"] * scale, digits)
        * (arm != results.baseline)
        for arm, row in rows.iterrows()
    }
    return f"{_title(metric)}, {unit}", cells


def differences_table(results: "ExperimentResults", words: str) -> str:
    """Return a row per arm but the baseline: what changes in each metric."""
    columns = [_differences_column(results, metric) for metric in words.split()]
    heads = [f"arm, against {results.baseline}", *(head for head, _ in columns)]
    arms = [arm for arm in results.arms if arm != results.baseline]
    return _markdown(heads, [[arm, *(cells[arm] for _, cells in columns)] for arm in arms])


def _differences_column(results: "ExperimentResults", metric: str) -> tuple[str, dict[str, str]]:
    rows = results.differences(metric)
    scale, unit = _scale(results.figure(metric)["unit"])
    digits = _digits(rows["difference"] * scale)
    cells = {
        str(arm): _number(row["difference"] * scale, digits, "+")
        + _interval(row["diff_low"] * scale, row["diff_high"] * scale, digits)
        for arm, row in rows.iterrows()
    }
    return f"{_title(metric)}, {unit}", cells


def changes_table(results: "ExperimentResults", words: str) -> str:
    """Return what the levels of a factor change, in percent, while all other factors are equal."""
    figure, _, factor = words.rpartition(" by ")
    values = _values(results, figure)
    if factor not in results.factors:
        raise InputError(f"{words!r}: no factor {factor!r}; known: {', '.join(results.factors)}")
    others = [name for name in results.factors if name != factor]
    levels = list(dict.fromkeys(results.table[factor]))
    scale, unit = _scale(_unit(results, figure))
    digits = _digits(values["value"] * scale)
    first = f"{factor} {_level(levels[0])}, {unit}"
    heads = [*others, first, *(f"{_level(level)}, %" for level in levels[1:])]
    rows = []
    for names, group in _groups(values, others):
        by_seed = group.pivot(index="seed", columns=factor, values="value")
        base = by_seed[levels[0]]
        cells = [_change(by_seed[level], base) for level in levels[1:]]
        rows.append([*map(_level, names), _number(base.mean() * scale, digits), *cells])
    return _markdown(heads, rows)


def _level(level: object) -> str:
    return f"{level:g}" if isinstance(level, int | float) else str(level)


def _change(values: "pd.Series[float]", first: "pd.Series[float]") -> str:
    found = paired_difference(values, first)
    scale = 100 / abs(first.mean())
    return _number(found.mean * scale, 1, "+") + _interval(found.low * scale, found.high * scale, 1)


def exchange_table(results: "ExperimentResults", words: str) -> str:
    """Return what a MW of each of two factors takes off a figure, and how many of one make another.

    Each factor is followed from its lowest level with the other at its own lowest. The last column
    compares with the first step of the second factor, seed by seed.
    """
    figure, _, pair = words.partition(" of ")
    names = pair.split(" and ")
    values = _values(results, figure)
    taken = [_taken(values, one, other) for one, other in (names, names[::-1])]
    unit = taken[1].iloc[:, 0]
    head = f"{_title(figure)} less per MW, {_unit(results, figure)}"
    heads = ["factor", "MW", head, f"worth MW of {names[1]}"]
    rows = [
        [name, f"{level:g}", _mean(table[level], 1), _mean(table[level] / unit, 2)]
        for name, table in zip(names, taken, strict=True)
        for level in table
    ]
    return _markdown(heads, rows)


def _taken(values: "pd.DataFrame", factor: str, other: str) -> "pd.DataFrame":
    """Return what each level takes off per unit of the factor: a row per seed."""
    alone = values[values[other] == values[other].min()]
    table = alone.pivot(index="seed", columns=factor, values="value").sort_index(axis=1)
    first, levels = table.columns[0], table.columns[1:]
    taken: pd.DataFrame = table[levels].rsub(table[first], axis=0) / (levels - first)
    return taken


def _values(results: "ExperimentResults", figure: str) -> "pd.DataFrame":
    """Return arm, factors, seed and value of a metric, or of the benefit of an account."""
    if not figure.startswith(BENEFIT):
        results.figure(figure)
        return results.table[results.table["metric"] == figure]
    account = figure.removeprefix(BENEFIT)
    rows = results.benefits[results.benefits["account"] == account]
    if rows.empty:
        raise InputError(f"{results.path}: no account {account!r} has a benefit")
    return rows.rename(columns={"benefit_amount": "value"})


def _unit(results: "ExperimentResults", figure: str) -> str:
    return results.currency if figure.startswith(BENEFIT) else results.figure(figure)["unit"]


def _groups(table: "pd.DataFrame", names: list[str]) -> Iterable[tuple[Any, "pd.DataFrame"]]:
    return table.groupby(names, sort=False) if names else [((), table)]


def _mean(values: "pd.Series[float]", digits: int) -> str:
    found = mean_interval(values)
    return _number(found.mean, digits) + _interval(found.low, found.high, digits, sign="")


def _title(metric: str) -> str:
    """Return a metric in words, without its unit.

    >>> _title("curtailed_mwh@middle"), _title("mean_price")
    ('curtailed (middle)', 'mean price')
    """
    name, _, period = metric.partition("@")
    words = re.sub("_(pct|mwh|amount|h)$", "", name).replace("_", " ")
    return f"{words} ({period})" if period else words


def _scale(unit: str) -> tuple[float, str]:
    """Return the factor and the unit that amounts of money are shown in.

    >>> _scale("CNY"), _scale("MWh")
    ((0.001, '1,000 CNY'), (1.0, 'MWh'))
    """
    return (0.001, f"1,000 {unit}") if re.fullmatch("[A-Z]{3}", unit) else (1.0, unit)


def _digits(values: "pd.Series[float]") -> int:
    """Return decimals by the size of what is shown."""
    largest = float(values.abs().max())
    return next((n for n, bound in ((0, 1000), (1, 100), (2, 1)) if largest >= bound), 4)


def _number(value: float, digits: int, sign: str = "") -> str:
    """Return a number; what rounds to zero has no sign of its own.

    >>> _number(-0.004, 1), _number(1234.5, 0, "+"), _number(float("nan"), 1)
    ('0.0', '+1,234', '-')
    """
    return NONE if value != value else f"{round(value, digits) + 0.0:{sign},.{digits}f}"


def _interval(low: float, high: float, digits: int, sign: str = "+") -> str:
    """Return an interval, nothing where there is none or it is a point."""
    ends = [_number(end, digits, sign) for end in (low, high)]
    return "" if NONE in ends or ends[0] == ends[1] else f" [{', '.join(ends)}]"


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
