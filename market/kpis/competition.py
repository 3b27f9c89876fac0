"""Key figures of competition: how concentrated selling is."""

from market.key_figures import KeyFigure, key_figures, ratio
from market.results import Results


@key_figures.register("competition", "sold_energy_hhi", "largest_seller_pct")
def competition(results: Results) -> list[KeyFigure]:
    """Give the Herfindahl-Hirschman index and largest share of sold energy, by owner."""
    units = results.participants
    sold = units["sold_mwh"].groupby(units["owner"].astype(str)).sum()
    shares = sold * ratio(100, sold.sum())
    return [
        KeyFigure(
            "sold_energy_hhi",
            (shares**2).sum(min_count=1),
            "points",
            "Herfindahl-Hirschman index of sold energy by owner, 0 to 10,000",
        ),
        KeyFigure("largest_seller_pct", shares.max(), "%", "Largest owner's share of sold energy"),
    ]
