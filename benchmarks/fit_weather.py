"""Fit the constants of `agents.weather_fit` and compare the model with the hourly data.

    python benchmarks/fit_weather.py --data DIR          # prints the constants
    python benchmarks/fit_weather.py --data DIR --check  # prints the table of docs/weather.md

DIR holds ``qinghai_2020_hourly.csv`` (see docs/weather.md for its source). Nothing is written.
"""

import argparse
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd

from agents import weather_model as weather
from agents.climatology import MONTH_DAYS
from agents.weather import synthetic
from agents.weather_fit import NODES, PROFILES
from market import Calendar

COLUMNS = {"pv": "pv_cf", "wind": "wind_cf_scaled", "hydro": "hydro_cf", "load": "load_mw"}
LAGS = (1, 2, 3, 6, 12, 24)


def read(folder):
    """Return the columns as arrays of shape (366, 24)."""
    table = pd.read_csv(folder / "qinghai_2020_hourly.csv")
    return {name: table[c].to_numpy().reshape(366, 24) for name, c in COLUMNS.items()}


def month_blocks():
    """Return the first day of each month of a leap year, and the end."""
    return np.cumsum([0, 31, 29, *MONTH_DAYS[2:]])


def residuals(name, x):
    """Return deviations from the monthly climatology: logit for wind, else relative."""
    if name == "wind":
        y = np.log(np.clip(x, 0.004, 0.99)) - np.log(1 - np.clip(x, 0.004, 0.99))
        return y - weather.daily_climatology(monthly(y), 2020, floor=-np.inf)
    level = weather.daily_climatology(monthly(x), 2020)
    return np.where(level > (0.05 if name == "pv" else 0), x / np.maximum(level, 1e-9) - 1, np.nan)


def monthly(x):
    """Return the 12 x 24 mean of (366, 24)."""
    edge = month_blocks()
    return np.array([x[a:b].mean(axis=0) for a, b in pairwise(edge)])


def scales(r):
    """Return the separable standard deviation: 12 months times 24 hours (mean factor 1)."""
    edge = month_blocks()
    by_month = np.array([np.nanstd(r[a:b]) for a, b in pairwise(edge)])
    day = np.repeat(by_month, np.diff(edge))[:, None]
    some = np.isfinite(r).sum(axis=0) > 30
    by_hour = np.ones(24)
    by_hour[some] = np.nanstd((r / day)[:, some], axis=0)
    return by_month, by_hour, r / day / by_hour


def normal_scores(x):
    """Return the standard-normal scores of the finite entries."""
    flat = x.ravel()
    ok = np.isfinite(flat)
    score = np.full(flat.shape, np.nan)
    rank = flat[ok].argsort().argsort()
    score[ok] = [NormalDist().inv_cdf(p) for p in (rank + 0.5) / ok.sum()]
    return score


def quantiles(x):
    """Return quantiles at the model's nodes, standardised under the normal law."""
    share = [NormalDist().cdf(z) for z in NODES]
    q = np.nanquantile(x, share)
    z = np.linspace(-5, 5, 4001)
    weight = np.exp(-z * z / 2)
    value = np.interp(z, NODES, q)
    mean = np.average(value, weights=weight)
    return (q - mean) / np.sqrt(np.average((value - mean) ** 2, weights=weight))


def acf(x, lags=LAGS):
    """Return autocorrelations of a series with gaps."""
    s = pd.Series(np.ravel(x))
    return [s.autocorr(k) for k in lags]


def fit(data):
    """Print every constant."""
    scores = {}
    for name, x in data.items():
        by_month, by_hour, rest = scales(residuals(name, x))
        scores[name] = normal_scores(rest)
        print(f"# {name}")
        print("month", np.round(by_month, 3).tolist())
        print("hour", np.round(by_hour, 2).tolist())
        print("quantiles", np.round(quantiles(rest), 2).tolist())
        print("acf of scores", dict(zip(LAGS, np.round(acf(scores[name]), 3), strict=True)))
        print("acf of model ", dict(zip(LAGS, np.round(model_acf(name), 3), strict=True)))
    print("correlation of scores\n", pd.DataFrame(scores).corr().round(3))
    print("response overlap\n", np.round(overlap(), 2))


def model_acf(name):
    """Return the model's own autocorrelations at LAGS."""
    total = np.zeros(len(LAGS))
    for part in PROFILES[name].components:
        h = weather.response(part)
        total += part.weight * np.array([h[k:] @ h[: h.size - k] for k in LAGS]) / (h @ h)
    return total


def overlap():
    """Return the correlation of scores that an innovation correlation of 1 becomes."""
    parts = [profile.components[0] for profile in PROFILES.values()]
    h = np.array([np.sqrt(p.weight) * unit(weather.response(p)) for p in parts])
    return h @ h.T


def unit(x):
    return x / np.sqrt(x @ x)


def check(data, seeds=10):
    """Print model (mean over seeds) next to data."""
    start = datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=8)))
    calendar = Calendar(start, 3600, 8784)
    rows = []
    for name, x in data.items():
        real = x.ravel() / (x.mean() if name == "load" else 1)
        runs = [synthetic(f"qinghai-{name}", calendar, s) for s in range(seeds)]
        rows += table_rows(name, real, runs)
    print("| " + " | ".join(rows[0]) + " |\n" + "| --- " * len(rows[0]) + "|")
    for row in rows:
        print(
            "| " + " | ".join(v if isinstance(v, str) else f"{v:.3f}" for v in row.values()) + " |"
        )
    print("data\n", np.corrcoef([x.ravel() for x in data.values()]).round(2))
    model = [
        np.corrcoef([synthetic(f"qinghai-{n}", calendar, s) for n in COLUMNS]) for s in range(seeds)
    ]
    print("model\n", np.mean(model, axis=0).round(2))


STATISTICS = {
    "mean": np.mean,
    "sd": np.std,
    "minimum": np.min,
    "5 %": lambda x: np.percentile(x, 5),
    "median": np.median,
    "95 %": lambda x: np.percentile(x, 95),
    "maximum": np.max,
    "lag 1 h": lambda x: acf(x, (1,))[0],
    "lag 24 h": lambda x: acf(x, (24,))[0],
    "ramp 95 %": lambda x: np.percentile(np.abs(np.diff(x)), 95),
    "sd of daily means": lambda x: x.reshape(-1, 24).mean(axis=1).std(),
}


def table_rows(name, real, runs):
    """Yield statistics of data and model."""
    for label, f in STATISTICS.items():
        values = [f(run) for run in runs]
        yield {
            "profile": name,
            "statistic": label,
            "data": f(real),
            "model": np.mean(values),
            "lowest": np.min(values),
            "highest": np.max(values),
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    series = read(options.data)
    check(series) if options.check else fit(series)
