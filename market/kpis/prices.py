"""Key figures of prices: mean, extremes, hours at a limit, and what each kind earned per MWh."""

from typing import TYPE_CHECKING

from market.key_figures import KeyFigure, key_figures, period_groups, ratio
from market.results import Results

if TYPE_CHECKING:
    import pandas as pd

NAN = float("nan")
MIDDLE = "Middle between what buyers paid and sellers received, weighted by traded energy"

NAMES = (
    *("mean_price", "mean_buy_price", "mean_sell_price", "time_mean_price"),
    *("min_price", "max_price", "daily_spread_price", "price_set_width_price"),
    *("price_negative_h", "price_floor_h", "price_cap_h"),
    *("{seller}_capture_price", "{buyer}_paid_price"),
)


@period_groups.register("prices", *NAMES)
@key_figures.register("prices", *NAMES)
def prices(results: Results) -> list[KeyFigure]:
    """Give means, extremes, spread, hours at a limit, and captured prices."""
    return [*_levels(results), *_hours(results), *captured(results)]


def _levels(results: Results) -> list[KeyFigure]:
    unit, table = f"{results.currency}/MWh", results.priced_intervals
    price = table["price"]
    common = not (results.intervals["price"].isna() & (table["volume_mwh"] > 0)).any()
    width = (table["price_high"] - table["price_low"]).replace([float("inf")], NAN)
    by_day = table.groupby([results.local(table["start"]).dt.date, table["zone"]], observed=True)
    spread = (by_day["price"].max() - by_day["price"].min()).mean()
    return [
        KeyFigure(
            "mean_price",
            _weighted(table, "price"),
            unit,
            "Clearing price weighted by traded energy" if common else MIDDLE,
        ),
        *_sides(table, unit),
        KeyFigure("time_mean_price", price.mean(), unit, "Plain mean of the clearing price"),
        KeyFigure("min_price", price.min(), unit, "Lowest clearing price"),
        KeyFigure("max_price", price.max(), unit, "Highest clearing price"),
        KeyFigure(
            "daily_spread_price",
            spread,
            unit,
            "Mean over days of the highest less the lowest clearing price",
        ),
        KeyFigure(
            "price_set_width_price",
            width.mean(),
            unit,
            "Mean width of the set of market-clearing prices",
        ),
    ]


def _weighted(table: "pd.DataFrame", column: str) -> float:
    traded = table[table[column].notna() & (table["volume_mwh"] > 0)]
    return ratio((traded[column] * traded["volume_mwh"]).sum(), traded["volume_mwh"].sum())


def _sides(table: "pd.DataFrame", unit: str) -> list[KeyFigure]:
    """Return what buyers paid and sellers received, where that is not the same."""
    if (
        "buy_price" not in table
        or (table["buy_price"].fillna(0) == table["sell_price"].fillna(0)).all()
    ):
        return []
    return [
        KeyFigure(
            f"mean_{side}_price", _weighted(table, f"{side}_price"), unit, f"What {who} per MWh"
        )
        for side, who in (("buy", "buyers paid"), ("sell", "sellers received"))
    ]


def _hours(results: Results) -> list[KeyFigure]:
    price = results.priced_intervals["price"]
    if not price.notna().any():
        return []
    floor, cap = results.rule("price_floor"), results.rule("price_cap")
    hours = [("negative", price < 0, "Time with a negative price in some zone")]
    if floor is not None:
        hours.append(("floor", price <= floor, "Time at the price floor in some zone"))
    if cap is not None:
        hours.append(("cap", price >= cap, "Time at the price cap in some zone"))
    return [
        KeyFigure(f"price_{name}_h", hours_of(results, rows), "h", meaning)
        for name, rows, meaning in hours
    ]


def hours_of(results: Results, rows: "pd.Series[bool]") -> float:
    """Return the hours covered by the given rows of the intervals table, zones counted once."""
    return float(results.intervals.loc[rows, "start"].nunique() * results.interval_hours)


def captured(results: Results) -> list[KeyFigure]:
    """Return the mean price of what each kind delivered and consumed, if all had one price."""
    if (results.intervals["price"].isna() & (results.intervals["volume_mwh"] > 0)).any():
        return []
    price = results.priced_intervals[["start", "zone", "price"]].dropna()
    table = results.kinds.astype({"zone": str}).merge(price.astype({"zone": str}))
    sides = [
        ("delivered_mwh", "capture_price", "Clearing price weighted by delivered energy"),
        ("consumed_mwh", "paid_price", "Clearing price weighted by consumed energy"),
    ]
    return [
        KeyFigure(
            f"{kind}_{name}",
            ratio((rows["price"] * rows[column]).sum(), rows[column].sum()),
            f"{results.currency}/MWh",
            f"{meaning}: {kind}",
        )
        for kind, rows in table.groupby("kind", observed=True)
        for column, name, meaning in sides
        if rows[column].sum() > 0
    ]
