"""Results: the read side of a run directory."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from market.errors import InputError
from market.run_files import OPTIONAL, TABLES, absence, read_json, read_table, row_count

if TYPE_CHECKING:
    import pandas as pd

RUN_KEYS = ("scenario", "seed", "status", "currency", "interval_minutes", "start", "zones")

STATUS = {
    "running": "is still running, or was killed; wait for it, or run it again with --resume",
    "interrupted": "was interrupted; finish it by running it again with --resume",
    "failed": "failed; its tables are not complete",
}


class Results:
    """What a run left behind: each table a DataFrame, read when first asked for.

    Energy is in MWh, prices in currency/MWh, money in currency; timestamps carry a time zone.
    Made by `talatan_results`, which checks the directory first.

    Parameters
    ----------
    path : path-like
        The run directory.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"Results({str(self.path)!r})"

    def _repr_html_(self) -> str:
        heading = f"<b>{self.run['scenario']}</b>, seed {self.run['seed']}"
        return f"<p>{heading}</p>{self.summary.to_html()}"

    # What the run was.

    @cached_property
    def run(self) -> dict[str, Any]:
        """Name, text and seed of the scenario, versions, times, status, hash and rules."""
        return read_json(self.path / "run.json")

    @property
    def currency(self) -> str:
        """Currency of every price and amount."""
        return str(self.run["currency"])

    @property
    def interval_hours(self) -> float:
        """Length of a delivery interval in hours."""
        return float(self.run["interval_minutes"]) / 60

    @cached_property
    def days(self) -> float:
        """Length of the run in days."""
        return float(self.intervals["start"].nunique() * self.interval_hours / 24)

    def rule(self, name: str) -> float | None:
        """Return the number a rule had at the start of the run; None where there is none.

        Parameters
        ----------
        name : str
            Key of the rule without its section, for example ``price_cap``.
        """
        for value in _named(self.run.get("rules") or {}, name):
            if isinstance(value, int | float):
                return float(value)
        return None

    # The tables.

    def has(self, name: str) -> bool:
        """Return whether the run recorded the table called `name`."""
        return (self.path / f"{name}.parquet").is_file()

    def table(self, name: str, columns: Iterable[str] | None = None) -> "pd.DataFrame":
        """Return a table, or only some of its columns (a large table then needs less memory)."""
        file = self.path / f"{name}.parquet"
        if not file.is_file():
            raise InputError(absence(file, name))
        wanted = None if columns is None else list(columns)
        return read_table(file, wanted, TABLES.get(name, ()))

    @cached_property
    def intervals(self) -> "pd.DataFrame":
        """A row per interval and zone: price, energy, curtailment by cause, surplus."""
        return self.table("intervals")

    @cached_property
    def priced_intervals(self) -> "pd.DataFrame":
        """The intervals with a price wherever anything traded.

        Where there is no price for all it is the middle between what buyers paid and what
        sellers received per MWh.
        """
        table = self.intervals
        if not {"buy_price", "sell_price"} <= set(table.columns):  # a run of an older version
            return table
        middle = (table["buy_price"] + table["sell_price"]) / 2
        return table.assign(price=table["price"].fillna(middle))

    @cached_property
    def kinds(self) -> "pd.DataFrame":
        """A row per interval, zone and kind of unit: energy and state of charge."""
        return self.table("kinds")

    @cached_property
    def participants(self) -> "pd.DataFrame":
        """A row per unit: its totals over the run."""
        return self.table("participants")

    @cached_property
    def units(self) -> "pd.DataFrame":
        """A row per interval and unit, where the scenario recorded it."""
        return self.table("units")

    @cached_property
    def ledger(self) -> "pd.DataFrame":
        """A row per posting: who paid whom, for what, how much."""
        return self.table("ledger")

    @cached_property
    def trades(self) -> "pd.DataFrame":
        """A row per storage-rights, lease, bilateral or service trade."""
        return self.table("trades")

    @cached_property
    def stations(self) -> "pd.DataFrame":
        """A row per interval and storage station that is split into slices."""
        return self.table("stations")

    @cached_property
    def orders(self) -> "pd.DataFrame":
        """A row per order, where the scenario recorded it."""
        return self.table("orders")

    @cached_property
    def summary(self) -> "pd.DataFrame":
        """Key figures: a row each, with value, unit and meaning."""
        import pandas as pd

        figures = read_json(self.path / "summary.json")
        return pd.DataFrame.from_dict(figures, orient="index", columns=["value", "unit", "meaning"])

    # Time on the local clock.

    def local(self, instants: "pd.Series[Any]") -> "pd.Series[Any]":
        """Return instants as the local clock showed them, at the offset of the run's start."""
        import pandas as pd

        zone = pd.Timestamp(self.run["start"]).tz
        local: pd.Series[Any] = instants.dt.tz_convert(zone).dt.tz_localize(None)
        return local

    @property
    def utc_offset(self) -> str:
        """Offset of the local clock, for example ``UTC+08:00``."""
        return f"UTC{self.run['start'][-6:]}" if self.run["start"][-6] in "+-" else "UTC"

    # Money by account.

    @cached_property
    def roles(self) -> dict[str, str]:
        """Role of each owner: the kind of its units, ``portfolio`` where it owns several kinds."""
        kinds = self.participants[["owner", "kind"]].drop_duplicates().astype(str)
        roles = dict(zip(kinds["owner"], kinds["kind"], strict=True))
        several = kinds["owner"][kinds["owner"].duplicated()]
        return roles | dict.fromkeys(several, "portfolio")

    @cached_property
    def balances(self) -> "pd.DataFrame":
        """Received less paid, in currency: a row per account, a column per category."""
        ledger = self.ledger
        cents = (ledger["amount"] * 100).round().astype("int64")
        received = cents.groupby([ledger["payee"], ledger["category"]], observed=True).sum()
        paid = cents.groupby([ledger["payer"], ledger["category"]], observed=True).sum()
        received.index.names = paid.index.names = ["account", "category"]
        net = received.unstack(fill_value=0).sub(paid.unstack(fill_value=0), fill_value=0)
        net.index, net.columns = net.index.astype(str), net.columns.astype(str)
        # Sorted, so that sums of columns do not depend on which category came first.
        return net.sort_index(axis=1).fillna(0).round().astype("int64") / 100

    @cached_property
    def role_balances(self) -> "pd.DataFrame":
        """Received less paid, in currency: a row per role, a column per category.

        Accounts that own no unit (``market``, ``grid``, ...) keep their own name.
        """
        balances = self.balances
        role = [self.roles.get(account, account) for account in balances.index]
        totals = (balances * 100).round().astype("int64").groupby(role).sum() / 100
        return totals.rename_axis("role")

    def payments(
        self, by: Literal["role", "account"] = "role", category: str | None = None
    ) -> "pd.DataFrame":
        """Return who paid whom, in currency: a row per payer, a column per payee.

        What an account receives (its column) less what it pays (its row) is its balance.

        Parameters
        ----------
        by : str
            ``role``: accounts added up by `roles`; ``account``: each by itself.
        category : str, optional
            Of the ledger; all of them by default.
        """
        if by not in ("role", "account"):
            raise InputError(f"payments by {by!r}: use 'role' or 'account'")
        ledger = self.ledger
        known = sorted(ledger["category"].astype(str).unique())
        if category is not None and category not in known:
            raise InputError(f"{self.path}: nothing was paid for {category!r}; {_listed(known)}")
        rows = ledger if category is None else ledger[ledger["category"] == category]
        names = self.roles if by == "role" else {}
        ends = [rows[end].astype(str).map(lambda n: names.get(n, n)) for end in ("payer", "payee")]
        cents = (rows["amount"] * 100).round().astype("int64").groupby(ends).sum()
        everybody = sorted(set(ends[0]) | set(ends[1]))
        table = cents.unstack(fill_value=0).reindex(everybody, columns=everybody, fill_value=0)
        return table.rename_axis(index="payer", columns="payee") / 100


def _listed(categories: list[str]) -> str:
    return f"categories: {', '.join(categories)}" if categories else "its ledger is empty"


def talatan_results(path: str | Path) -> Results:
    """Open a finished run directory.

    Parameters
    ----------
    path : path-like
        The directory that `talatan run` wrote.

    Raises
    ------
    InputError
        The directory is missing, unfinished, damaged, or not a run.
    """
    results = Results(path)
    place = results.path
    if not place.is_dir():
        raise InputError(f"{place}: no such run directory; `talatan run` makes one")
    if not (place / "run.json").is_file():
        if (place / "experiment.json").is_file():
            raise InputError(f"{place}: is an experiment, not a run; `talatan plot` draws it")
        raise InputError(f"{place}: not a run directory (it has no run.json)")
    lacking = [key for key in RUN_KEYS if key not in results.run]
    if lacking:
        raise InputError(f"{place / 'run.json'}: not a run's (it lacks {', '.join(lacking)})")
    status = results.run["status"]
    if status != "finished":
        raise InputError(f"{place}: this run {STATUS.get(status, f'has status {status!r}')}")
    _complete(results)
    return results


def _complete(results: Results) -> None:
    files = [f"{name}.parquet" for name in TABLES if name not in OPTIONAL]
    absent = [name for name in [*files, "summary.json"] if not (results.path / name).is_file()]
    if absent:
        raise InputError(f"{results.path}: damaged run directory (it lacks {', '.join(absent)})")
    expected = results.run.get("intervals")
    found = row_count(results.path / "intervals.parquet")
    if expected is not None and found != expected * len(results.run["zones"]):
        rows = f"{expected} intervals of {len(results.run['zones'])} zones are expected"
        raise InputError(f"{results.path / 'intervals.parquet'}: damaged: {found} rows, but {rows}")


def _named(tree: dict[str, Any], name: str) -> Iterator[Any]:
    for key, value in tree.items():
        if key == name:
            yield value
        elif isinstance(value, dict):
            yield from _named(value, name)
