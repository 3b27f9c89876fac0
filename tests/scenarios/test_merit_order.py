"""Truthful bids, no storage, one zone: every interval clears at the merit order of an LP."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scenarios.expand import expand
from scenarios.loader import load
from scenarios.runs import execute, prepare
from tests.oracles.merit_order import merit_order

WH = 1_000_000
CAP = 1500.0
HEAD = """
[scenario]
name = "merit"
seed = {seed}
[time]
start = "2024-02-28T00:00:00+08:00"
days = 2
interval = {interval}
[market.energy]
price_floor = {floor}
price_cap = {cap}
gate_closure = {gate}
"""
PRICES = st.one_of(
    st.sampled_from([0, 100, 200, 300]),
    st.floats(-250, 1600).map(lambda price: round(price, 2)),
)
MEGAWATTS = st.integers(1, 400)


class System:
    """A scenario as text, its series, and the numbers of its time axis."""

    def __init__(self, text, interval, floor):
        self.text, self.interval, self.floor = text, interval, floor
        self.series = {}

    def __repr__(self):
        return self.text

    @property
    def intervals(self):
        return 2 * 24 * 60 // self.interval

    def add(self, name, low, high, rng):
        """Add a random series; some of its values are the ends themselves."""
        values = np.clip(rng.uniform(low - 0.2, high + 0.2, self.intervals), low, high)
        self.series[name] = np.round(values, 4)
        return f'{{file = "series.csv", column = "{name}"}}'


@st.composite
def systems(draw):
    interval = draw(st.sampled_from([15, 30, 60]))
    floor = draw(st.sampled_from([-200.0, 0.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    head = HEAD.format(
        seed=draw(st.integers(0, 99)),
        interval=interval,
        floor=floor,
        cap=CAP,
        gate=draw(st.sampled_from([0, 15, 60])),
    )
    system = System(head, interval, floor)
    for kind in ("pv", "wind", "hydro", "thermal"):
        for number in range(draw(st.integers(kind == "thermal", 2))):
            system.text += generator(draw, system, kind, f"{kind}{number}", rng)
    system.text += load_entry(draw, system, "town", [], rng)
    if draw(st.booleans()):
        shares = [(0.1, draw(PRICES)), (0.25, draw(PRICES)), (0.3, 200)]
        system.text += load_entry(draw, system, "works", shares, rng)
    system.text += external(draw, system, rng)
    return system


def generator(draw, system, kind, name, rng):
    series = {"pv": "availability", "wind": "availability", "hydro": "inflow"}.get(kind)
    lines = [f'[[generator]]\nkind = "{kind}"\nname = "{name}"\ncapacity_mw = {draw(MEGAWATTS)}']
    lines += [f"marginal_cost = {draw(PRICES)}"]
    if kind == "wind":
        lines += ["subsidy = 150", "certificate = 12.5", "count = 3", "diversity = 0.2"]
        lines += ["spread = {capacity_mw = 0.3, derate = 0.05, marginal_cost = 0.5}"]
        lines += ["derate = 0.9"]
    if series:
        lines += [f"{series} = {system.add(name, 0, 1, rng)}"]
    return "\n".join(lines) + "\n"


def load_entry(draw, system, name, steps, rng):
    demand = system.add(name, 0, draw(MEGAWATTS), rng)
    parts = ", ".join(f"{{share = {share}, price = {price}}}" for share, price in steps)
    return f'[[load]]\nname = "{name}"\ndemand_mw = {demand}\nsteps = [{parts}]\n'


def external(draw, system, rng):
    price = system.add("price", -100, 900, rng)
    system.series["price"] = np.round(system.series["price"], -1)
    depth = draw(st.tuples(st.integers(0, 300), st.integers(0, 300)).filter(any))
    fee = draw(st.sampled_from([0, 5]))
    return (
        f'[[external]]\nname = "line"\nprice = {price}\nfee = {fee}\n'
        f"import_mw = {depth[0]}\nexport_mw = {depth[1]}\n"
    )


def write(system, folder):
    stamps = np.datetime64("2024-02-28T00:00") + np.arange(system.intervals) * np.timedelta64(
        system.interval, "m"
    )
    rows = np.column_stack([stamps.astype(str), *(v.astype(str) for v in system.series.values())])
    lines = [",".join(["time_cst", *system.series]), *(",".join(row) for row in rows)]
    (folder / "series.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "merit.toml").write_text(system.text, encoding="utf-8")
    return str(folder / "merit.toml")


class Orders:
    """Truthful orders as the scenario's words define them, not as the engine wrote them."""

    def __init__(self, system):
        self.system, self.hours = system, system.interval / 60
        self.asks, self.bids = [], []

    def sell(self, unit, price, wh):
        self.asks.append((unit, price, wh))

    def buy(self, unit, price, wh):
        self.bids.append((unit, price, wh))

    def energy(self, mw):
        return np.floor(np.asarray(mw) * self.hours * WH + 1e-3) * np.ones(self.system.intervals)

    def add(self, spec, available):
        getattr(self, f"_{spec.kind}", self._weather)(spec, available)

    def _weather(self, spec, available):
        self.sell(spec.name, cost_of(spec), np.rint(available * WH))

    def _thermal(self, spec, _available):
        self.sell(spec.name, cost_of(spec), self.energy(spec.params["capacity_mw"]))

    def _load(self, spec, _available):
        demand = self.energy(self.system.series[spec.name])
        rest = demand.copy()
        for step in spec.model.steps:
            part = np.floor(demand * step.share)
            self.buy(spec.name, min(step.price, CAP), part)
            rest -= part
        self.buy(spec.name, min(spec.params["voll"], CAP), rest)

    def _external(self, spec, _available):
        price, fee = self.system.series["price"], spec.params["fee"]
        self.sell(spec.name, price + fee, self.energy(spec.model.import_mw))
        self.buy(spec.name, price - fee, self.energy(spec.model.export_mw))

    def columns(self, side):
        """(unit, auction, price, wh) of all orders that have a legal price."""
        orders = self.asks if side == "sell" else self.bids
        n = self.system.intervals
        unit = np.repeat([name for name, _, _ in orders], n)
        price = np.concatenate([np.broadcast_to(p, n) for _, p, _ in orders] or [[]])
        wh = np.concatenate([w for _, _, w in orders] or [[]])
        auction = np.tile(np.arange(n), len(orders))
        legal = (price <= CAP) if side == "sell" else (price >= self.system.floor)
        return unit, auction, price, np.where(legal, wh, 0)


def cost_of(spec):
    return spec.params["marginal_cost"] - spec.params["subsidy"] - spec.params["certificate"]


def engine(system, folder):
    loaded = load(write(system, folder))
    prepare(folder / "run", force=False, resume=False)
    return expand(loaded.scenario, loaded.seed), execute(loaded, folder / "run")


def check_available(system, spec, available):
    """Where plants have no noise of their own, the available energy is that of the series."""
    if spec.kind in ("pv", "hydro"):
        share = spec.params["capacity_mw"] * system.series[spec.entry]
        np.testing.assert_allclose(available, share * system.interval / 60, atol=2e-6)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink would take minutes
)
@given(systems())
def test_every_interval_is_the_merit_order_of_an_lp(system):
    with tempfile.TemporaryDirectory() as folder:
        specs, results = engine(system, Path(folder))
        units = results.units.pivot(index="start", columns="unit")
        check(system, specs, results.intervals, units)


def check(system, specs, intervals, units):
    orders = Orders(system)
    for spec in specs:
        available = units["available_mwh"][spec.name].to_numpy()
        check_available(system, spec, available)
        orders.add(spec, available)
    seller, *asks = orders.columns("sell")
    buyer, *bids = orders.columns("buy")
    best = merit_order(asks, bids, system.intervals)

    low, high = np.clip([best.low, best.high], system.floor, CAP)
    supply, demand = depth_at(asks, low, np.less_equal), depth_at(bids, high, np.greater_equal)
    traded = np.minimum(supply, demand)
    volume = np.rint(intervals["volume_mwh"].to_numpy() * WH)
    # Without a fee the outside market meets itself, and that trade is cancelled.
    cancels = any(spec.kind == "external" and spec.params["fee"] == 0 for spec in specs)
    priced = (traded > 0) & (volume > 0) if cancels else traded > 0
    check_prices(intervals, best, (low, high), priced)
    check_welfare(intervals, best)
    check_dispatch(units, (seller, asks, best.sold), (buyer, bids, best.bought), best)
    if not cancels:
        np.testing.assert_array_equal(volume, traded)


def depth_at(orders, level, compare):
    """Energy of the orders that would trade at `level`, which both ends of the set agree on."""
    auction, price, wh = orders
    return np.bincount(auction, wh * compare(price, level[auction]), level.size)


def check_prices(intervals, best, ends, traded):
    low, high = ends
    price = intervals["price"].to_numpy()
    bounded = np.isfinite(best.low) & np.isfinite(best.high)
    assert np.isnan(price[~traded]).all()
    assert bounded[traded].all()
    np.testing.assert_array_equal(intervals["price_low"][bounded], low[bounded])
    np.testing.assert_array_equal(intervals["price_high"][bounded], high[bounded])
    middle = (low + (high - low) / 2)[traded]
    np.testing.assert_allclose(price[traded], middle, rtol=1e-12, atol=1e-9)
    tolerance = 1e-6
    assert (best.dual >= best.low - tolerance).all()
    assert (best.dual <= best.high + tolerance).all()


def check_welfare(intervals, best):
    parts = ("buyer_surplus", "seller_surplus", "operator_surplus")
    welfare = sum(intervals[name].to_numpy() for name in parts)
    np.testing.assert_allclose(welfare, best.welfare, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(intervals["operator_surplus"], 0, atol=1e-6)


def check_dispatch(units, asks, bids, best):
    """What each unit traded equals the LP's where that is unique, and was delivered.

    It is unique but for orders at the one and only optimal dual price.
    """
    low, high = best.low, best.high
    net = (units["sold_mwh"] - units["bought_mwh"]) * WH
    flow = (units["delivered_mwh"] - units["consumed_mwh"]) * WH
    np.testing.assert_array_equal(np.rint(net), np.rint(flow))
    for name in net.columns:
        expected, unique = np.zeros(low.size), np.ones(low.size, bool)
        for (unit, (auction, price, wh), fill), sign in ((asks, 1), (bids, -1)):
            own = unit == name
            expected += sign * np.bincount(auction[own], fill[own], low.size)
            at = (price == low[auction]) & (low == high)[auction] & (wh > 0) & own
            unique[auction[at]] = False
        np.testing.assert_array_equal(np.rint(net[name])[unique], expected[unique], name)


def test_equal_offers_share_the_margin_in_proportion():
    """Two plants at one price serve a load that needs half of them: half of each."""
    text = HEAD.format(seed=1, interval=60, floor=0, cap=CAP, gate=0)
    for name, mw in (("big", 300), ("small", 100)):
        text += f'[[generator]]\nkind = "thermal"\nname = "{name}"\n'
        text += f"capacity_mw = {mw}\nmarginal_cost = 300\n"
    text += '[[load]]\nname = "town"\ndemand_mw = 200\n'
    with tempfile.TemporaryDirectory() as folder:
        _, results = engine(System(text, 60, 0.0), Path(folder))
        sold = results.units.pivot(index="start", columns="unit")["sold_mwh"]
        assert set(sold["big"]) == {150.0}
        assert set(sold["small"]) == {50.0}
        assert set(results.intervals["price"]) == {300.0}
