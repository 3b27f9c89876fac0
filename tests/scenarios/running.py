"""Run scenarios in the tests' own process, and find the measured data beside the repository."""

from pathlib import Path

import pytest

from market import CENTS
from scenarios.loader import load
from scenarios.runs import execute, prepare

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def measured(name):
    """The directory of a measured data set; the test is skipped where it is absent."""
    path = SHARED / name
    if not path.is_dir():
        pytest.skip(f"measured data not here: {path}")
    return path


def run(scenario, out, overrides=(), data=None, seed=None):
    """The results of a bundled scenario (its name) or of scenario text."""
    if "\n" in scenario:
        file = out.with_suffix(".toml")
        file.write_text(scenario, encoding="utf-8")
        scenario = str(file)
    loaded = load(scenario, overrides, data, seed)
    prepare(out, force=True, resume=False)
    return execute(loaded, out)


def received_less_paid(ledger, account):
    """Currency by category, from whole cents."""
    cents = (ledger["amount"] * CENTS).round().astype("int64")
    in_ = cents[ledger["payee"] == account].groupby(ledger["category"], observed=True).sum()
    out = cents[ledger["payer"] == account].groupby(ledger["category"], observed=True).sum()
    return (in_.sub(out, fill_value=0) / CENTS).to_dict()
