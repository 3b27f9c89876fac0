"""The table of participants: a row per unit with its totals over the run."""

from pathlib import Path
from typing import Any

import numpy as np

from market import CENTS, ENERGY_COLUMNS, WH_PER_MWH, FloatArray
from scenarios.simulation import Simulation, unit_totals

PARTICIPANT_FACTS = (
    "capacity_mw",
    "energy_capacity_mwh",
    "soc_start_mwh",
    "soc_end_mwh",
    "jobs_finished",
    "jobs_late",
    "jobs_unreachable",
    "gpu_hours",
    "energy_needed_mwh",
    "out_of_order_days",
)
FORECAST_FACTS = (  # written where anybody forecasts prices
    "forecast_mae_1h_price",
    "forecast_mae_6h_price",
    "forecast_mae_24h_price",
    "forecast_bias_price",
)
AGEING_FACTS = (  # written where storage ages
    "capacity_remaining_mwh",
    "fade_cycles_mwh",
    "fade_calendar_mwh",
    "equivalent_cycles",
    "wear_amount",
)


def write_participants(simulation: Simulation, directory: Path) -> None:
    """Write participants.parquet into a directory, whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    layout, totals = simulation.layout, simulation.recorder.totals
    renewable = simulation.recorder.renewable
    columns: dict[str, Any] = {
        "unit": list(layout.units),
        "owner": [layout.owners[index] for index in layout.owner_of],
        "kind": list(layout.kinds),
        "zone": list(layout.zone_names),
    }
    for name in ENERGY_COLUMNS:
        values = totals[name] / WH_PER_MWH
        if name == "available" or name.startswith("curtailed"):
            values = np.where(renewable, values, np.nan)
        columns[f"{name}_mwh"] = values
    stores = layout.of_kind("storage")
    columns["charged_mwh"] = np.where(stores, columns["consumed_mwh"], np.nan)
    columns["discharged_mwh"] = np.where(stores, columns["delivered_mwh"], np.nan)
    facts = unit_totals(simulation)
    wear = np.nan_to_num(facts.get("wear_amount", np.zeros(len(layout.units))))
    cost = facts.pop("unit_cost") * columns["delivered_mwh"] + wear
    columns["variable_cost_amount"] = np.round(cost * CENTS) / CENTS
    columns["value_amount"] = np.round(simulation.worth * CENTS) / CENTS
    columns |= _amounts(simulation)
    empty = np.full(len(layout.units), np.nan)
    for name in PARTICIPANT_FACTS:
        columns[name] = facts.get(name, empty)
    columns |= {name: facts[name] for name in AGEING_FACTS + FORECAST_FACTS if name in facts}
    costs = np.array([spec.params.get("capital_cost", np.nan) for spec in simulation.specs])
    if np.isfinite(costs).any():
        columns["capital_cost"] = costs
    part = directory / "participants.parquet.part"
    pq.write_table(pa.table(columns), part)
    part.replace(directory / "participants.parquet")


def _amounts(simulation: Simulation) -> dict[str, FloatArray]:
    """Return what the ledger knows by unit, currency; but for energy it is for storage only."""
    stores = simulation.layout.of_kind("storage")
    return {
        f"{name}_amount": np.where(stores | (name == "energy"), cents / CENTS, np.nan)
        for name, cents in simulation.ledger.unit_cents().items()
    }
