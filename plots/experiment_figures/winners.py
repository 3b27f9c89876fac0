"""Figure of winners and losers: what each arm changes for whom, in money."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from market import InputError, paired_difference
from plots import arm_names, intervals, metrics, pages, rows, style
from plots.registry import NothingToDraw, experiment_figures

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from market import ExperimentResults

ROWS = 44
"""Rows that fit a page."""

WELFARE = "welfare (all)"
"""Name of the row that adds up all roles."""

COLUMNS = ["difference", "diff_low", "diff_high"]


@experiment_figures.register("winners")
def winners(results: "ExperimentResults", ax: "Axes", arms: Sequence[str] | None = None) -> "Axes":
    """Draw who gains and who loses in each arm, by role, and the change of welfare they add up to.

    Bars are means of paired differences of net benefits to the baseline. Of more arms than a page
    has room for, those that change most for somebody, or those in `arms`.
    """
    table = gains(results)
    shown, known = _shown(results, table, arms), table["arm"].nunique()
    table = table[table["arm"].isin(shown)]
    scale, unit = currency(results).scale(table[COLUMNS].to_numpy().ravel())
    table = table.assign(**(table[COLUMNS] * scale))
    lines = _with_headings(table, shown)
    ax.axvline(0, color=style.BLACK, lw=0.6)
    height = _label(ax, results, lines)
    _bars(ax, lines[~lines["role"].isin(["", WELFARE])])
    total = intervals.ends(lines[lines["role"] == WELFARE], COLUMNS)
    intervals.across(
        ax, list(total.index), total, intervals.Look(style.BLACK, "", "D", filled=False)
    )
    pages.name_axes(ax, metrics.quantity("Net benefit: difference to the baseline", unit))
    which = ", those that change most" * (arms is None)
    of = f"; {len(shown)} of {known} arms{which}" * (len(shown) < known)
    pages.title(
        ax,
        f"Who gains and who loses{of}",
        f"baseline: {style.printable(str(results.baseline), 'the first arm')}",
        metrics.runs_of(results),
        plot=height,
    )
    return ax


def gains(results: "ExperimentResults") -> "pd.DataFrame":
    """Return the mean difference of net benefits with its interval: a row per arm and role.

    Roles that no arm changes are left out. The last row of an arm adds up all roles.
    """
    import pandas as pd

    if results.baseline is None:
        raise NothingToDraw("A sampled design has no baseline that anybody could gain against.")
    parts = []
    for arm in results.arms:
        if arm == results.baseline:
            continue
        by_role = results.winners(arm)
        if len(by_role) and by_role["pairs"].max() > 0:
            total = _welfare(results, arm)
            parts.append(pd.concat([by_role[COLUMNS], total]).assign(arm=arm))
    if not parts:
        raise NothingToDraw("No arm has benefits that could be compared with the baseline's.")
    table = pd.concat(parts).rename_axis("role").reset_index()
    changed = table[COLUMNS].ne(0).any(axis=1).groupby(table["role"]).transform("any")
    return table[changed | (table["role"] == WELFARE)]


def _welfare(results: "ExperimentResults", arm: str) -> "pd.DataFrame":
    """Return the change of the sum of all benefits, as one row."""
    import pandas as pd

    table = results.benefits
    totals = table.groupby(["arm", "seed"])["benefit_amount"].sum().unstack("seed")
    found = paired_difference(totals.loc[arm], totals.loc[results.baseline])
    numbers = [[found.mean, found.low, found.high]]
    return pd.DataFrame(numbers, index=[WELFARE], columns=COLUMNS)


def currency(results: "ExperimentResults") -> metrics.Metric:
    """Return what benefits are measured in, as a metric of its own."""
    units = [str(unit) for unit in results.summary["unit"]]
    known = [unit.removesuffix("/MWh") for unit in units if unit.endswith("/MWh")]
    amounts = results.summary["metric"].astype(str).str.endswith("_amount")
    known += [unit for unit in results.summary.loc[amounts, "unit"] if "/" not in unit]
    name = results.experiment.get("currency") or next(iter(known), "currency")
    return metrics.Metric("benefit_amount", str(name))


def _shown(
    results: "ExperimentResults", table: "pd.DataFrame", arms: Sequence[str] | None
) -> list[str]:
    """Return the arms that are drawn, in the order of the experiment."""
    there = list(dict.fromkeys(table["arm"]))
    if arms is not None:
        unknown = [arm for arm in arms if arm not in results.arms]
        if unknown or isinstance(arms, str):
            raise InputError(f"arms={arms!r}: known arms are {', '.join(there)}")
        return [arm for arm in there if arm in set(arms)]
    fit = max(1, ROWS // (table["role"].nunique() + 1))
    largest = table.groupby("arm")["difference"].agg(lambda values: values.abs().max())
    kept = set(largest.nlargest(fit).index)
    return [arm for arm in there if arm in kept]


def _with_headings(table: "pd.DataFrame", arms: Sequence[str]) -> "pd.DataFrame":
    """Return the rows of the figure: under a row for each arm its roles, the same order in all.

    The order is by what roles gain on average over the arms; welfare comes last.
    """
    import pandas as pd

    means = table.groupby("role")["difference"].mean().sort_values(ascending=False, kind="stable")
    order = [*means.index.drop(WELFARE), WELFARE]
    parts = []
    for arm in arms:
        parts.append(pd.DataFrame({"role": [""], "arm": [arm]}))
        mine = table[table["arm"] == arm].set_index("role").reindex(order)
        parts.append(mine.assign(arm=arm).rename_axis("role").reset_index())
    return pd.concat(parts, ignore_index=True)


def _label(ax: "Axes", results: "ExperimentResults", lines: "pd.DataFrame") -> float:
    """Write roles beside their bars, arms over them, and return the inches needed."""
    heads = lines["role"] == ""
    letters = rows.letters_of(ax)
    roles = lines["role"].str.replace("_", " ")
    texts = [arm_names.cut(style.printable(role), letters) for role in roles]
    height = rows.label(ax, texts)
    names = arm_names.arm_labels(results, int(style.letters(ax) * 0.7))
    look: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center"}
    for place in lines.index[heads]:
        name = names[lines["arm"][place]]
        ax.text(0.01, place, name, weight="bold", backgroundcolor="white", **look)
    return height


def _bars(ax: "Axes", rows: "pd.DataFrame") -> None:
    """Draw gains and losses, each in its colour, with their intervals."""
    gain = rows["difference"] >= 0
    colours = gain.map({True: style.BLUE, False: style.VERMILLION})
    ax.barh(rows.index, rows["difference"], 0.7, color=list(colours))
    ax.hlines(rows.index, rows["diff_low"], rows["diff_high"], color=style.BLACK, lw=0.8)
