"""The four rule sets: their figures, their marks, and that each is complete."""

import re
import tomllib
from typing import Any

import numpy as np
import pytest

from market import capacity_price
from scenarios.bundled import bundled, bundled_rules
from scenarios.loader import load
from scenarios.rule_changes import rule_changes
from scenarios.rulebook import market_rules
from scenarios.schema_service import CapacityPayment, StorageService

NAMES = ("pilot-2019", "ancillary-2021", "transition-2025", "spot")
SERVICE_MARKETS = NAMES[:3]
MARK = re.compile(r"\((?:GK|D|assumption)[^)]*\)|\[[RS]\d+\]")
CITED = re.compile(r"\[([RS]\d+)\]")
SOURCE = re.compile(r"^# ([RS]\d+) {2,}\S", re.MULTILINE)


def text(name: str) -> str:
    return bundled_rules()[name].read_text(encoding="utf-8")


def service(name: str) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads(text(name))["market"]["storage_service"]
    return table


def test_there_are_four_and_none_is_a_scenario() -> None:
    assert set(bundled_rules()) == set(NAMES)
    assert not set(bundled_rules()) & set(bundled())


@pytest.mark.parametrize(
    ("name", "call", "ceiling"),
    [("pilot-2019", 700, 700), ("ancillary-2021", 500, 500), ("transition-2025", 324.7, 324.7)],
)
def test_three_service_markets(name: str, call: float, ceiling: float) -> None:
    rules = service(name)
    assert rules["modes"] == ["bilateral", "auction", "call"]
    assert (rules["call_price"], rules["ceiling"]) == (call, ceiling)
    assert (rules["min_power_mw"], rules["min_hours"]) == (10, 2)
    assert (rules["merchant"], rules["call_payer"]) == (False, "others")
    assert rules["returned_price"] == "tariff"
    assert tomllib.loads(text(name))["market"]["capacity_payment"]["price"] == 0


def test_the_spot_market() -> None:
    rules = tomllib.loads(text("spot"))["market"]
    assert (rules["energy"]["price_floor"], rules["energy"]["price_cap"]) == (0, 1500)
    assert (service("spot")["modes"], service("spot")["merchant"]) == ([], True)
    assert service("spot")["min_power_mw"] == 0
    assert rules["capacity_payment"]["price"] == 165


@pytest.mark.parametrize("name", ["ancillary-2021", "transition-2025"])
def test_leases_as_in_a_neighbouring_province(name: str) -> None:
    rights = tomllib.loads(text(name))["market"]["rights"]
    assert 230 <= rights["reserve"] <= 320
    assert "share" not in rights


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_set_leaves_no_rule_of_storage_open(name: str) -> None:
    rules = tomllib.loads(text(name))
    assert rules["description"]
    assert set(StorageService.model_fields) <= set(service(name))
    assert set(rules["market"]["capacity_payment"]) == set(CapacityPayment.model_fields)


@pytest.mark.parametrize("name", NAMES)
def test_every_cited_source_is_listed_and_the_other_way_round(name: str) -> None:
    whole = text(name)
    assert set(CITED.findall(whole)) == set(SOURCE.findall(whole))
    assert SOURCE.findall(whole)


def sourced_keys(name: str) -> list[tuple[str, str]]:
    """Each key of the service market and the comments it may take its mark from."""
    found, above = [], ""
    for line in text(name).partition("[market.storage_service]")[2].splitlines():
        if line.startswith("["):
            break
        if line.startswith("#"):
            above = f"{above} {line}"
        elif line:
            key, _, value = line.partition(" = ")
            found.append((key, above + value))
        else:
            above = ""
    return found


@pytest.mark.parametrize("name", SERVICE_MARKETS)
def test_every_figure_is_marked(name: str) -> None:
    unmarked = [key for key, words in sourced_keys(name) if not MARK.search(words)]
    # The second half of a threshold, and what follows from there being no market to try out.
    assert set(unmarked) <= {"min_hours", "call_paid"}
    assert len(sourced_keys(name)) == len(service(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_market_understands_them(name: str) -> None:
    options = [f"market.rules={name}", "generator.wind-farm.tariff=324.7"]
    rules = market_rules(rule_changes(load("tutorial", options).scenario)[0])
    assert list(rules.service.modes) == service(name)["modes"]
    assert rules.service.mechanism.k == 0.5
    assert rules.service.call_price == service(name)["call_price"]


def test_the_capacity_payment_of_the_facts() -> None:
    options = ["market.rules=spot", "storage.battery.listed=true"]
    capacity = market_rules(rule_changes(load("tutorial", options).scenario)[0]).capacity
    assert capacity_price(capacity, np.array([2.0, 4.0])).tolist() == [55, 110]


@pytest.mark.parametrize("name", NAMES)
def test_one_line_puts_a_system_under_other_rules(name: str) -> None:
    loaded = load("qinghai-pilot-2019", [f"market.rules={name}"])
    assert loaded.scenario.market.storage_service.modes == tuple(service(name)["modes"])
    assert loaded.scenario.contract  # they lie idle where there is no service market
