"""Key figures of storage: energy, efficiency, cycles, income per MW, ageing."""

from typing import TYPE_CHECKING

from market.key_figures import KeyFigure, key_figures, ratio
from market.results import Results

if TYPE_CHECKING:
    import pandas as pd


@key_figures.register(
    "storage",
    *("storage_charged_mwh", "storage_discharged_mwh", "storage_round_trip_pct"),
    *("storage_cycles_per_day", "storage_income_per_mw_year_amount"),
    *("storage_capacity_remaining_mwh", "storage_fade_pct", "storage_fade_cycles_pct"),
    *("storage_fade_calendar_pct", "storage_equivalent_cycles_per_day", "storage_wear_amount"),
)
def storage(results: Results) -> list[KeyFigure]:
    """Give energy, round-trip efficiency, cycles a day, income per MW-year and ageing."""
    units = results.participants
    units = units[units["kind"] == "storage"]
    if units.empty:
        return []
    total = units.sum(numeric_only=True, min_count=1)
    charged, discharged = total["charged_mwh"], total["discharged_mwh"]
    gained = total["soc_end_mwh"] - total["soc_start_mwh"]
    cycles = ratio(discharged, total["energy_capacity_mwh"] * results.days)
    return [
        KeyFigure("storage_charged_mwh", charged, "MWh", "Taken from the grid by storage"),
        KeyFigure("storage_discharged_mwh", discharged, "MWh", "Given to the grid by storage"),
        KeyFigure(
            "storage_round_trip_pct",
            ratio(discharged + gained, charged, 100),
            "%",
            "Discharged plus gain of stored energy, of charged; self-discharge included",
        ),
        KeyFigure(
            "storage_cycles_per_day",
            cycles,
            "1/day",
            "Discharged energy in units of the energy capacity, a day",
        ),
        *_income(results, total["capacity_mw"]),
        *_ageing(results, units),
    ]


def _ageing(results: Results, units: "pd.DataFrame") -> list[KeyFigure]:
    """Return what is left of the storage that ages, and what took the rest."""
    if "capacity_remaining_mwh" not in units:
        return []
    units = units[units["capacity_remaining_mwh"].notna()]
    size = units["energy_capacity_mwh"]
    by_cycles, by_time = units["fade_cycles_mwh"].sum(), units["fade_calendar_mwh"].sum()
    full = (units["equivalent_cycles"] * size).sum()
    left, wear = units["capacity_remaining_mwh"].sum(), units["wear_amount"].sum()
    shares = {
        "storage_fade_pct": (size.sum() - left, "Capacity lost by the end of the run"),
        "storage_fade_cycles_pct": (by_cycles, "Capacity lost to cycles by the end of the run"),
        "storage_fade_calendar_pct": (by_time, "Capacity lost to time by the end of the run"),
    }
    return [
        KeyFigure("storage_capacity_remaining_mwh", left, "MWh", "Capacity that ageing has left"),
        *(
            KeyFigure(name, ratio(part, size.sum(), 100), "%", f"{meaning}, of the size when new")
            for name, (part, meaning) in shares.items()
        ),
        KeyFigure(
            "storage_equivalent_cycles_per_day",
            ratio(full, size.sum() * results.days),
            "1/day",
            "Full equivalent cycles by rainflow count, a day, of storage that ages",
        ),
        KeyFigure(
            "storage_wear_amount", wear, results.currency, "Replacement cost that cycles used up"
        ),
    ]


def _income(results: Results, power_mw: float) -> list[KeyFigure]:
    if "storage" not in results.role_balances.index:
        return []
    income = float(results.role_balances.sum(axis=1)["storage"])
    return [
        KeyFigure(
            "storage_income_per_mw_year_amount",
            ratio(income, power_mw * results.days / 365),
            f"{results.currency}/(MW year)",
            "Received less paid by owners of storage only, per MW of discharge power and year",
        )
    ]
