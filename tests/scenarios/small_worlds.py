"""Random small scenarios as TOML text, and a run of one into tables."""

import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from hypothesis import strategies as st

from scenarios.loader import LoadedScenario, load_text
from scenarios.simulation import build

HOURS = 96
FLOORS = (0.0, -200.0, 50.0)
CAPS = (400.0, 1500.0)


def write_series(directory: Path) -> None:
    """Write four days of hourly sun, wind, demand and price."""
    rows = ["time,sun,wind,demand,price"]
    for hour in range(HOURS):
        day, clock = divmod(hour, 24)
        sun = max(0.0, math.sin(math.pi * (clock - 6) / 12)) * (1, 0.6, 0.9, 0.3)[day]
        wind = 0.5 + 0.5 * math.sin(1.7 * hour)
        demand = 6 + 3 * math.sin(hour / 3.8) + (hour % 5) / 3
        price = 250 + 300 * math.cos(hour / 4.1) - 40 * (hour % 7)
        stamp = f"2023-06-{1 + day:02d}T{clock:02d}:00:00+08:00"
        rows.append(f"{stamp},{sun:.4f},{wind:.4f},{demand:.4f},{price:.3f}")
    (directory / "series.csv").write_text("\n".join(rows) + "\n")


def series(column: str) -> str:
    return f'{{file = "series.csv", column = "{column}"}}'


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value[:1] not in "{[":
        return f'"{value}"'
    return str(value)


def table(header: str, **entries: object) -> str:
    return "\n".join([header, *(f"{k} = {toml(v)}" for k, v in entries.items() if v is not None)])


SOURCE = st.sampled_from(["sun", "wind"]).map(series) | st.sampled_from([0.0, 0.4, 1.0])
COST = st.sampled_from([0.0, 0.0, 90.0, 250.0, 250.5, 399.99])
FORECAST = st.sampled_from(
    ["perfect", "persistence", '{name = "noisy", sd = 0.3}', '{name = "noisy", sd = 1.5}']
)
SELLING = st.sampled_from(
    ["truthful", "truthful", '{name = "markup", factor = 1.3, adder = 5}', "zero_intelligence"]
)
OUTAGES = st.sampled_from([None, None, "{mtbf_hours = 9, mttr_hours = 2.5}"])
COUNT = st.sampled_from([1, 1, 2])


@st.composite
def weather_plant(draw, name, zone):
    subsidy, certificate = draw(st.sampled_from([(0, 0), (120, 0), (30, 50)]))
    return table(
        "[[generator]]",
        name=name,
        zone=zone,
        kind=draw(st.sampled_from(["pv", "wind"])),
        total_capacity_mw=draw(st.sampled_from([0.003, 5.0, 12.0])),
        count=draw(COUNT),
        availability=draw(SOURCE),
        diversity=draw(st.sampled_from([0.0, 0.2])),
        derate=draw(st.sampled_from([1.0, 0.9])),
        marginal_cost=draw(COST),
        subsidy=subsidy,
        certificate=certificate,
        forecast=draw(FORECAST),
        strategy=draw(SELLING),
        outages=draw(OUTAGES),
    )


@st.composite
def river(draw, name, zone):
    reservoir = draw(st.sampled_from([0.0, 0.5, 30.0]))
    return table(
        "[[generator]]",
        name=name,
        zone=zone,
        kind="hydro",
        capacity_mw=5,
        inflow=draw(SOURCE | st.just(1.7)),
        reservoir_mwh=reservoir,
        reservoir_start=draw(st.sampled_from([0.0, 0.5, 1.0])),
        min_release_mw=draw(st.sampled_from([0.0, 1.0])) if reservoir else 0.0,
        water_value_empty=300,
        water_value_full=draw(st.sampled_from([0, 300])),
        strategy=draw(SELLING),
        forecast=draw(FORECAST),
        outages=draw(OUTAGES),
    )


@st.composite
def tower(draw, name, zone):
    return table(
        "[[generator]]",
        name=name,
        zone=zone,
        kind="csp",
        capacity_mw=4,
        solar=draw(SOURCE),
        storage_hours=draw(st.sampled_from([0.0, 0.3, 7.0])),
        storage_start=draw(st.sampled_from([0.0, 1.0])),
        min_stable_mw=draw(st.sampled_from([0.0, 1.0])),
        water_value_empty=draw(st.sampled_from([0, 200])),
        strategy=draw(SELLING),
        outages=draw(OUTAGES),
    )


@st.composite
def thermal(draw, name, zone):
    return table(
        "[[generator]]",
        name=name,
        zone=zone,
        kind="thermal",
        capacity_mw=draw(st.sampled_from([3.0, 12.0])),
        min_stable_mw=draw(st.sampled_from([0.0, 1.5])),
        ramp_mw_per_hour=draw(st.sampled_from([None, 0.7])),
        must_run=draw(st.booleans()),
        marginal_cost=draw(COST),
        strategy=draw(SELLING),
        outages=draw(OUTAGES),
    )


@st.composite
def battery(draw, name, zone):
    bounds = draw(st.sampled_from([(0.0, 1.0, 0.5), (0.1, 0.9, 0.1), (0.2, 1.0, 1.0)]))
    trading = ["opportunity_value", '{name = "threshold", buy_below = 200, sell_above = 240}']
    return table(
        "[[storage]]",
        name=name,
        zone=zone,
        count=draw(COUNT),
        spread="{energy_mwh = 0.3}",
        power_mw=draw(st.sampled_from([0.002, 1.0, 4.0])),
        power_charge_mw=draw(st.sampled_from([None, 2.0])),
        energy_mwh=draw(st.sampled_from([0.01, 3.0, 8.0])),
        efficiency_charge=draw(st.sampled_from([0.95, 1.0, 0.71])),
        efficiency_discharge=draw(st.sampled_from([0.95, 1.0, 0.63])),
        self_discharge_per_hour=draw(st.sampled_from([0.0, 0.02])),
        cycle_cost=draw(st.sampled_from([0, 30])),
        soc_min=bounds[0],
        soc_max=bounds[1],
        soc_start=bounds[2],
        segments=draw(st.sampled_from([1, 5])),
        strategy=draw(st.sampled_from([*trading, "threshold"])),
        outages=draw(OUTAGES),
    )


@st.composite
def load(draw, name, zone):
    steps = "[{share = 0.2, price = 120}, {share = 0.1, price = 333}]"
    return table(
        "[[load]]",
        name=name,
        zone=zone,
        demand_mw=draw(st.sampled_from([series("demand"), 0.0, 3.0])),
        voll=draw(st.sampled_from([20000, 5000])),
        steps=draw(st.sampled_from([None, steps])),
        forecast=draw(FORECAST),
        strategy=draw(SELLING),
        outages=draw(OUTAGES),
    )


@st.composite
def outside(draw, name, zone):
    depth = draw(st.sampled_from([(3.0, 3.0), (0.0, 5.0), ("inf", "inf"), (8.0, 0.0)]))
    return (
        table(
            "[[external]]",
            name=name,
            zone=zone,
            price=draw(st.sampled_from([series("price"), 250.0])),
            fee=draw(st.sampled_from([0, 12])),
            outages=draw(OUTAGES),
        )
        + f"\nimport_mw = {depth[0]}\nexport_mw = {depth[1]}"
    )


@st.composite
def computing(draw, name, zone):
    return table(
        "[[data_center]]",
        name=name,
        zone=zone,
        gpus=1500,
        inference_gpus=draw(st.sampled_from([0, 400])),
        jobs="{arrivals_per_hour = 3, duration_hours = 1.5}",
        segments=draw(st.sampled_from([3, 24])),
        strategy=draw(st.sampled_from(["deadline"])),
        outages=draw(OUTAGES),
    )


KINDS = (weather_plant, weather_plant, river, tower, thermal, battery, load, outside, computing)


@st.composite
def market(draw, interval):
    closure = draw(st.sampled_from([0, 15, 45, 240, 1440, 1470]))
    ahead = draw(st.sampled_from([1, 7, interval]))
    mechanism = draw(st.sampled_from(["uniform", "uniform", "pay-as-bid", "high-low"]))
    rule = draw(st.sampled_from(["single", "dual", "spread"]))
    fees = draw(st.sampled_from(["losses", "full", "none"]))
    texts = [
        table(
            "[market.energy]",
            mechanism=mechanism,
            price_floor=draw(st.sampled_from(FLOORS)),
            price_cap=draw(st.sampled_from(CAPS)),
            tie_break=draw(st.sampled_from(["pro-rata", "time", "random"])),
            gate_closure=closure,
            gate_opening=closure + ahead,
        ),
        table("[market.imbalance]", rule=rule, spread=20 if rule == "spread" else None),
        table("[fees]", transaction_buyer=1.5, transaction_seller=0.7, grid=40, storage_grid=fees),
    ]
    if draw(st.booleans()):
        change = draw(
            st.sampled_from(
                [
                    '{"market.energy.price_cap" = 650}',
                    '{"fees.grid" = 3, "market.energy.tie_break" = "time"}',
                    '{"market.energy.mechanism" = "pay-as-bid"}',
                    '{"market.imbalance.rule" = "single", "market.imbalance.spread" = 0}',
                ]
            )
        )
        texts.append(f'[[event]]\nat = "2023-06-01T04:37:00+08:00"\nset = {change}')
    return "\n".join(texts)


@st.composite
def scenarios(draw):
    """Two to eight entries of random kinds under random rules, 24 to 48 intervals."""
    interval = draw(st.sampled_from([15, 30, 60]))
    n = draw(st.integers(24, 48))
    zones = draw(st.sampled_from([("main",), ("main",), ("east", "west")]))
    texts = [
        '[scenario]\nname = "small"\nseed = ' + str(draw(st.integers(0, 99))),
        f'[time]\nstart = "2023-06-01T00:00:00+08:00"\ninterval = {interval}\n'
        f"days = {n * interval / 1440}",
        draw(market(interval)),
        *(f'[[zone]]\nname = "{zone}"' for zone in zones),
        '[recording]\nledger = "interval"\norders = true',
    ]
    entries = [load("town", zones[0]), thermal("coal", zones[-1])]
    for index in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(KINDS))
        entries.append(kind(f"{kind.__name__}{index}", draw(st.sampled_from(zones))))
    texts += [draw(entry) for entry in entries]
    if draw(st.booleans()):
        texts.append('[[event]]\nat = "2023-06-01T03:10:00+08:00"\noutage = "coal"\nhours = 1.3')
    if draw(st.booleans()):
        texts.append(
            '[[contract]]\nname = "ppa"\nseller = "coal"\nbuyer = "town"\nmw = 1.5\nprice = 300\n'
            'start = "2023-06-01T02:00:00+08:00"'
        )
    return "\n".join(texts)


@dataclass
class Tables:
    """The tables of a run, read back from disk."""

    loaded: LoadedScenario
    intervals: pd.DataFrame
    units: pd.DataFrame
    ledger: pd.DataFrame
    orders: pd.DataFrame


def run_text(text: str, base: Path, out: Path) -> Tables:
    """Run a scenario and read its tables."""
    loaded = load_text(text, base)
    out.mkdir(parents=True)
    simulation = build(loaded, out)
    simulation.run()
    simulation.recorder.finish()
    names = ("intervals", "units", "ledger", "orders")
    frames = {name: pd.read_parquet(out / f"{name}.parquet") for name in names}
    return Tables(loaded, **frames)
