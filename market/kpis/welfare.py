"""Key figures of welfare: what a run was worth by true values, who gained, what support cost."""

from market.distribution import benefits, gini, physical_welfare
from market.key_figures import KeyFigure, key_figures
from market.results import Results

SUPPORT = {
    "subsidy": "Subsidies paid, by the government",
    "certificate": "Green certificates paid, by their buyers",
    "capacity_payment": "Capacity payments to storage, by those whom the rule names",
}
"""Categories of the ledger that pay for something else than energy, and who pays them."""


@key_figures.register(
    "welfare",
    *("physical_welfare_amount", "benefit_gini", "{role}_benefit_amount"),
    *("{account}_benefit_amount", *(f"{name}_amount" for name in SUPPORT)),
    *("{role}_capacity_paid_amount", "{account}_capacity_paid_amount"),
)
def welfare(results: Results) -> list[KeyFigure]:
    """Give physical welfare, the net benefit of each role, its Gini, and who pays for support."""
    if "value_amount" not in results.participants:  # a run of an older version
        return []
    return [
        KeyFigure(
            "physical_welfare_amount",
            physical_welfare(results),
            results.currency,
            "True value of what was consumed less the true cost of it, whatever was bid",
        ),
        *_benefits(results),
        *_support(results),
    ]


def _benefits(results: Results) -> list[KeyFigure]:
    """Return benefits by role, owners' and those of other accounts that have any."""
    table = benefits(results)
    owns = table["account"].isin(list(results.roles))
    by_role = table.groupby("role", sort=False)["benefit_amount"].sum().round(2)
    owners = set(table.loc[owns, "role"])
    meaning = "Value less cost plus received less paid"
    return [
        KeyFigure(
            "benefit_gini",
            gini(table.loc[owns, "benefit_amount"]),
            "ratio",
            "Gini coefficient of the net benefits of owners of units, losses included",
        ),
        *(
            KeyFigure(f"{role}_benefit_amount", total, results.currency, f"{meaning}: {role}")
            for role, total in by_role.items()
            if total or role in owners
        ),
    ]


def _support(results: Results) -> list[KeyFigure]:
    """Return what was paid for support, and who paid for capacity, where anybody did."""
    ledger, unit = results.ledger, results.currency
    paid = ledger[ledger["payer"].astype(str) != "system"]  # which passes payments on
    category = paid["category"].astype(str)
    totals = paid["amount"].groupby(category).sum().round(2)
    found = [
        KeyFigure(f"{name}_amount", totals[name], unit, meaning)
        for name, meaning in SUPPORT.items()
        if name in totals
    ]
    payer = paid["payer"].astype(str).map(lambda name: results.roles.get(name, name))
    capacity = category == "capacity_payment"
    return found + [
        KeyFigure(
            f"{role}_capacity_paid_amount", total, unit, f"Paid towards capacity payments: {role}"
        )
        for role, total in paid["amount"][capacity].groupby(payer[capacity]).sum().round(2).items()
    ]
