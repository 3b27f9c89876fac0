"""How often 95 % intervals of a mean over few seeds hold the truth, by kind of interval.

The table stands in docs/experiments.md:

    python -m benchmarks.interval_coverage
"""

import numpy as np
from scipy import stats

from market import mean_interval, stream

RUNS, RESAMPLES = 10_000, 2_000
SEEDS = (3, 5, 10, 30)
FIGURES = {
    "normal": (lambda rng, size: rng.normal(size=size), 0.0),
    "lognormal, sd 0.53 of the mean": (
        lambda rng, size: rng.lognormal(0, 0.5, size=size),
        float(np.exp(0.125)),
    ),
}


def main() -> None:
    print("| figure | seeds | percentile | BCa | Student's t | ours |")
    print("| --- | --: | --: | --: | --: | --: |")
    for name, (draw, truth) in FIGURES.items():
        for n in SEEDS:
            values = draw(stream(0, "interval-coverage", name, str(n)), (RUNS, n))
            held = [f"{100 * share:.1f} %" for share in shares(values, truth)]
            print(f"| {name} | {n} | {' | '.join(held)} |")


def shares(values, truth):
    """Yield how often each interval holds the truth."""
    n = values.shape[1]
    for method in ("percentile", "BCa"):
        rows = values[: RUNS // 5]  # these take long
        low, high = stats.bootstrap(
            (rows,),
            np.mean,
            axis=1,
            n_resamples=RESAMPLES,
            method=method,
            batch=200,
            rng=stream(0, "interval-coverage", method),
        ).confidence_interval
        yield np.mean((low <= truth) & (truth <= high))
    half = stats.sem(values, axis=1) * stats.t.ppf(0.975, n - 1)
    yield np.mean(abs(values.mean(axis=1) - truth) <= half)
    ours = [mean_interval(row) for row in values]
    yield np.mean([one.low <= truth <= one.high for one in ours])


if __name__ == "__main__":
    main()
