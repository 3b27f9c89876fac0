"""From the sections of a scenario file to the market rules in force over time."""

from collections.abc import Mapping
from typing import Any

from market import AuctionRules, FeeRules, ImbalanceRules, MarketRules, mechanisms
from scenarios.choices import frozen
from scenarios.loader import LoadedScenario
from scenarios.rule_changes import Rules, rule_changes
from scenarios.schema import EnergyMarket


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
    params = mechanism_params(energy)
    return MarketRules(
        mechanism=mechanisms.get(energy.mechanism)(**params),
        auction=AuctionRules(energy.price_floor, energy.price_cap, energy.tie_break),
        imbalance=ImbalanceRules(**rules.imbalance.model_dump()),
        fees=FeeRules(**rules.fees.model_dump()),
        self_trade_prevention=energy.self_trade_prevention,
    )


def mechanism_params(energy: EnergyMarket) -> Mapping[str, Any]:
    """Return the parameters of the auction mechanism."""
    return {name: frozen(value) for name, value in energy.params.items()}
