"""What common random numbers are worth: standard errors of differences with and without them.

Runs a small real experiment over 2 n seeds. With common random numbers all arms use seeds 1 to n,
and a difference is taken seed by seed; without, each arm is compared on the other n seeds. Both
cost the same number of runs. The table stands in docs/experiments.md:

    python -m benchmarks.paired_designs --seeds 20
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

EXPERIMENT = """
[experiment]
name = "paired-designs"
question = "What do three changes of rules do to a small Qinghai in two weeks of March?"
base = "qinghai-small"
seeds = {seeds}
set = {{ "time.days" = 14 }}
metrics = ["curtailment_wind_solar_pct", "mean_price", "import_mwh"]

[[variant]]
name = "as it is"

[[variant]]
name = "pay-as-bid"
set = {{ "market.energy.mechanism" = "pay-as-bid" }}

[[variant]]
name = "half the storage"
set = {{ "storage.station.power_mw" = 5, "storage.station.energy_mwh" = 10 }}

[[variant]]
name = "cap at 320"
set = {{ "market.energy.price_cap" = 320 }}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="seeds of each arm")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    table = run(2 * given.seeds, given.jobs)
    print("| metric | arm | difference | with | without | with / without | runs for the same |")
    print("| --- | --- | --: | --: | --: | --: | --: |")
    for metric, arm, difference, paired, apart in rows(table, given.seeds):
        times = (apart / paired) ** 2 if paired else np.inf
        runs = f"{times:,.0f} x" if times < 10_000 else "over 10,000 x"
        errors = f"{paired:.2g} | {apart:.2g} | {paired / apart:.2f}"
        print(f"| `{metric}` | {arm} | {difference:.3g} | {errors} | {runs} |")


def run(seeds: int, jobs: int):
    """Return the table of results over so many seeds."""
    from scenarios.experiments.loader import load_experiment
    from scenarios.experiments.run import Work, execute

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "paired.toml"
        file.write_text(EXPERIMENT.format(seeds=seeds), encoding="utf-8")
        out = Path(folder) / "out"
        out.mkdir()
        return execute(load_experiment(str(file)), out, Work(jobs)).table


def rows(table, n: int):
    """Yield metric, arm, difference and its two standard errors."""
    arms = list(dict.fromkeys(table["arm"]))
    for metric in dict.fromkeys(table["metric"]):
        values = table[table["metric"] == metric].pivot(index="seed", columns="arm", values="value")
        first, second = values.iloc[:n], values.iloc[n:]
        base = first[arms[0]]
        for arm in arms[1:]:
            gaps = first[arm] - base
            paired = gaps.std(ddof=1) / np.sqrt(n)
            apart = np.hypot(second[arm].std(ddof=1), base.std(ddof=1)) / np.sqrt(n)
            yield metric, arm, gaps.mean(), paired, apart


if __name__ == "__main__":
    main()
