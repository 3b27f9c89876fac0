"""Key figures of storage: energy, efficiency, cycles, income per MW."""

from market.key_figures import KeyFigure, key_figures, ratio
from market.results import Results


@key_figures.register("storage")
def storage(results: Results) -> list[KeyFigure]:
    """Give energy charged, discharged, round-trip efficiency, cycles a day, income per MW-year."""
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
