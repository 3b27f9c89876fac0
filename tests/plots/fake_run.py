"""A small synthetic run directory that obeys every identity of a real one."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

CAUSES = ("economic", "network", "forecast", "withheld", "outage")
ALL = ("pv", "wind", "hydro", "thermal", "storage", "load", "data_center", "external")
FLOOR, CAP = 0.0, 500.0
WH = 1_000_000


@dataclass
class FakeRun:
    """What the run is to contain."""

    days: float = 3
    minutes: int = 60
    kinds: tuple[str, ...] = ALL
    zones: tuple[str, ...] = ("main",)
    surplus: bool = True
    scenario: str = "fake"
    seed: int = 1

    @property
    def n(self) -> int:
        return max(1, round(self.days * 24 * 60 / self.minutes))


def write_run(path: Path, run: FakeRun) -> Path:
    """Write the run directory and return its path."""
    path.mkdir(parents=True, exist_ok=True)
    starts = pd.date_range("2023-01-01", periods=run.n, freq=f"{run.minutes}min", tz="+08:00")
    per_zone = [zone_tables(run, starts, zone, index) for index, zone in enumerate(run.zones)]
    for name in ("intervals", "kinds", "units", "participants", "ledger"):
        table = pd.concat([tables[name] for tables in per_zone], ignore_index=True)
        typed(table).to_parquet(path / f"{name}.parquet")
    pd.DataFrame({"start": starts[:0]}).to_parquet(path / "trades.parquet")
    (path / "run.json").write_text(json.dumps(run_json(run, starts)))
    (path / "summary.json").write_text(json.dumps(summary_json(path)))
    return path


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """Whole seconds and dictionary-encoded names, as a real run writes them."""
    names = [name for name in table if pd.api.types.is_string_dtype(table[name])]
    table = table.astype(dict.fromkeys(names, "category"))
    return table.assign(start=table["start"].dt.as_unit("s")) if "start" in table else table


def run_json(run: FakeRun, starts: pd.DatetimeIndex) -> dict:
    return {
        "scenario": run.scenario,
        "text": "[scenario]",
        "seed": run.seed,
        "versions": {},
        "started": "2026-01-01T00:00:00+00:00",
        "ended": "2026-01-01T00:00:01+00:00",
        "status": "finished",
        "content_hash": "0",
        "currency": "CNY",
        "interval_minutes": run.minutes,
        "start": starts[0].isoformat(),
        "intervals": run.n,
        "zones": list(run.zones),
        "rules": {"auction": {"price_floor": FLOOR, "price_cap": CAP}},
    }


def summary_json(path: Path) -> dict:
    from market.key_figures import summary
    from market.results import Results

    return summary(Results(path))


def dispatch(run: FakeRun, n: int, zone: int) -> dict[str, np.ndarray]:
    """Delivered (positive) and consumed (negative) Wh of each kind, and availability."""
    rng = np.random.default_rng(run.seed + zone)
    hour = np.arange(n) * run.minutes / 60 % 24
    scale = 1e8 * run.minutes / 60

    def on(kind: str) -> float:
        return scale * (kind in run.kinds)

    level = 1.0 if run.surplus else 0.1
    pv = on("pv") * level * np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None)
    pv *= rng.uniform(0.7, 1, n)
    wind = on("wind") * level * rng.uniform(0.1, 0.6, n)
    load = on("load") * (0.6 + 0.1 * np.sin(hour / 24 * 2 * np.pi))
    computing = on("data_center") * 0.05 * np.ones(n)
    pv, wind, load, computing = (np.floor(x).astype(np.int64) for x in (pv, wind, load, computing))
    hydro = np.full(n, int(on("hydro") * 0.1))
    return balance(run, hour, [pv, wind, hydro], [load, computing], scale)


def balance(run, hour, sources, sinks, scale):
    pv, wind, hydro = sources
    load, computing = sinks
    surplus = pv + wind + hydro - load - computing
    charge = np.minimum(np.clip(surplus, 0, None), int(0.15 * scale)) * ("storage" in run.kinds)
    stored = np.zeros(len(hour))
    discharge = np.zeros(len(hour), np.int64)
    level = 0.0
    for i in range(len(hour)):
        take = min(level * 0.95, 0.15 * scale, max(0, -surplus[i]))
        discharge[i] = int(take)
        level += charge[i] * 0.95 - discharge[i] / 0.95
        stored[i] = level
    export = np.minimum(np.clip(surplus - charge, 0, None), int(0.1 * scale))
    export = export * ("external" in run.kinds)
    lost = np.clip(surplus - charge - export, 0, None)
    pv_lost = np.minimum(lost, pv)
    wind_lost = np.minimum(lost - pv_lost, wind)
    short = np.clip(-surplus - discharge, 0, None)
    thermal = short * ("thermal" in run.kinds)
    return {
        "available": {"pv": pv, "wind": wind, "hydro": hydro},
        "lost": {"pv": pv_lost, "wind": wind_lost, "hydro": lost - pv_lost - wind_lost},
        "delivered": {
            "pv": pv - pv_lost,
            "wind": wind - wind_lost,
            "hydro": hydro - (lost - pv_lost - wind_lost),
            "thermal": thermal,
            "storage": discharge,
        },
        "consumed": {
            "load": load - (short - thermal),
            "data_center": computing,
            "storage": charge,
            "external": export,
        },
        "unserved": short - thermal,
        "soc": stored,
        "surplus": surplus,
    }


def zone_tables(run, starts, zone, index):
    flows = dispatch(run, len(starts), index)
    price = np.where(flows["surplus"] > 0, 50.0, 320.0)
    price[flows["surplus"] > np.quantile(flows["surplus"], 0.98)] = FLOOR
    price[flows["surplus"] < np.quantile(flows["surplus"], 0.02)] = CAP
    units = unit_table(run, starts, zone, flows)
    ledger = ledger_table(units, dict(zip(starts, price, strict=True)))
    participants = participant_table(units, flows)
    return {
        "units": units,
        "kinds": kind_table(units),
        "intervals": interval_table(starts, zone, flows, price, units),
        "participants": participants.assign(**unit_amounts(participants, ledger)),
        "ledger": ledger,
    }


def unit_table(run, starts, zone, flows):
    frames = []
    nothing = np.full(len(starts), np.nan)
    for kind in run.kinds:
        zero = np.zeros(len(starts), np.int64)
        out = flows["delivered"].get(kind, zero) / WH
        taken = flows["consumed"].get(kind, zero) / WH
        available = flows["available"].get(kind)
        renewable = available is not None
        frames.append(
            pd.DataFrame(
                {
                    "start": starts,
                    "unit": f"{kind}-{zone}",
                    "owner": f"{kind} owner",
                    "kind": kind,
                    "zone": zone,
                    "available_mwh": available / WH if renewable else nothing,
                    "offered_mwh": available / WH if renewable else out,
                    "bid_mwh": taken,
                    "sold_mwh": out,
                    "bought_mwh": taken,
                    "delivered_mwh": out,
                    "consumed_mwh": taken,
                    "curtailed_mwh": flows["lost"][kind] / WH if renewable else nothing,
                    "imbalance_mwh": 0.0,
                    "soc_mwh": flows["soc"] / WH if kind == "storage" else nothing,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def kind_table(units):
    columns = ["delivered_mwh", "consumed_mwh", "available_mwh", "curtailed_mwh", "soc_mwh"]
    groups = units.groupby(["start", "zone", "kind"], sort=False)
    table = groups[columns].sum(min_count=1).reset_index()
    # A quarter is lost by outages, as in the table of intervals.
    lost = table["curtailed_mwh"]
    return table.assign(curtailed_system_mwh=lost - np.floor(lost * 0.25 * WH) / WH)


def interval_table(starts, zone, flows, price, units):
    renewable = units[units["available_mwh"].notna()].groupby("start").sum(numeric_only=True)
    renewable = renewable.reindex(starts, fill_value=0.0)
    everyone = units.groupby("start").sum(numeric_only=True)
    lost = renewable["curtailed_mwh"].to_numpy()
    outage = np.floor(lost * 0.25 * WH) / WH
    table = pd.DataFrame(
        {
            "start": starts,
            "zone": zone,
            "price": np.where(everyone["sold_mwh"] > 0, price, np.nan),
            "price_low": price - 10,
            "price_high": price + 10,
            "volume_mwh": everyone["sold_mwh"].to_numpy(),
            "offered_mwh": everyone["offered_mwh"].to_numpy(),
            "bid_mwh": everyone["bid_mwh"].to_numpy(),
            "available_mwh": renewable["available_mwh"].to_numpy(),
            "delivered_mwh": renewable["delivered_mwh"].to_numpy(),
            "curtailed_mwh": lost,
            **{f"curtailed_{cause}_mwh": 0.0 for cause in CAUSES},
            "recovered_mwh": 0.0,
            "unserved_mwh": flows["unserved"] / WH,
            "buyer_surplus": 100.0,
            "seller_surplus": 50.0,
            "operator_surplus": 0.0,
            "largest_offered_mwh": units.groupby("start")["offered_mwh"].max().to_numpy(),
            "marginal_cost_price": price / 2,
            "n_orders": 10,
        }
    )
    table["curtailed_outage_mwh"] = outage
    table["curtailed_economic_mwh"] = lost - outage
    return table


def participant_table(units, flows):
    keys = ["unit", "owner", "kind", "zone"]
    table = units.groupby(keys, sort=False).sum(numeric_only=True, min_count=1).reset_index()
    table = table.drop(columns="soc_mwh")
    is_storage = table["kind"] == "storage"
    for cause in CAUSES:
        table[f"curtailed_{cause}_mwh"] = np.where(table["curtailed_mwh"].notna(), 0.0, np.nan)
    lost_outage = units.assign(part=np.floor(units["curtailed_mwh"] * 0.25 * WH) / WH)
    table["curtailed_outage_mwh"] = lost_outage.groupby(keys, sort=False)["part"].sum().to_numpy()
    table["curtailed_economic_mwh"] = table["curtailed_mwh"] - table["curtailed_outage_mwh"]
    table["recovered_mwh"] = 0.0
    table["unserved_mwh"] = np.where(table["kind"] == "load", flows["unserved"].sum() / WH, np.nan)
    for column, source in [("charged_mwh", "consumed_mwh"), ("discharged_mwh", "delivered_mwh")]:
        table[column] = table[source].where(is_storage)
    table["soc_start_mwh"] = np.where(is_storage, 0.0, np.nan)
    table["soc_end_mwh"] = np.where(is_storage, flows["soc"][-1] / WH, np.nan)
    table["variable_cost_amount"] = np.where(
        table["kind"] == "thermal", 200 * table["delivered_mwh"], 0.0
    )
    table["value_amount"] = np.where(table["kind"] == "load", 500 * table["consumed_mwh"], np.nan)
    table["capacity_mw"], table["out_of_order_days"] = 100.0, 0.0
    table["energy_capacity_mwh"] = np.where(is_storage, flows["soc"].max() / WH + 1, np.nan)
    computing = table["kind"] == "data_center"
    for column, value in [("jobs_finished", 9.0), ("jobs_late", 1.0), ("gpu_hours", 1234.0)]:
        table[column] = np.where(computing, value, np.nan)
    return table


def unit_amounts(participants, ledger):
    """Received less paid by unit; each owner has one."""
    of_energy = ledger[ledger["category"] != "subsidy"]
    got, paid = (of_energy.groupby(end)["amount"].sum() for end in ("payee", "payer"))
    owner, stores = participants["owner"], participants["kind"] == "storage"
    kinds = ("bilateral", "auction", "call", "rent", "handed", "capacity", "own_use")
    return {
        "energy_amount": owner.map(got).fillna(0.0) - owner.map(paid).fillna(0.0),
        **{f"{kind}_amount": np.where(stores, 0.0, np.nan) for kind in kinds},
    }


def ledger_table(units, price):
    rows = []
    value = units["start"].map(price)
    for side, column in [("sell", "sold_mwh"), ("buy", "bought_mwh")]:
        cents = (units[column] * value * 100).round().groupby(units["owner"]).sum()
        quantity = units.groupby("owner")[column].sum()
        rows += [(owner, side, "energy", quantity[owner], cents[owner]) for owner in cents.index]
    fee = units.groupby("owner")["bought_mwh"].sum()
    rows += [
        (owner, "grid", "grid_fee", fee[owner], round(fee[owner] * 3000)) for owner in fee.index
    ]
    support = units[units["kind"] == "pv"]["sold_mwh"].sum()
    rows.append(("pv owner", "gift", "subsidy", support, round(support * 2000)))
    postings = [posting(units["start"].iloc[0], *row) for row in rows if row[3] > 0]
    empty = posting(units["start"].iloc[0], "", "sell", "energy", 1.0, 0)
    return pd.DataFrame(postings or [empty]).iloc[: len(postings)]


def posting(start, owner, side, category, quantity, cents):
    payer, payee = {
        "sell": ("market", owner),
        "buy": (owner, "market"),
        "grid": (owner, "grid"),
        "gift": ("government", owner),
    }[side]
    return {
        "start": start,
        "payer": payer,
        "payee": payee,
        "category": category,
        "quantity_mwh": quantity,
        "price": cents / 100 / quantity,
        "amount": cents / 100,
    }
