"""The files of a run directory: which tables there are, their columns, and reading them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from market.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

CAUSES = ("economic", "network", "forecast", "withheld", "outage")
CAUSE_COLUMNS = tuple(f"curtailed_{cause}_mwh" for cause in CAUSES)

TABLES: dict[str, tuple[str, ...]] = {
    "intervals": (
        *("start", "zone", "price", "price_low", "price_high", "volume_mwh", "offered_mwh"),
        *("bid_mwh", "available_mwh", "delivered_mwh", "curtailed_mwh", *CAUSE_COLUMNS),
        *("recovered_mwh", "unserved_mwh", "buyer_surplus", "seller_surplus"),
        *("operator_surplus", "n_orders"),
    ),
    "kinds": (
        *("start", "zone", "kind", "delivered_mwh", "consumed_mwh", "available_mwh"),
        *("curtailed_mwh", "soc_mwh"),
    ),
    "participants": (
        *("unit", "owner", "kind", "zone", "available_mwh", "offered_mwh", "bid_mwh"),
        *("sold_mwh", "bought_mwh", "delivered_mwh", "consumed_mwh", "curtailed_mwh"),
        *(*CAUSE_COLUMNS, "recovered_mwh", "imbalance_mwh", "unserved_mwh", "charged_mwh"),
        *("discharged_mwh", "soc_start_mwh", "soc_end_mwh", "variable_cost_amount"),
        *("capacity_mw", "energy_capacity_mwh", "jobs_finished", "jobs_late", "gpu_hours"),
    ),
    "units": (
        *("start", "unit", "owner", "kind", "zone", "available_mwh", "offered_mwh", "bid_mwh"),
        *("sold_mwh", "bought_mwh", "delivered_mwh", "consumed_mwh", "curtailed_mwh"),
        *("imbalance_mwh", "soc_mwh"),
    ),
    "ledger": ("start", "payer", "payee", "category", "quantity_mwh", "price", "amount"),
    "trades": (),
    "stations": (
        *("start", "station", "charged_mwh", "discharged_mwh", "netted_mwh", "gain_mwh"),
        "soc_mwh",
    ),
    "orders": (),
}
"""The tables of a run directory and the columns each must have."""

OPTIONAL = {
    "units": '[recording] units = true (or "daily")',
    "orders": "[recording] orders = true",
    "stations": '[market.storage_service] modes = ["call"], or a lease,',
}
"""Tables a run may leave out, and the scenario line that records them."""


def absence(file: Path, name: str) -> str:
    """Return why the table called `name` is not there, and what would bring it."""
    if name in OPTIONAL:
        return f"{file}: this run did not record it; put {OPTIONAL[name]} in the scenario"
    if name in TABLES:
        return f"{file}: the table is missing; the run directory is damaged"
    return f"{file}: there is no table {name!r}; known: {', '.join(TABLES)}"


def read_json(file: Path) -> dict[str, Any]:
    """Return the object in a JSON file; `InputError` where it cannot be read."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise InputError(f"{file}: damaged, not JSON ({error})") from error
    if not isinstance(content, dict):
        raise InputError(f"{file}: damaged, not a JSON object")
    return content


def row_count(file: Path) -> int:
    """Return the number of rows of a Parquet file without reading them."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return int(parquet.read_metadata(file).num_rows)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{file}: damaged, not a Parquet file ({error})") from error


def read_table(file: Path, columns: list[str] | None, required: tuple[str, ...]) -> "pd.DataFrame":
    """Return a Parquet file, or `columns` of it; `required` ones must be there."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        present = parquet.read_schema(file).names
        lacking = [name for name in (columns or required) if name not in present]
        if lacking:
            raise InputError(f"{file}: damaged: no column {', '.join(lacking)}")
        frame: pd.DataFrame = parquet.read_table(file, columns=columns).to_pandas()
        return frame
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{file}: damaged, not a Parquet file ({error})") from error
