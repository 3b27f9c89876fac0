"""Shared storage in scenario files: what is accepted, and one clear message for each mistake."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import InputError
from scenarios.loader import load, load_text
from tests.scenarios.test_bad_input import VALUES

GOOD = """
[scenario]
name = "case"
[time]
start = "2023-06-01T00:00:00+08:00"
days = 10
interval = 15
[market.storage_service]
modes = ["lease", "bilateral", "auction", "call"]
mechanism = "high-low"
ceiling = 700
call_price = 700
returned_price = "tariff"
share = 0.5
min_power_mw = 10
min_hours = 2
[market.capacity_payment]
price = 165
[market.rights]
mechanism = "pay-as-bid"
share = 0.2
term_days = 2
products = [{hours = 2, term_days = 5}, {hours = 1}]
resale_days = 1
[[generator]]
name = "sun"
kind = "pv"
capacity_mw = 100
availability = 0.5
tariff = 324.7
service_bid = 0.8
[[generator]]
name = "hill"
kind = "wind"
owner = "breeze"
capacity_mw = 100
availability = 0.5
[[storage]]
name = "station"
power_mw = 100
power_charge_mw = 80
energy_mwh = 200
listed = true
capital_cost = 1200
service_ask = 20
[[storage]]
name = "pack"
count = 2
power_mw = 5
energy_mwh = 10
[[load]]
name = "town"
demand_mw = 80
[[contract]]
name = "ppa"
seller = "sun"
buyer = "town"
mw = 5
price = 350
[[contract]]
name = "noon"
kind = "service"
station = "station"
buyer = "sun"
mw = 25
window = ["10:00", "16:00"]
price = 400
mwh = 500
[[contract]]
name = "night"
kind = "service"
station = "station"
buyer = "breeze"
mw = 40
window = ["22:00", "04:00"]
price = 300
[[contract]]
name = "early"
kind = "lease"
station = "station"
tenant = "fund"
mw = 30
price = 250
end = "2023-06-05T00:00:00+08:00"
[[contract]]
name = "late"
kind = "lease"
station = "station"
tenant = "fund"
mw = 40
mwh = 60
price = 250
start = "2023-06-05T00:00:00+08:00"
[[contract]]
name = "small"
kind = "lease"
station = "pack-001"
tenant = "sun"
mw = 5
price = 0
[[tenant]]
name = "halls"
mw = 10
value = 280
product = 2
[[event]]
at = "2023-06-03T00:00:00+08:00"
set = {"market.storage_service.call_paid" = false, "market.capacity_payment.price" = 330}
"""

RIGHTS = """[market.rights]
mechanism = "pay-as-bid"
share = 0.2
term_days = 2
products = [{hours = 2, term_days = 5}, {hours = 1}]
resale_days = 1
"""
TENANT = """[[tenant]]
name = "halls"
mw = 10
value = 280
product = 2
"""
NOON = 'window = ["10:00", "16:00"]'
SERVICE, LEASE = 'contract[1] "noon"', 'contract[3] "early"'
EVENT = '"market.storage_service.call_paid" = false'
SHARE = "share = 0.5"

# what is wrong: (text of the good file, what stands instead, words of the message)
MISTAKES = {
    "mode": ('"auction", "call"', '"auktion", "call"', ["modes[2]", "auktion", '"auction"']),
    "mode twice": (
        '"auction", "call"',
        '"call", "call"',
        ["storage_service.modes", '"call" twice'],
    ),
    "own is no mode": ('"lease", "bil', '"own", "bil', ["modes[0]", '"own"', '"lease"']),
    "modes as text": (
        'modes = ["lease", "bilateral", "auction", "call"]',
        'modes = "bilateral"',
        ['modes = "bilateral"', "list"],
    ),
    "auction never held": (
        SHARE,
        f"{SHARE}\nday_ahead = false\nintraday = false",
        ["modes", '"auction"', "day_ahead"],
    ),
    "service key": ("call_price", "cal_price", ["storage_service.cal_price", '"call_price"']),
    "service mechanism": ('"high-low"', '"hi-low"', ['"hi-low"', 'did you mean "high-low"']),
    "mechanism parameter": (SHARE, f"{SHARE}\nk = 7", ["storage_service.k = 7"]),
    "ceiling": ("ceiling = 700", "ceiling = 0", ["ceiling = 0", "above 0"]),
    "nan ceiling": ("ceiling = 700", "ceiling = nan", ["ceiling = nan"]),
    "call price": ("call_price = 700", "call_price = -1", ["call_price = -1", "at least 0"]),
    "call payer": (SHARE, f'{SHARE}\ncall_payer = "all"', ['call_payer = "all"', "curtailed"]),
    "call order": (SHARE, f'{SHARE}\ncall_order = "size"', ['call_order = "size"', "efficiency"]),
    "access": (SHARE, f'{SHARE}\naccess = "own"', ['access = "own"', '"owner"']),
    "service share": (SHARE, "share = 1.5", ["share = 1.5", "at most 1"]),
    "netting": (SHARE, f'{SHARE}\nnetting = "shaply"', ['"shaply"', '"shapley"', '"owner"']),
    "no tariff": ("tariff = 324.7", "", ['returned_price = "tariff"', "no pv or wind plant"]),
    "tariff of coal": (
        'kind = "wind"\nowner = "breeze"\ncapacity_mw = 100\navailability = 0.5',
        'kind = "thermal"\nowner = "breeze"\ncapacity_mw = 100\ntariff = 300',
        ['"hill".tariff', "unknown key"],
    ),
    "service bid": ("service_bid = 0.8", "service_bid = 2", ["service_bid = 2", "at most 1"]),
    "peak hours": ("price = 165", "peak_hours = 0", ["peak_hours = 0", "hours"]),
    "capacity payer": ("price = 165", 'payer = "nobody"', ['payer = "nobody"', "government"]),
    "term": ("term_days = 5", "term_days = 0.5", ["products[0].term_days = 0.5", "whole number"]),
    "reserve": ("share = 0.2", "share = 0.2\nreserve = 9\nceiling = 9", ["reserve = 9", "below"]),
    "resale": ("resale_days = 1", "resale_days = 5", ["resale_days = 5", "5 days"]),
    "product key": ("{hours = 2,", "{hour = 2,", ["products[0].hour", 'did you mean "hours"']),
    "rights without tenant": (TENANT, "", ["market.rights", "nobody bids", "[[tenant]]"]),
    "rights without share": (
        "share = 0.2",
        "share = 0",
        ["rights.share = 0", "nothing is offered"],
    ),
    "no rights": (RIGHTS, "", ['tenant[0] "halls"', "[market.rights]"]),
    "rights and service": (
        "share = 0.2",
        "share = 0.6",
        ["storage_service.share = 0.5", "0.6", "more than 1"],
    ),
    "station and rights": (
        "listed = true",
        "service_share = 0.9",
        ['storage[0] "station".service_share = 0.9', "rights.share, 0.2", "more than 1"],
    ),
    "nobody offers": (
        "min_power_mw = 10",
        "min_power_mw = 500",
        ["market.rights", "no storage can offer", "500 MW"],
    ),
    "product": ("product = 2", "product = 3", ['tenant[0] "halls".product = 3', "2 products"]),
    "product 0": ("product = 2", "product = 0", ["product = 0", "at least 1"]),
    "tenant name": ('"halls"', '"early"', ['tenant[0] "early".name', "taken by a lease"]),
    "tenant named like the pool": ('"halls"', '"service"', ["tenant[0]", "serves plants"]),
    "lease named like the pool": ('"early"', '"service"', ["contract[3]", "serves plants"]),
    "tenants of one name": (TENANT, TENANT + TENANT, ["tenant[1]", "taken by tenant[0]"]),
    "tenant of the ledger": (TENANT, TENANT + 'owner = "grid"\n', ['owner = "grid"', "ledger"]),
    "tenant strategy": (
        TENANT,
        TENANT + 'strategy = "deadline"\n',
        ['strategy = "deadline"', "cannot bid for storage"],
    ),
    "tenant forecast": (TENANT, TENANT + 'forecast = "perfect"\n', ['"perfect"', "[[external]]"]),
    "lease forecast": (
        "mw = 30",
        'mw = 30\nforecast = "oracle"',
        [f"{LEASE}.forecast", '"oracle"', "persistence"],
    ),
    "contract kind": ('kind = "service"', 'kind = "servce"', ['.kind = "servce"', "service"]),
    "contract is no table": ('[[contract]]\nname = "ppa"', "[[x]]\n[[contract]]", ["x"]),
    "service without station": (
        'kind = "service"\nstation = "station"',
        'kind = "service"',
        [f"{SERVICE}.station", "is required"],
    ),
    "service seller": ("mwh = 500", 'seller = "sun"', [f"{SERVICE}.seller", "unknown key"]),
    "lease key": ("mwh = 60", "mwhs = 60", [".mwhs", 'did you mean "mwh"']),
    "unknown station": (
        'station = "station"\nbuyer = "sun"',
        'station = "statoin"\nbuyer = "sun"',
        [f"{SERVICE}.station", '"statoin"', 'did you mean "station"'],
    ),
    "plant as station": (
        'station = "station"\ntenant',
        'station = "sun"\ntenant',
        [f"{LEASE}.station", 'unknown storage "sun"'],
    ),
    "station of several": (
        'station = "pack-001"',
        'station = "pack"',
        ['station = "pack"', "2 storages", "pack-001"],
    ),
    "buyer": ('buyer = "sun"', 'buyer = "town"', [f"{SERVICE}.buyer", "pv or wind", "breeze"]),
    "buyer of himself": (
        "listed = true",
        'owner = "sun"',
        [f"{SERVICE}.buyer", 'owns "station"', "two sides"],
    ),
    "tenant of himself": (
        'tenant = "sun"',
        'tenant = "pack-001"',
        ['"small".tenant', 'owns "pack-001"'],
    ),
    "window": (NOON, 'window = ["10", "16"]', [".window", '["10:00", "16:00"]']),
    "window of one": (NOON, 'window = "10:00"', [".window", '["10:00", "16:00"]']),
    "window of numbers": (NOON, "window = [10, 16]", [".window", '["10:00", "16:00"]']),
    "late window": (NOON, 'window = ["10:00", "24:30"]', [".window", '["10:00", "16:00"]']),
    "empty window": (NOON, 'window = ["10:00", "10:00"]', [".window", "begins when it ends"]),
    "crooked window": (NOON, 'window = ["10:05", "16:00"]', [f"{SERVICE}.window", "15 minutes"]),
    "no use for bilateral": (
        '"lease", "bilateral", "auction"',
        '"lease", "auction"',
        [f'{SERVICE}.kind = "service"', '"bilateral"', "lease, auction, call"],
    ),
    "not admitted": (
        "min_hours = 2",
        "min_hours = 3",
        [f"{SERVICE}.station", "100 MW and 200 MWh", "3 hours"],
    ),
    "of another zone": (
        'owner = "breeze"\ncapacity_mw = 100\navailability = 0.5',
        'owner = "breeze"\ncapacity_mw = 100\navailability = 0.5\nzone = "east"\n'
        '[[zone]]\nname = "main"\n[[zone]]\nname = "east"',
        ['"night".buyer = "breeze"', 'no pv or wind plant in zone "main"'],
    ),
    "serves nobody": (
        "listed = true",
        "service_share = 0",
        [f"{SERVICE}.station", "share for service is 0"],
    ),
    "booked twice": ("mw = 25", "mw = 41", [f"{SERVICE}.mw = 41", "41 MW at once", "40 MW serve"]),
    "booked twice together": (
        'window = ["22:00", "04:00"]',
        'window = ["15:00", "04:00"]',
        ['contract[2] "night".mw = 40', "2023-06-01T00:00:00+08:00", "65 MW", "40 MW"],
    ),
    "leased twice": (
        "mw = 30",
        "mw = 51",
        [f"{LEASE}.mw = 51", "51 MW", "102 MWh", "50 MW and 100 MWh", "50%"],
    ),
    "leased twice together": (
        'end = "2023-06-05T00:00:00+08:00"',
        'end = "2023-06-05T00:15:00+08:00"',
        ['"late".mw = 40', "2023-06-05T00:00:00+08:00", "70 MW", "120 MWh", "50 MW"],
    ),
    "energy leased twice": ("mwh = 60", "mwh = 101", ['"late".mwh = 101', "101 MWh", "100 MWh"]),
    "lease dates": (
        'end = "2023-06-05T00:00:00+08:00"',
        'end = "2023-05-05T00:00:00+08:00"\nstart = "2023-06-01T00:00:00+08:00"',
        [f"{LEASE}.end", "after start"],
    ),
    "lease outside": (
        'start = "2023-06-05T00:00:00+08:00"',
        'start = "2024-06-05T00:00:00+08:00"',
        ['"late".start', "outside the run"],
    ),
    "station ask": ("service_ask = 20", "service_ask = -1", ["service_ask = -1", "at least 0"]),
    "dated share": (
        EVENT,
        '"market.storage_service.share" = 1',
        ["set.market.storage_service.share", "cannot change"],
    ),
    "dated admission": (
        EVENT,
        '"market.storage_service.min_hours" = 1',
        ["min_hours", "cannot change"],
    ),
    "dated mode": (
        EVENT,
        '"market.storage_service.modes" = ["cal"]',
        ['event[0].set.market.storage_service.modes[0] = "cal"', '"call"'],
    ),
    "dated rights": (EVENT, '"market.rights.share" = 0', ["market.rights.share", "unknown rule"]),
    "dated key": (EVENT, '"market.storage_service.call_prize" = 0', ['"call_price"']),
}


def problems_of(text: str, folder: Path) -> str:
    path = folder / "case.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(str(path))
    return str(caught.value)


def test_a_capacity_payment_needs_payers(tmp_path: Path) -> None:
    load_town = '[[load]]\nname = "town"\ndemand_mw = 80\n'
    ppa = GOOD[GOOD.index('[[contract]]\nname = "ppa"') : GOOD.index('[[contract]]\nname = "noon"')]
    text = GOOD.replace(load_town, "").replace(ppa, "")
    found = problems_of(text, tmp_path)
    assert "market.capacity_payment.payer" in found
    assert "no load or data_center entry; accepted: government" in found


def test_the_good_file_is_good(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(GOOD, encoding="utf-8")
    scenario = load(str(path)).scenario
    assert [contract.kind for contract in scenario.contract].count("lease") == 3
    assert scenario.market.rights is not None
    assert [right.term_days for right in scenario.market.rights.rights] == [5, 2]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake: str, tmp_path: Path) -> None:
    old, new, words = MISTAKES[mistake]
    assert old in GOOD
    message = problems_of(GOOD.replace(old, new, 1), tmp_path)
    assert "case.toml" in message
    for word in words:
        assert word in message
    assert len(message.splitlines()) <= 4


def test_all_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('"noon"', '"noon "').replace("mw = 30", "mw = 99")
    text = text.replace('tenant = "sun"', 'tenant = "market"').replace("value = 280", "value = -1")
    message = problems_of(text, tmp_path)
    for word in ("contract[1]", "contract[5]", "market", "tenant[0]"):
        assert word in message


def test_more_tenants_than_a_nucleolus_can_take(tmp_path: Path) -> None:
    tenants = "".join(TENANT.replace("halls", f"hall {number}") for number in range(9))
    few = GOOD.replace(TENANT, tenants).replace(SHARE, f'{SHARE}\nnetting = "nucleolus"')
    path = tmp_path / "few.toml"
    path.write_text(few, encoding="utf-8")
    assert len(load(str(path)).scenario.tenant) == 9
    # Its owner, the part that serves, one lease at a time, ten tenants.
    message = problems_of(few.replace("[[event]]", f"{TENANT}[[event]]"), tmp_path)
    assert '"station" may have 13 slices at once; accepted: up to 12' in message


def test_a_place_survives_other_mistakes(tmp_path: Path) -> None:
    text = GOOD.replace('buyer = "town"', 'buyer = ""').replace(
        'station = "pack-001"', 'station = "x"'
    )
    message = problems_of(text, tmp_path)
    assert 'contract[5] "small".station = "x": unknown storage' in message


LAYERED = (
    GOOD.replace("[scenario]", '[scenario]\nextends = "tutorial"').replace(
        "[market.storage_service]",
        '[market]\nrules = "transition-2025"\n[market.storage_service]',
        1,
    )
    + """[[event]]
at = "2023-06-04T00:00:00+08:00"
set = {"market.rules" = "spot"}
"""
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_value_in_a_good_file_is_read_or_refused(data: st.DataObject) -> None:
    rows = LAYERED.splitlines()
    index = data.draw(st.integers(0, len(rows) - 1))
    key = rows[index].partition("=")[0] if "=" in rows[index] else "x "
    rows[index] = f"{key}= {data.draw(VALUES)}"
    with suppress(InputError):
        loaded = load_text("\n".join(rows), Path())
        assert load_text(loaded.text, Path()).scenario == loaded.scenario
