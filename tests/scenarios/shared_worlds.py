"""Random small scenarios of shared storage as TOML text: slices, contracts, rights, rules."""

from hypothesis import strategies as st

from market import mechanisms
from tests.scenarios.small_worlds import FLOORS, OUTAGES, series, table, toml

PARAMETERS = {"posted": {"posted_price": 150.0}}
ORDERS = st.permutations(["lease", "bilateral", "auction", "call"])
NETTING = ["proportional", "equal", "owner", "shapley", "nucleolus"]
STRATEGIES = ["opportunity_value", "virtual_battery", "threshold"]


@st.composite
def rules(draw):
    name = draw(st.sampled_from(mechanisms.names()))
    access = draw(st.sampled_from(["all", "all", "all", "owner"]))
    modes = draw(ORDERS)[: draw(st.integers(1, 4))]
    if "bilateral" not in modes:
        modes = ["bilateral", *modes]
    listed = "[" + ", ".join(f'"{mode}"' for mode in modes) + "]"
    text = table(
        "[market.storage_service]",
        modes=listed,
        mechanism=name,
        ceiling=draw(st.sampled_from([150.0, 400.0])),
        call_price=draw(st.sampled_from([0.0, 324.7])),
        call_payer=draw(st.sampled_from(["curtailed", "others"])),
        call_order=draw(st.sampled_from(["efficiency", "charge", "name"])),
        call_paid=draw(st.booleans()),
        returned_price=draw(st.sampled_from(["market", "tariff"])),
        access=access,
        merchant=draw(st.booleans()),
        day_ahead=draw(st.booleans()),
        share=draw(st.sampled_from([0.3, 0.5])),
        netting=draw(st.sampled_from(NETTING)),
        **PARAMETERS.get(name, {}),
    )
    payer = draw(st.sampled_from(["consumers", "generators", "government"]))
    return text + "\n" + table("[market.capacity_payment]", price=165.0, payer=payer)


@st.composite
def station(draw, name):
    size = draw(st.sampled_from([(4.0, 8.0), (2.0, 3.0)]))
    bounds = draw(st.sampled_from([(0.0, 1.0, 0.5), (0.1, 0.9, 0.1), (0.0, 1.0, 0.0)]))
    ageing = "{cycles = 40, calendar_years = 1, replacement_cost = 100}"
    return table(
        "[[storage]]",
        name=name,
        owner=draw(st.sampled_from([None, "alone"])),
        power_mw=size[0],
        energy_mwh=size[1],
        power_charge_mw=draw(st.sampled_from([None, 3.0])),
        efficiency_charge=draw(st.sampled_from([0.9, 1.0, 0.71])),
        efficiency_discharge=draw(st.sampled_from([0.9, 1.0])),
        self_discharge_per_hour=draw(st.sampled_from([0.0, 0.0, 0.02])),
        cycle_cost=draw(st.sampled_from([0.0, 30.0])),
        soc_min=bounds[0],
        soc_max=bounds[1],
        soc_start=bounds[2],
        service_ask=draw(st.sampled_from([None, 120.0])),
        ageing=draw(st.sampled_from([None, None, ageing])),
        listed=draw(st.booleans()),
        strategy=draw(st.sampled_from(STRATEGIES)),
        service_strategy=draw(
            st.sampled_from(
                ["service_return", '{name = "threshold", buy_below = 1, sell_above = 60}']
            )
        ),
        outages=draw(OUTAGES),
    )


@st.composite
def plant(draw, name, owner):
    return table(
        "[[generator]]",
        name=name,
        kind=draw(st.sampled_from(["pv", "wind"])),
        owner=owner,
        capacity_mw=draw(st.sampled_from([3.0, 9.0])),
        availability=draw(st.sampled_from([series("sun"), series("wind"), 1.0])),
        marginal_cost=draw(st.sampled_from([0.0, 2.0])),
        subsidy=draw(st.sampled_from([0.0, 150.0])),
        tariff=300.0 if name == "first" else draw(st.sampled_from([None, 250.0])),
        service_bid=draw(st.sampled_from([1.0, 0.6])),
        forecast=draw(st.sampled_from(["perfect", '{name = "noisy", sd = 0.5}'])),
        outages=draw(OUTAGES),
    )


@st.composite
def agreements(draw, station, hours):
    """A service contract and up to two leases that follow or overlap each other."""
    texts = []
    if draw(st.booleans()):
        window = draw(st.sampled_from(['["06:00", "14:00"]', '["20:00", "04:00"]', None]))
        texts.append(
            table(
                "[[contract]]",
                kind="service",
                name=f"{station}-served",
                station=station,
                buyer=draw(st.sampled_from(["company", "second"])),
                mw=0.5,
                window=window,
                price=draw(st.sampled_from([0.0, 180.0])),
                mwh=draw(st.sampled_from([None, 1.25])),
            )
        )
    for number in range(draw(st.integers(0, 2))):
        first = draw(st.integers(0, hours - 2))
        texts.append(
            table(
                "[[contract]]",
                kind="lease",
                name=f"{station}-let-{number}",
                station=station,
                tenant=draw(st.sampled_from(["company", "trader", "town"])),
                mw=draw(st.sampled_from([0.2, 0.4])),
                mwh=draw(st.sampled_from([None, 0.3])),
                price=250.0,
                start=instant(first),
                end=instant(draw(st.integers(first + 1, hours))),
                strategy=draw(st.sampled_from(STRATEGIES)),
            )
        )
    return texts


def instant(hour: int) -> str:
    return f"2023-06-{1 + hour // 24:02d}T{hour % 24:02d}:00:00+08:00"


@st.composite
def rights(draw):
    name = draw(st.sampled_from(mechanisms.names()))
    market = table(
        "[market.rights]",
        mechanism=name,
        share=draw(st.sampled_from([0.2, 0.3])),
        reserve=100.0,
        term_days=draw(st.sampled_from([2, 3])),
        resale_days=draw(st.sampled_from([0, 1])),
        **PARAMETERS.get(name, {}),
    )
    tenants = [
        table(
            "[[tenant]]",
            name=f"tenant-{number}",
            owner=draw(st.sampled_from([None, "company"])),
            mw=draw(st.sampled_from([0.2, 1.0])),
            value=draw(st.sampled_from([80.0, 200.0, 300.0])),
            strategy=draw(st.sampled_from(STRATEGIES)),
        )
        for number in range(draw(st.integers(1, 3)))
    ]
    return [market, *tenants]


@st.composite
def shared(draw):
    """One or two stations used in several ways at once, over one to four days."""
    interval, days = draw(st.sampled_from([(60, 4), (60, 3), (30, 2), (15, 1)]))
    closure = draw(st.sampled_from([0, 15, 90]))
    texts = [
        f'[scenario]\nname = "shared"\nseed = {draw(st.integers(0, 99))}',
        f'[time]\nstart = "2023-06-01T00:00:00+08:00"\ninterval = {interval}\ndays = {days}',
        table(
            "[market.energy]",
            price_floor=draw(st.sampled_from(FLOORS[:2])),
            price_cap=500.0,
            gate_closure=closure,
            gate_opening=closure + draw(st.sampled_from([1, interval])),
        ),
        draw(rules()),
        '[recording]\nledger = "interval"\norders = true',
        table("[[load]]", name="town", demand_mw=toml(series("demand"))),
        table("[[generator]]", kind="thermal", name="coal", capacity_mw=15, marginal_cost=240.0),
        draw(plant("first", "company")),
        draw(plant("second", None)),
        draw(plant("third", "alone")),
    ]
    names = ["north", "south"][: draw(st.integers(1, 2))]
    texts += [draw(station(name)) for name in names]
    for name in names:
        texts += draw(agreements(name, days * 24))
    if draw(st.booleans()):
        texts += draw(rights())
    if draw(st.booleans()):
        texts.append(f'[[event]]\nat = "{instant(9)}"\noutage = "north"\nhours = 2.3')
    if draw(st.booleans()):
        change = draw(
            st.sampled_from(
                [
                    '{"market.storage_service.modes" = []}',
                    '{"market.storage_service.call_paid" = false}',
                    '{"market.storage_service.merchant" = false}',
                ]
            )
        )
        texts.append(f'[[event]]\nat = "{instant(12)}"\nset = {change}')
    return "\n".join(texts)
