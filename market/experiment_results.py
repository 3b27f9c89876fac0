"""Results of an experiment: the read side of its directory."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from market.errors import InputError
from market.experiment_files import KEYS, OPTIONAL, SAMPLED_DESIGNS, TABLES
from market.run_files import read_json, read_table, row_count
from market.statistics import paired_difference
from market.units import CENTS

if TYPE_CHECKING:
    import pandas as pd

STATUS = {
    "running": "is still running, or was killed; wait for it, or run it again with --resume",
    "interrupted": "was interrupted; finish it by running it again with --resume",
}


class ExperimentResults:
    """What an experiment left behind: each table a DataFrame, read when first asked for.

    Made by `talatan_experiment`, which checks the directory first.

    Parameters
    ----------
    path : path-like
        The experiment's directory.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"ExperimentResults({str(self.path)!r})"

    def _repr_html_(self) -> str:
        from html import escape

        heading = f"<b>{escape(str(self.experiment['name']))}</b>: {escape(self.question)}"
        return f"<p>{heading}</p>{self.summary.to_html(index=False)}"

    # What was asked.

    @cached_property
    def experiment(self) -> dict[str, Any]:
        """Question, design, arms, factors, metrics, seeds, versions and times."""
        return read_json(self.path / "experiment.json")

    @property
    def question(self) -> str:
        """What the experiment asks, in a sentence."""
        return str(self.experiment["question"])

    @property
    def arms(self) -> list[str]:
        """Names of the arms, in their order."""
        return [str(arm["name"]) for arm in self.experiment["arms"]]

    @property
    def factors(self) -> list[str]:
        """Names of the factors, which are columns of the tables."""
        return [str(factor["name"]) for factor in self.experiment["factors"]]

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics, in their order."""
        return [str(metric["name"]) for metric in self.experiment["metrics"]]

    @property
    def baseline(self) -> str | None:
        """Arm that the others are compared with; None where arms are samples."""
        if self.experiment["design"] in SAMPLED_DESIGNS:
            return None
        return str(self.experiment["baseline"])

    @property
    def currency(self) -> str:
        """Currency of all amounts; empty where no metric tells it."""
        amounts = (one["unit"] for one in self.experiment["metrics"] if "_amount" in one["name"])
        return str(self.experiment.get("currency") or next(amounts, ""))

    def figure(self, metric: str) -> dict[str, str]:
        """Return name, unit and meaning of a metric."""
        for entry in self.experiment["metrics"]:
            if entry["name"] == metric:
                return dict(entry)
        known = ", ".join(self.metrics)
        raise InputError(f"{self.path}: {metric!r} is no metric of this experiment; known: {known}")

    # The tables.

    @cached_property
    def table(self) -> "pd.DataFrame":
        """A row per run and metric: arm, factors, seed, status, value."""
        return self._read("results")

    @cached_property
    def summary(self) -> "pd.DataFrame":
        """A row per arm and metric: mean, difference to the baseline, their intervals, tests."""
        return self._read("summary")

    @cached_property
    def effects(self) -> "pd.DataFrame":
        """A row per metric, factor or pair of factors, and level: what it does on average."""
        return self._read("effects")

    @cached_property
    def sensitivity(self) -> "pd.DataFrame":
        """A row per metric, factor and index: how much of the metric hangs on the factor."""
        return self._read("sensitivity")

    @cached_property
    def benefits(self) -> "pd.DataFrame":
        """A row per run and account: true value, true cost, money received less paid, benefit."""
        return self._read("benefits")

    @cached_property
    def failures(self) -> "pd.DataFrame":
        """The runs that failed: arm, seed and reason."""
        table = self.table
        failed = table[table["status"] == "failed"]
        return failed[["arm", "seed", "reason"]].drop_duplicates().reset_index(drop=True)

    def _read(self, name: str) -> "pd.DataFrame":
        import pandas as pd

        file = self.path / f"{name}.parquet"
        if name in OPTIONAL and not file.is_file():
            return pd.DataFrame({column: [] for column in TABLES[name]})
        factors = self.factors if "arm" in TABLES[name] else []
        return read_table(file, None, (*TABLES[name], *factors))

    # Answers.

    def differences(self, metric: str) -> "pd.DataFrame":
        """Return what each arm changes in a metric: a row per arm, the baseline left out."""
        self.figure(metric)
        rows = self.summary
        rows = rows[(rows["metric"] == metric) & (rows["arm"] != self.baseline)].set_index("arm")
        columns = ["pairs", "difference", "diff_low", "diff_high"]
        return rows[[*columns, "effect_size", "p_value", "p_holm"]]

    def matrix(self, metric: str, rows: str, columns: str) -> "pd.DataFrame":
        """Return the means of a metric by two factors: levels of `rows` down, `columns` across.

        Other factors and seeds are averaged over; NaN where no run has a value.
        """
        self.figure(metric)
        unknown = [name for name in (rows, columns) if name not in self.factors]
        if unknown:
            known = ", ".join(self.factors) or "none"
            raise InputError(f"{self.path}: no factor {', '.join(unknown)}; its factors: {known}")
        table = self.table[self.table["metric"] == metric]
        order = [table[name].drop_duplicates() for name in (rows, columns)]
        means: pd.DataFrame = table.groupby([rows, columns])["value"].mean().unstack()
        return means.reindex(index=order[0], columns=order[1])

    def winners(self, arm: str, by: Literal["role", "account"] = "role") -> "pd.DataFrame":
        """Return who gains and who loses in an arm: a row each, the largest gain first.

        A benefit is true value less true cost plus money received less paid. Whoever does not
        exist in one of the arms has a benefit of zero there. The differences of all rows add up
        to the change of welfare.

        Parameters
        ----------
        arm : str
        by : str
            ``role``: accounts added up by role; ``account``: each by itself.

        Returns
        -------
        DataFrame
            Mean benefit in the baseline and in the arm, the mean paired ``difference`` with its
            95 % interval ``diff_low`` to ``diff_high``, and the ``pairs`` of seeds behind it.
        """
        import pandas as pd

        theirs, ours = (self._benefits_of(name, by) for name in (self._compared(), arm))
        seeds = theirs.index.intersection(ours.index)
        names = theirs.columns.union(ours.columns)
        before = theirs.reindex(seeds).reindex(columns=names, fill_value=0.0)
        after = ours.reindex(seeds).reindex(columns=names, fill_value=0.0)
        found = [paired_difference(after[name], before[name]) for name in names]
        gains = pd.DataFrame(
            {
                "baseline": before.mean(),
                "benefit": after.mean(),
                "difference": [one.mean for one in found],
                "diff_low": [one.low for one in found],
                "diff_high": [one.high for one in found],
                "pairs": [one.pairs for one in found],
            },
            index=names.rename(by),
        )
        return gains.sort_values("difference", ascending=False, kind="stable")

    def _compared(self) -> str:
        if self.baseline is None:
            raise InputError(f"{self.path}: has no baseline that arms could be compared with")
        return self.baseline

    def _benefits_of(self, arm: str, by: str) -> "pd.DataFrame":
        """Return benefits in an arm, in currency: a row per seed, a column per role or account."""
        if by not in ("role", "account"):
            raise InputError(f"winners by {by!r}: use 'role' or 'account'")
        if arm not in self.arms:
            known = ", ".join(self.arms)
            raise InputError(f"{self.path}: no arm {arm!r}; its arms: {known}")
        rows = self.benefits[self.benefits["arm"] == arm]
        cents = (rows["benefit_amount"] * CENTS).round().astype("int64")
        table: pd.DataFrame = cents.groupby([rows["seed"], rows[by]]).sum().unstack(fill_value=0)
        return table / CENTS


def talatan_experiment(path: str | Path) -> ExperimentResults:
    """Open the directory of a finished experiment.

    Parameters
    ----------
    path : path-like
        The directory that `talatan experiment` wrote.

    Raises
    ------
    InputError
        The directory is missing, unfinished, damaged, or not an experiment's.
    """
    results = ExperimentResults(path)
    place = results.path
    if not place.is_dir():
        raise InputError(f"{place}: no such directory; `talatan experiment` makes one")
    if not (place / "experiment.json").is_file():
        if (place / "run.json").is_file():
            raise InputError(f"{place}: is a run, not an experiment; talatan_results opens it")
        raise InputError(f"{place}: not an experiment's (it has no experiment.json)")
    lacking = [key for key in KEYS if key not in results.experiment]
    if lacking:
        file = place / "experiment.json"
        raise InputError(f"{file}: not an experiment's (it lacks {', '.join(lacking)})")
    status = results.experiment["status"]
    if status != "finished":
        raise InputError(f"{place}: this experiment {STATUS.get(status, f'is {status!r}')}")
    _complete(results)
    return results


def _complete(results: ExperimentResults) -> None:
    files = [f"{name}.parquet" for name in TABLES if name not in OPTIONAL]
    absent = [name for name in files if not (results.path / name).is_file()]
    if absent:
        raise InputError(f"{results.path}: damaged (it lacks {', '.join(absent)})")
    arms, seeds, metrics = len(results.arms), len(results.experiment["seeds"]), results.metrics
    expected = {"results": arms * seeds * len(metrics), "summary": arms * len(metrics)}
    for name, rows in expected.items():
        file = results.path / f"{name}.parquet"
        found = row_count(file)
        if found != rows:
            made = f"{arms} arms, {seeds} seeds and {len(metrics)} metrics make {rows}"
            raise InputError(f"{file}: damaged: {found} rows, but {made}")
