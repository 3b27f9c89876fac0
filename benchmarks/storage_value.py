"""What storage earns on measured prices without knowing the future, beside what was possible.

`python -m benchmarks.storage_value DIRECTORY` takes the measured series of a directory with
`jepx_spot_fy2024` and `china_spot_2022_15min` in it. All stations of a series run side by side
against an outside market that they cannot move (as in the scenario `price-taker`), for the whole
year; forecasts and chains are fitted on the prices published so far. Judged is the second half
only: money received less paid, over the most that any plan could have earned from the same state
of charge on, energy left at the end being worth nothing (`tests.oracles`, a program of its own;
of a mixed-integer one its proven bound).

Strategies were chosen, and their defaults set, on the first halves.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HOURS = (2, 4)  # MWh of a station of 1 MW
ROUND_TRIP = 0.9
MARKOV = '{name = "opportunity_value", prices = "markov", replan_hours = 6}'
SIX = '{name = "opportunity_value", replan_hours = 6}'
VARIANTS = {  # label: strategy, forecast
    "markov, autoregressive": (MARKOV, '"autoregressive"'),
    "markov, climatology": (MARKOV, '"climatology"'),
    "markov, persistence": (MARKOV, '"persistence"'),
    "expected, autoregressive": (SIX, '"autoregressive"'),
    "expected, quantile": (SIX, '"quantile"'),
    "expected, climatology": (SIX, '"climatology"'),
    "expected, persistence": (SIX, '"persistence"'),
    "rolling_horizon, autoregressive": ('"rolling_horizon"', '"autoregressive"'),
    "rolling_horizon, climatology": ('"rolling_horizon"', '"climatology"'),
    "rolling_horizon, persistence": ('"rolling_horizon"', '"persistence"'),
    "threshold": ('"threshold"', '"persistence"'),
    "naive": ('"naive"', '"persistence"'),
    "expected, perfect": ('"opportunity_value"', '"perfect"'),
    "rolling_horizon, perfect": ('"rolling_horizon"', '"perfect"'),
}
JEPX, CHINA = "jepx_spot_fy2024", "china_spot_2022_15min"
AREAS = ("system_jpy_kwh", "hokkaido", "tohoku", "tokyo", "kansai", "kyushu")
SCENARIO = """
[scenario]
name = "storage-value"
[time]
series = {{file = "*.csv"}}
[market.energy]
price_floor = -100000
price_cap = 100000
gate_closure = 0
[[external]]
name = "outside"
price = {{file = "*.csv", column = "{column}", unit = "{unit}"}}
import_mw = inf
export_mw = inf
[recording]
units = true
ledger = "month"
"""
STATION = """
[[storage]]
name = "{name}"
power_mw = 1
energy_mwh = {hours}
efficiency_charge = {efficiency}
efficiency_discharge = {efficiency}
soc_start = 0
strategy = {strategy}
forecast = {forecast}
"""


@dataclass(frozen=True)
class Series:
    """A measured series of prices."""

    folder: str
    column: str
    unit: str
    interval_h: float

    @property
    def name(self):
        return "china" if self.folder == CHINA else self.column.removesuffix("_jpy_kwh")


SERIES = (
    *(Series(JEPX, area, "kwh", 0.5) for area in AREAS),
    Series(CHINA, "price_cny_mwh", "mwh", 0.25),
)


def scenario(series, variants):
    """Return the text of a scenario with a station of each size for each variant."""
    text = SCENARIO.format(column=series.column, unit=series.unit)
    for number, label in enumerate(variants):
        strategy, forecast = VARIANTS[label]
        for hours in HOURS:
            text += STATION.format(
                name=f"s{number:02d}-{hours}",
                hours=hours,
                efficiency=ROUND_TRIP**0.5,
                strategy=strategy,
                forecast=forecast,
            )
    return text


def performed(series, folder, variants):
    """Run the scenario on the prices in a folder; return its results."""
    from scenarios.loader import load
    from scenarios.runs import execute, prepare

    out = Path(tempfile.mkdtemp()) / "run"
    file = out.with_suffix(".toml")
    file.write_text(scenario(series, variants))
    loaded = load(str(file), [], folder, None)
    prepare(out, force=True, resume=False)
    return execute(loaded, out)


def bound(series, prices, hours, soc):
    """Return the most that can be earned from `soc` on, MWh."""
    from tests.oracles.storage_optimum import optimum

    one = series.interval_h
    _, most = optimum(
        prices,
        charge=one,
        discharge=one,
        efficiency_charge=ROUND_TRIP**0.5,
        efficiency_discharge=ROUND_TRIP**0.5,
        soc_max=hours,
        soc_start=soc,
        gap=5e-4,
        seconds=120,
    )
    return most


def judged(series, results, variants):
    """Return a row per variant and size: profit of the second half, bound, ratio, errors."""
    prices = results.table("intervals", columns=["start", "price"])["price"].to_numpy()
    half = int(prices.size // 2 * series.interval_h // 24 * 24 / series.interval_h)
    columns = ["start", "unit", "sold_mwh", "bought_mwh", "soc_mwh"]
    units = dict(list(results.table("units", columns=columns).groupby("unit", observed=True)))
    scores = results.table("participants").set_index("unit")
    rows, bounds = [], {}
    for number, label in enumerate(variants):
        for hours in HOURS:
            own = units[f"s{number:02d}-{hours}"].sort_values("start")
            sold, bought = own["sold_mwh"].to_numpy()[half:], own["bought_mwh"].to_numpy()[half:]
            soc = round(float(own["soc_mwh"].to_numpy()[half - 1]), 6)
            if (hours, soc) not in bounds:
                bounds[hours, soc] = bound(series, prices[half:], hours, soc)
            profit = float(np.sum(prices[half:] * (sold - bought)))
            score = scores.loc[f"s{number:02d}-{hours}"]
            rows.append(
                {
                    "series": series.name,
                    "hours": hours,
                    "variant": label,
                    "profit": profit,
                    "bound": bounds[hours, soc],
                    "ratio": profit / bounds[hours, soc],
                    "soc": soc,
                    "mae_1h": float(score["forecast_mae_1h_price"]),
                    "mae_6h": float(score["forecast_mae_6h_price"]),
                    "mae_24h": float(score["forecast_mae_24h_price"]),
                    "bias": float(score["forecast_bias_price"]),
                }
            )
    return rows


def table(rows):
    """Return the ratios as a table in Markdown, a row per variant."""
    series = list(dict.fromkeys((row["series"], row["hours"]) for row in rows))
    found = {(row["variant"], row["series"], row["hours"]): row["ratio"] for row in rows}
    lines = ["| variant | mean | least | " + " | ".join(f"{n} {h} h" for n, h in series) + " |"]
    lines.append("| --- " * (3 + len(series)) + "|")
    for variant in dict.fromkeys(row["variant"] for row in rows):
        ratios = [100 * found[variant, *one] for one in series]
        cells = [np.mean(ratios), min(ratios), *ratios]
        lines.append(f"| {variant} | " + " | ".join(f"{cell:.1f}" for cell in cells) + " |")
    return "\n".join(lines)


def main(arguments):
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--series", nargs="*", default=[one.name for one in SERIES])
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS))
    parser.add_argument("--json", type=Path, help="file for all numbers")
    chosen = parser.parse_args(arguments)
    rows = []
    for series in SERIES:
        if series.name in chosen.series:
            results = performed(series, chosen.data / series.folder, chosen.variants)
            rows += judged(series, results, chosen.variants)
            print(f"{series.name} done", file=sys.stderr, flush=True)
            if chosen.json:
                chosen.json.write_text(json.dumps(rows, indent=1))
    print(table(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
