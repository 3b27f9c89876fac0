"""Key figures of money: surplus by side, and what each role received, paid and kept."""

from typing import TYPE_CHECKING, Any

from market.key_figures import KeyFigure, key_figures, period_groups
from market.results import Results

if TYPE_CHECKING:
    import pandas as pd

GROUPS = {
    "energy": (
        ("energy", "contract", "returned_energy"),
        "Energy, also from storage service, and contracts for difference",
    ),
    "imbalance": (("imbalance", "balancing"), "Imbalance and balancing energy"),
    "fees": (("transaction_fee", "grid_fee", "grid_fee_refund"), "Fees, less refunds"),
    "support": (("subsidy", "certificate"), "Subsidies and certificates"),
    "service": (
        ("service_bilateral", "service_auction", "service_call"),
        "Fees for storing would-be curtailment",
    ),
    "capacity": (("capacity_payment",), "Capacity payment"),
    "lease": (
        ("lease", "lease_auction", "lease_resale", "lease_energy"),
        "Rents of leased storage, and energy handed over with it",
    ),
    "penalty": (("sla_penalty",), "Penalties for late jobs"),
}

SIDES = ("buyer", "seller", "operator")
SURPLUS = (*(f"{side}_surplus_amount" for side in SIDES), "welfare_amount")
BY_ROLE = tuple(f"{{role}}_{name}_amount" for name in (*GROUPS, "cost", "net"))


@key_figures.register("money", *SURPLUS, *BY_ROLE)
def money(results: Results) -> list[KeyFigure]:
    """Give surplus and welfare, then received less paid by role and purpose."""
    return [*_surplus(results), *_roles(results)]


@period_groups.register("surplus", *SURPLUS)
def _surplus(results: Results) -> list[KeyFigure]:
    """Give the surplus of each side, and their sum."""
    totals = {side: results.intervals[f"{side}_surplus"].sum() for side in SIDES}
    figures = [
        KeyFigure(f"{side}_surplus_amount", total, results.currency, f"Surplus of {side}s")
        for side, total in totals.items()
    ]
    welfare = KeyFigure(
        "welfare_amount",
        sum(totals.values()),
        results.currency,
        "Buyer, seller and operator surplus, by the orders as submitted",
    )
    return [*figures, welfare]


def _roles(results: Results) -> list[KeyFigure]:
    roles = results.participants["owner"].astype(str).map(results.roles)
    costs = results.participants["variable_cost_amount"].groupby(roles).sum()
    balances = results.role_balances.reindex(costs.index, fill_value=0.0)
    return [
        figure
        for role in costs.index
        for figure in _role(role, balances.loc[role], costs[role], results.currency)
    ]


def _role(role: str, row: "pd.Series[Any]", cost: float, unit: str) -> list[KeyFigure]:
    amounts = [
        KeyFigure(f"{role}_{name}_amount", total, unit, f"{meaning}: received less paid by {role}")
        for name, (categories, meaning) in GROUPS.items()
        if (total := row[row.index.intersection(list(categories))].sum()) or name == "energy"
    ]
    if cost:
        amounts.append(KeyFigure(f"{role}_cost_amount", cost, unit, f"Variable cost of {role}"))
    meaning = f"All received less all paid less variable cost: {role}"
    return [*amounts, KeyFigure(f"{role}_net_amount", row.sum() - cost, unit, meaning)]
