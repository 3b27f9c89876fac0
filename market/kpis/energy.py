"""Key figures of energy: traded, delivered, consumed, imported, exported, not served."""

from market.key_figures import KeyFigure, key_figures, period_groups
from market.kpis.prices import hours_of
from market.results import Results

CONSUMERS = ("load", "data_center")
NAMES = (
    *("energy_traded_mwh", "import_mwh", "export_mwh", "net_export_mwh"),
    *(f"{kind}_served_mwh" for kind in CONSUMERS),
    *("{plant}_delivered_mwh", "unserved_mwh", "unserved_h"),
)


@period_groups.register("energy", *NAMES)
@key_figures.register("energy", *NAMES)
def energy(results: Results) -> list[KeyFigure]:
    """Give energy traded, delivered and consumed by kind, across the border, not served."""
    intervals = results.intervals
    unserved = intervals["unserved_mwh"]
    return [
        KeyFigure(
            "energy_traded_mwh", intervals["volume_mwh"].sum(), "MWh", "Energy sold in the auctions"
        ),
        *_by_kind(results),
        KeyFigure("unserved_mwh", unserved.sum(), "MWh", "Demand that was not met"),
        KeyFigure(
            "unserved_h", hours_of(results, unserved > 0), "h", "Time with demand that was not met"
        ),
    ]


def _by_kind(results: Results) -> list[KeyFigure]:
    totals = results.kinds.groupby("kind", observed=True)[["delivered_mwh", "consumed_mwh"]].sum()
    figures = []
    for kind in totals.index:
        delivered, consumed = totals.loc[kind, "delivered_mwh"], totals.loc[kind, "consumed_mwh"]
        if kind == "external":
            figures += _across_the_border(delivered, consumed)
        elif kind in CONSUMERS:
            figures.append(KeyFigure(f"{kind}_served_mwh", consumed, "MWh", f"Served: {kind}"))
        elif kind != "storage":
            name, meaning = f"{kind}_delivered_mwh", f"Delivered: {kind}"
            figures.append(KeyFigure(name, delivered, "MWh", meaning))
    return figures


def _across_the_border(imported: float, exported: float) -> list[KeyFigure]:
    return [
        KeyFigure("import_mwh", imported, "MWh", "Bought from external markets"),
        KeyFigure("export_mwh", exported, "MWh", "Sold to external markets"),
        KeyFigure("net_export_mwh", exported - imported, "MWh", "Exports less imports"),
    ]
