"""Key figures of conservation: residuals that are zero in a correct run."""

from market.key_figures import KeyFigure, key_figures
from market.results import Results
from market.run_files import CAUSE_COLUMNS
from market.units import WH_PER_MWH


@key_figures.register(
    "conservation",
    "ledger_residual_amount",
    "energy_residual_max_mwh",
    "curtailment_residual_max_mwh",
)
def conservation(results: Results) -> list[KeyFigure]:
    """Give money and energy that do not add up; all zero."""
    # A posting without payer or payee drops out of one side and shows here.
    cents = (results.balances * 100).round().to_numpy().sum()
    return [
        KeyFigure(
            "ledger_residual_amount",
            float(cents) / 100,
            results.currency,
            "Sum of all accounts; 0.00 in a correct run",
        ),
        KeyFigure(
            "energy_residual_max_mwh",
            _energy_residual(results),
            "MWh",
            "Largest difference of injections and withdrawals in an interval and zone; 0",
        ),
        KeyFigure(
            "curtailment_residual_max_mwh",
            _curtailment_residual(results),
            "MWh",
            "Largest difference of available energy and delivered plus curtailed causes; 0",
        ),
    ]


def _energy_residual(results: Results) -> float:
    # In whole Wh, so that the sum of exact figures is exact.
    kinds = results.kinds
    net_mwh = kinds["delivered_mwh"].fillna(0) - kinds["consumed_mwh"].fillna(0)
    net_wh = (net_mwh * WH_PER_MWH).round()
    residual = net_wh.groupby([kinds["start"], kinds["zone"]], observed=True).sum().abs()
    return float(residual.max()) / WH_PER_MWH


def _curtailment_residual(results: Results) -> float:
    rows = results.intervals
    causes = rows[list(CAUSE_COLUMNS)].sum(axis=1)
    residual = (rows["available_mwh"] - rows["delivered_mwh"] - causes).abs()
    unexplained = (rows["curtailed_mwh"] - causes).abs()
    return float(max(residual.max(), unexplained.max()).round(9))
