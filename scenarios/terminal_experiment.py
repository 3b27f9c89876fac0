"""What a person sees of an experiment: differences with error bars, who gains, what failed."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from scenarios.terminal_numbers import FINE, Scale, p_value, scale_for

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from market import ExperimentResults

Titled = tuple[str, "Table | None"]
WIDTH = 100
MOST_FACTORS = 3  # columns of levels that leave room for numbers
MOST_ARMS = 24  # rows of a table that fit a screen
MEAN = ("mean", "mean_low", "mean_high")
GAP = ("difference", "diff_low", "diff_high")
EFFECTS = ("mu", "mu_star", "sigma")  # indices in the unit of the metric
EXPLAINED = (
    "Means and differences with 95 % bootstrap intervals over seeds; effect: Hedges' g of paired "
    "differences; p: paired t-test, corrected by Holm for {tests}."
)
SAME = (
    "A dash beside a difference: with so few seeds, or with the same difference in every seed, "
    "there is nothing to test it against."
)
SALIB = 'pip install "talatan[sensitivity]"'


def show_experiment(results: "ExperimentResults") -> None:
    """Print the answer of an experiment: a table per metric, gains, failures and caveats."""
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False)
    console.width = max(console.width, WIDTH)
    for line in _question(results):
        console.print(line)
    metrics = (_metric_table(results, metric) for metric in results.metrics)
    for title, table in (*metrics, *_share_tables(results), *_gain_tables(results)):
        console.print(f"\n{title}")
        if table is not None:
            console.print(table)
    console.print()
    for line in (*_notes(results), *_failures(results), *_caveats(results)):
        console.print(line)
    console.print(f"tables in {results.path}", soft_wrap=True)


def experiment_json(results: "ExperimentResults") -> dict[str, Any]:
    """Return the answer of an experiment as JSON can say it; what is not defined is null."""
    keys = ("name", "question", "design", "seeds", "metrics", "runs", "caveats", "table_hash")
    content: dict[str, Any] = {"directory": str(results.path), "baseline": results.baseline}
    content |= {key: results.experiment.get(key) for key in keys}
    for name in ("summary", "effects", "sensitivity", "failures"):
        content[name] = _records(getattr(results, name))
    content["gains"] = [
        {"arm": arm, **row}
        for arm in _compared(results)
        for row in _records(results.winners(arm).reset_index())
    ]
    return content


def _records(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    rows = frame.to_dict(orient="records")
    return [{str(name): _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _compared(results: "ExperimentResults") -> list[str]:
    """Return the arms whose gains and losses against the baseline are known."""
    there = set(results.benefits["arm"])
    if results.baseline not in there:
        return []
    return [arm for arm in results.arms if arm in there and arm != results.baseline]


def _question(results: "ExperimentResults") -> Iterator[str]:
    runs = results.experiment["runs"]
    yield f"{results.experiment['name']}: {results.question}"
    parts = [f"{results.experiment['design']} design", _counted(len(results.arms), "arm")]
    parts.append(_counted(len(results.experiment["seeds"]), "seed"))
    parts.append(f"{runs['finished']} of {runs['total']} runs finished")
    if results.baseline is not None:
        parts.append(f"baseline {results.baseline}")
    yield ", ".join(parts)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _title(results: "ExperimentResults", metric: str, scale: Scale) -> str:
    figure = results.figure(metric)
    unit = f"{scale.word}{figure['unit']}".strip()
    meaning = f": {figure['meaning']}" if figure["meaning"] else ""
    return f"{metric}{f' ({unit})' if unit else ''}{meaning}"


def _table(left: Sequence[str], right: Sequence[str]) -> "Table":
    from rich.table import Table

    table = Table()
    for heading in left:
        table.add_column(heading, overflow="fold")
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _scales(frame: "pd.DataFrame", first: Sequence[str], second: Sequence[str]) -> list[Scale]:
    """Return one scale for two groups of columns, each with decimals of its own."""
    scale = scale_for(frame[list(first)].to_numpy().ravel().tolist())
    return [scale, scale.finer(frame[list(second)].to_numpy().ravel().tolist())]


def _names(results: "ExperimentResults") -> list[str]:
    """Return the columns that tell arms apart: their names, or the levels of several factors."""
    return results.factors if 1 < len(results.factors) <= MOST_FACTORS else ["arm"]


def _said(level: Any) -> str:
    return level if isinstance(level, str) else f"{level:.10g}"


# A metric.


def _metric_table(results: "ExperimentResults", metric: str) -> Titled:
    if results.baseline is None:
        return _sensitivity_table(results, metric)
    return _arm_table(results, metric)


def _arm_table(results: "ExperimentResults", metric: str) -> Titled:
    rows = results.summary[results.summary["metric"] == metric]
    means, gaps = _scales(rows, MEAN, GAP)
    headings = ["runs", "mean", "difference", "effect", "p"]
    table = _table(_names(results), headings)
    for row in rows.head(MOST_ARMS).to_dict(orient="records"):
        change = gaps.interval(*(row[name] for name in GAP))
        table.add_row(
            *(_said(row[name]) for name in _names(results)),
            str(row["n"]),
            means.interval(*(row[name] for name in MEAN)),
            "baseline" if row["arm"] == results.baseline else change,
            Scale().written(row["effect_size"]),
            p_value(row["p_holm"]),
        )
    if len(rows) > MOST_ARMS:
        table.caption = f"{len(rows) - MOST_ARMS} more arms in summary.parquet"
    return _title(results, metric, means), table


def _sensitivity_table(results: "ExperimentResults", metric: str) -> Titled:
    found = results.sensitivity[results.sensitivity["metric"] == metric]
    means = results.summary.loc[results.summary["metric"] == metric, "mean"]
    scale = scale_for(means.tolist())
    effects = scale.finer(found.loc[found["index"].isin(EFFECTS), "value"].tolist())
    indices = list(dict.fromkeys(found["index"]))
    table = _table(["factor"], indices)
    for factor in dict.fromkeys(found["factor"]):
        rows = found[found["factor"] == factor].set_index("index")
        table.add_row(factor, *(_index(rows, index, effects) for index in indices))
    ends = f"{scale.written(means.min())} to {scale.written(means.max())}"
    title = _title(results, metric, scale)
    return f"{title}\n{ends} over {_counted(int(means.notna().sum()), 'sample')}", table


def _index(rows: "pd.DataFrame", index: str, effects: Scale) -> str:
    """Return an index of a factor with its interval."""
    if index not in rows.index:
        return ""
    scale = effects if index in EFFECTS else Scale()
    value, low, high = (rows[name].astype(float)[index] for name in ("value", "low", "high"))
    return scale.interval(value, low, high)


# Factors, and who gains.


def _share_tables(results: "ExperimentResults") -> Iterator[Titled]:
    """Yield the shares of factors in the variation of each metric, where there are several."""
    effects = results.effects
    if len(results.factors) < 2 or effects.empty:
        return
    terms = list(dict.fromkeys(effects["term"]))
    table = _table(["metric"], terms)
    shares = effects.drop_duplicates(["metric", "term"]).set_index(["metric", "term"])["share_pct"]
    for metric in results.metrics:
        cells = [float(shares.get((metric, term), math.nan)) for term in terms]
        table.add_row(metric, *(Scale(decimals=1).written(cell) for cell in cells))
    yield "Share of the variation over arms and seeds, %", table


def _gain_tables(results: "ExperimentResults") -> Iterator[Titled]:
    """Yield who gains and who loses by role, in each arm against the baseline."""
    import pandas as pd

    arms = _compared(results)[:MOST_ARMS]
    if not arms:
        return
    gains = pd.concat({arm: results.winners(arm) for arm in arms}, names=["arm"])
    changed = gains[gains[list(GAP)].fillna(0.0).ne(0.0).any(axis=1)]
    if changed.empty:
        yield f"Nobody gains or loses against {results.baseline}.", None
        return
    scale = scale_for(changed[list(GAP)].to_numpy().ravel().tolist(), FINE)
    unit = f"{scale.word}{results.currency}".strip()
    title = f"Who gains and who loses against {results.baseline}{f' ({unit})' if unit else ''}"
    yield f"{title}; who is not listed does neither", _gain_table(results, changed, scale)


def _gain_table(results: "ExperimentResults", gains: "pd.DataFrame", scale: Scale) -> "Table":
    names = _names(results)
    levels = results.benefits.drop_duplicates("arm").set_index("arm", drop=False)[names]
    table = _table([*names, "role"], ["benefit in the baseline", "difference"])
    for arm, rows in gains.groupby("arm", sort=False):
        first = [_said(level) for level in levels.loc[arm]]
        for place, row in enumerate(rows.reset_index().to_dict(orient="records"), 1):
            cells = scale.written(row["baseline"]), scale.interval(*(row[name] for name in GAP))
            table.add_row(*first, row["role"], *cells, end_section=place == len(rows))
            first = [""] * len(names)
    return table


# What else has to be said.


def _notes(results: "ExperimentResults") -> Iterator[str]:
    if results.baseline is None:
        yield from _sensitivity_notes(results)
        return
    if len(results.experiment["seeds"]) == 1:
        yield "One seed: no intervals and no tests; give more seeds to know how sure this is."
        return
    tests = _counted(len(results.arms) - 1, "comparison")
    yield EXPLAINED.format(tests=f"{tests} a metric")
    rows = results.summary
    if (rows["difference"].notna() & rows["effect_size"].isna()).any():
        yield SAME


def _sensitivity_notes(results: "ExperimentResults") -> Iterator[str]:
    methods = set(results.sensitivity["method"])
    design = results.experiment["design"]
    if design == "lhs" and "rbd_fast" not in methods:
        yield f"First-order indices (S1) need 32 samples or more, and the package SALib: {SALIB}"
    elif design != "lhs" and not methods:
        yield f"Indices need the package SALib: {SALIB}"


def _failures(results: "ExperimentResults") -> Iterator[str]:
    """Yield the reasons of failed runs, each with the arms and seeds it concerns."""
    for reason, rows in results.failures.groupby("reason", sort=False):
        arms = [
            f"{arm} (seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))})"
            for arm, seeds in rows.groupby("arm", sort=False)["seed"]
        ]
        more = f" and {len(arms) - 3} arms more" if len(arms) > 3 else ""
        yield f"Failed: {'; '.join(arms[:3])}{more}: {reason}"


def _caveats(results: "ExperimentResults") -> Iterator[str]:
    for text in results.experiment.get("caveats") or ():
        yield f"Caveat: {text}"
