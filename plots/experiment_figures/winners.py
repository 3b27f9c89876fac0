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

SMALL = 0.01
"""Share of the largest change below which the roles of an arm are put together."""

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

    An arm has its roles by what they gain, those it changes little as one row, and last their sum.
    Roles that it does not change are left out.
    """
    import pandas as pd

    if results.baseline is None:
        raise NothingToDraw("A sampled design has no baseline that anybody could gain against.")
    found = {arm: results.winners(arm) for arm in results.arms if arm != results.baseline}
    found = {arm: table[table["pairs"] > 0] for arm, table in found.items()}
    found = {arm: table for arm, table in found.items() if len(table)}
    if not found:
        raise NothingToDraw("No arm has benefits that could be compared with the baseline's.")
    largest = max(_reach(table).max() for table in found.values())
    parts = []
    for arm, table in found.items():
        reach = _reach(table)
        small = list(table.index[(reach > 0) & (reach < SMALL * largest)])
        small = small if len(small) > 1 else []
        rows = [table.loc[(reach > 0) & ~table.index.isin(small), COLUMNS]]
        rows += [_sum(results, arm, small, f"{len(small)} others")] if small else []
        rows += [_sum(results, arm, list(table.index), WELFARE)]
        parts.append(pd.concat(rows).rename_axis("role").reset_index().assign(arm=arm))
    return pd.concat(parts, ignore_index=True)


def _reach(table: "pd.DataFrame") -> "pd.Series[float]":
    """Return how far a role's difference or its interval is from zero."""
    reach: pd.Series[float] = table[COLUMNS].abs().max(axis=1)
    return reach


def _sum(results: "ExperimentResults", arm: str, roles: Sequence[str], name: str) -> "pd.DataFrame":
    """Return what an arm changes for several roles together, as one row."""
    import pandas as pd

    table = results.benefits
    by_seed = {}
    for one in (arm, str(results.baseline)):
        rows = table[table["arm"] == one]
        # A role that an arm does not have gains nothing there.
        amounts = rows["benefit_amount"].where(rows["role"].isin(roles), 0.0)
        by_seed[one] = amounts.groupby(rows["seed"]).sum()
    both = pd.concat(by_seed, axis=1)
    found = paired_difference(both[arm], both[str(results.baseline)])
    return pd.DataFrame([[found.mean, found.low, found.high]], index=[name], columns=COLUMNS)


def currency(results: "ExperimentResults") -> metrics.Metric:
    """Return what benefits are measured in, as a metric of its own."""
    return metrics.Metric("benefit_amount", str(results.experiment.get("currency", "currency")))


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
    groups = table.groupby("arm")["difference"]
    largest = groups.agg(lambda values: values.abs().max()).sort_values(ascending=False)
    height = (groups.size() + 1)[largest.index].cumsum()
    kept = set(height.index[(height <= ROWS) | (height == height.iloc[0])])
    return [arm for arm in there if arm in kept]


def _with_headings(table: "pd.DataFrame", arms: Sequence[str]) -> "pd.DataFrame":
    """Return the rows of the figure: those of each arm under a row with its name."""
    import pandas as pd

    parts = []
    for arm in arms:
        parts += [pd.DataFrame({"role": [""], "arm": [arm]}), table[table["arm"] == arm]]
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
    look["bbox"] = {"fc": "white", "ec": "none", "pad": 1}  # the line at zero ends there
    for place in lines.index[heads]:
        ax.text(0.0, place, names[lines["arm"][place]], weight="bold", **look)
    ax.spines["left"].set_visible(False)
    return height


def _bars(ax: "Axes", rows: "pd.DataFrame") -> None:
    """Draw gains and losses, each in its colour, with their intervals."""
    gain = rows["difference"] >= 0
    colours = gain.map({True: style.BLUE, False: style.VERMILLION})
    ax.barh(rows.index, rows["difference"], 0.7, color=list(colours))
    ax.hlines(rows.index, rows["diff_low"], rows["diff_high"], color=style.BLACK, lw=0.8)
