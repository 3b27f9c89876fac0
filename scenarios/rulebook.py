"""From the sections of a scenario file to the market rules in force over time."""

from math import inf
from typing import Any

from market import (
    AuctionRules,
    CapacityRules,
    FeeRules,
    ImbalanceRules,
    MarketRules,
    ServiceRules,
    mechanisms,
)
from scenarios.choices import frozen
from scenarios.loader import LoadedScenario
from scenarios.rule_changes import Rules, rule_changes
from scenarios.schema_market import Auction
from scenarios.schema_service import StorageService


def rulebook(loaded: LoadedScenario) -> tuple[MarketRules, list[int], list[MarketRules]]:
    """Return the first rules, then the seconds and rules of each dated change."""
    stages = rule_changes(loaded.scenario)
    first = market_rules(stages[0])
    dates, changes = [], []
    for stage in stages[1:]:
        if stage.since is not None:
            interval = loaded.calendar.index(stage.since)
            dates.append(loaded.calendar.second(interval))
            changes.append(market_rules(stage))
    return first, dates, changes


def market_rules(rules: Rules) -> MarketRules:
    """Return the rules of one stage."""
    energy = rules.energy
    return MarketRules(
        mechanism=mechanism_of(energy),
        auction=AuctionRules(energy.price_floor, energy.price_cap, energy.tie_break),
        imbalance=ImbalanceRules(**rules.imbalance.model_dump()),
        fees=FeeRules(**rules.fees.model_dump()),
        self_trade_prevention=energy.self_trade_prevention,
        service=service_rules(rules.service),
        capacity=CapacityRules(**rules.capacity.model_dump()),
    )


def service_rules(service: StorageService) -> ServiceRules:
    """Return the rules of the service market; a ceiling that is not given is none."""
    given = {name: getattr(service, name) for name in ServiceRules.__dataclass_fields__}
    ceiling = inf if service.ceiling is None else service.ceiling
    return ServiceRules(**(given | {"mechanism": mechanism_of(service), "ceiling": ceiling}))


def mechanism_of(auction: Auction) -> Any:
    """Return the mechanism of an auction, with its parameters."""
    params = {name: frozen(value) for name, value in auction.params.items()}
    return mechanisms.get(auction.mechanism)(**params)
