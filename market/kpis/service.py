"""Key figures of storage service: what it recovered, traded, charged, netted and was paid.

Of plants for wind and sun, whose would-be curtailment may be stored,

    before storage = 100 x (system causes + recovered) / (delivered + system causes)
    after storage  = 100 x system causes / (delivered + system causes),

since what was recovered is part of what was delivered; system causes as in `curtailment`.
"""

from typing import TYPE_CHECKING

from market.key_figures import KeyFigure, key_figures, period_groups, ratio
from market.kpis.curtailment import GROUPS, SYSTEM
from market.results import Results
from market.storage_service.rules import MODES
from market.units import CENTS

if TYPE_CHECKING:
    import pandas as pd

TRADED = ("bilateral", "auction", "call")
"""Modes with a buyer and a seller; a plant's own and leased storage is no trade."""

FLOWS = (*(f"recovered_{mode}_mwh" for mode in MODES), "netted_mwh", "netting_gain_mwh")


@key_figures.register(
    "service",
    *FLOWS,
    *("curtailment_before_storage_mwh", "curtailment_before_storage_pct"),
    *("curtailment_after_storage_mwh", "curtailment_after_storage_pct"),
    *("service_trades", *(f"service_trades_{mode}" for mode in TRADED)),
    *("service_charged_mwh", "service_discharged_mwh", "service_round_trip_pct"),
    *("service_full_charges_per_day", "service_fees_amount"),
    *(f"service_{mode}_fees_amount" for mode in TRADED),
    "service_operator_surplus_amount",
)
def service(results: Results) -> list[KeyFigure]:
    """Give energy recovered by mode, curtailment before and after, trades, pools, fees."""
    if not results.has("stations"):
        return []
    return [
        *_recovered(results.intervals),
        *_before_and_after(results.participants),
        *_trades(results),
        *_pools(results),
        *_netting(results.stations),
        *_fees(results),
    ]


@period_groups.register("service", *FLOWS)
def _flows(results: Results) -> list[KeyFigure]:
    """Give energy recovered by mode, and what netting saved."""
    if not results.has("stations"):
        return []
    return [*_recovered(results.intervals), *_netting(results.stations)]


def _recovered(intervals: "pd.DataFrame") -> list[KeyFigure]:
    return [
        KeyFigure(column, intervals[column].sum(), "MWh", f"Would-be curtailment stored: {mode}")
        for mode in MODES
        if (column := f"recovered_{mode}_mwh") in intervals
    ]


def _before_and_after(units: "pd.DataFrame") -> list[KeyFigure]:
    total = units[units["kind"].isin(GROUPS["wind_solar"])].sum(numeric_only=True)
    lost, stored = total[SYSTEM].sum(), total["recovered_mwh"]
    whole = total["delivered_mwh"] + lost
    return [
        figure
        for when, part in (("before", lost + stored), ("after", lost))
        for figure in (
            KeyFigure(
                f"curtailment_{when}_storage_mwh",
                part,
                "MWh",
                f"Wind and sun curtailed for the system's reasons, {when} storage service",
            ),
            KeyFigure(
                f"curtailment_{when}_storage_pct",
                ratio(part, whole, 100),
                "%",
                f"The same, {when} storage service, of delivered plus curtailed",
            ),
        )
    ]


def _trades(results: Results) -> list[KeyFigure]:
    """Count the days on which a station stored in a mode."""
    trades = results.trades
    sold = trades[trades["quantity_mwh"] > 0]
    once = sold.astype({"product": str}).drop_duplicates(["start", "station", "product"])
    number = once["product"].value_counts().reindex(TRADED, fill_value=0)
    meaning = "Days and stations with storage service"
    return [
        KeyFigure("service_trades", number.sum(), "trades", f"{meaning}, modes counted apart"),
        *(
            KeyFigure(f"service_trades_{mode}", number[mode], "trades", f"{meaning}: {mode}")
            for mode in TRADED
        ),
    ]


def _pools(results: Results) -> list[KeyFigure]:
    names = [f"{station}/service" for station in results.stations["station"].astype(str).unique()]
    units = results.participants
    pools = units[units["unit"].astype(str).isin(names)]
    if pools.empty:
        return []
    total = pools.sum(numeric_only=True)
    charged, discharged = total["charged_mwh"], total["discharged_mwh"]
    gained = total["soc_end_mwh"] - total["soc_start_mwh"]
    return [
        KeyFigure("service_charged_mwh", charged, "MWh", "Charged by pools that store for others"),
        KeyFigure("service_discharged_mwh", discharged, "MWh", "Discharged by the same"),
        KeyFigure(
            "service_round_trip_pct",
            ratio(discharged + gained, charged, 100),
            "%",
            "Discharged plus gain of stored energy, of charged, by the same",
        ),
        KeyFigure(
            "service_full_charges_per_day",
            ratio(charged, total["energy_capacity_mwh"] * results.days),
            "1/day",
            "Charged energy in units of the energy capacity, a day, by all of the same, all days",
        ),
    ]


def _netting(stations: "pd.DataFrame") -> list[KeyFigure]:
    meaning = "Taken by slices of a station while others of it gave"
    return [
        KeyFigure("netted_mwh", stations["netted_mwh"].sum(), "MWh", meaning),
        KeyFigure(
            "netting_gain_mwh", stations["gain_mwh"].sum(), "MWh", "Stored energy that this saved"
        ),
    ]


def _fees(results: Results) -> list[KeyFigure]:
    """Return what stations received by mode; through the market buyers may pay more."""
    ledger = results.ledger.astype({"category": str, "payer": str})
    payer = {"auction": "market", "call": "system"}
    figures = []
    for mode in TRADED:
        rows = ledger[ledger["category"] == f"service_{mode}"]
        if mode in payer:
            rows = rows[rows["payer"] == payer[mode]]
        meaning = f"Fees that stations received: {mode}"
        # Whole cents: the sum must not depend on over what the ledger is summed.
        total = float((rows["amount"] * CENTS).round().sum()) / CENTS
        figures.append(KeyFigure(f"service_{mode}_fees_amount", total, results.currency, meaning))
    auction = results.ledger[results.ledger["category"] == "service_auction"]
    paid, received = (auction.loc[auction[end] == "market", "amount"] for end in ("payee", "payer"))
    return [
        KeyFigure(
            "service_fees_amount",
            sum(figure.value for figure in figures),
            results.currency,
            "Fees that stations received for service: bilateral, auction and call",
        ),
        *figures,
        KeyFigure(
            "service_operator_surplus_amount",
            round(float(paid.sum() - received.sum()), 2),
            results.currency,
            "What the mechanism of the service auction keeps; below zero where it runs a deficit",
        ),
    ]
