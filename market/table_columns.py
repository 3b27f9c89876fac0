"""The columns of the tables that a recorder writes."""

from typing import Any

from market.metering import CAUSES
from market.storage_service.rules import MODES

ENERGY_COLUMNS = (
    "available",
    "offered",
    "bid",
    "sold",
    "bought",
    "delivered",
    "consumed",
    "curtailed",
    *(f"curtailed_{cause}" for cause in CAUSES),
    "recovered",
    "imbalance",
    "unserved",
)
"""Energy of a unit."""
RENEWABLE_COLUMNS = ("available", "curtailed", *(f"curtailed_{cause}" for cause in CAUSES))
KIND_NUMBERS = (
    *("available", "delivered", "consumed", "curtailed", "curtailed_system", "unserved", "soc"),
)
SYSTEM_CAUSES = ("economic", "network", "forecast")
"""Causes of curtailment that are the system's and not the plant's."""
PRICES = ("price", "price_low", "price_high")
SURPLUSES = ("buyer_surplus", "seller_surplus", "operator_surplus")
INTERVAL_NUMBERS = (
    *PRICES,
    "buy_price",
    "sell_price",
    "volume_mwh",
    "offered_mwh",
    "bid_mwh",
    "available_mwh",
    "delivered_mwh",
    "curtailed_mwh",
    *(f"curtailed_{cause}_mwh" for cause in CAUSES),
    "recovered_mwh",
    *(f"recovered_{mode}_mwh" for mode in MODES),
    "unserved_mwh",
    *SURPLUSES,
    "imbalance_short_price",
    "imbalance_long_price",
    "imbalance_mwh",
    "largest_offered_mwh",
    "marginal_cost_price",
)
STATION_NUMBERS = ("charged_mwh", "discharged_mwh", "netted_mwh", "gain_mwh", "soc_mwh")

LABELS = {
    "intervals": ("zone",),
    "kinds": ("zone", "kind"),
    "units": ("unit", "owner", "kind", "zone"),
    "ledger": ("payer", "payee", "category"),
    "trades": ("buyer", "seller", "product"),
    "stations": ("station",),
    "orders": ("zone", "unit", "side"),
}
NUMBERS = {
    "intervals": INTERVAL_NUMBERS,
    "kinds": tuple(f"{name}_mwh" for name in KIND_NUMBERS),
    "units": (*(f"{name}_mwh" for name in ENERGY_COLUMNS), "soc_mwh"),
    "ledger": ("quantity_mwh", "price", "amount"),
    "trades": ("quantity_mwh", "price"),
    "stations": STATION_NUMBERS,
    "orders": ("price", "quantity_mwh", "accepted_mwh"),
}


def schema(table: str, zone: str) -> Any:
    """Return the columns of a table and their types; `zone` is the time zone of its stamps."""
    import pyarrow as pa

    label, number = pa.dictionary(pa.int32(), pa.string()), pa.float64()
    fields = [("start", pa.timestamp("s", tz=zone))]
    fields += [(name, label) for name in LABELS[table]]
    fields += [(name, number) for name in NUMBERS[table]]
    if table == "intervals":
        fields.append(("n_orders", pa.int64()))
    if table == "trades":
        fields += [("station", label), ("quantity_mw", number)]
    return pa.schema(fields)
