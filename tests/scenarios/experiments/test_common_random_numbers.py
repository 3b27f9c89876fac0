"""Arms of a real experiment share their luck, so that differences are sharp."""

import numpy as np
import pytest

from tests.scenarios.running import run

WORLD = (
    ("time.days", 3),
    ("generator.wind-farm.availability", "qinghai-wind"),
    ("load.town.demand_mw", {"profile": "qinghai-load", "scale": 110}),
    ("recording.units", False),
    ("recording.ledger", "month"),
)
METRICS = ("mean_price", "import_mwh")
N = 5


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    """Figures of two arms: of the baseline over n seeds, of the other over these and n more."""
    place = tmp_path_factory.mktemp("runs") / "run"

    def figures(coal_mw, seeds):
        rules = (*WORLD, ("generator.coal-plant.capacity_mw", coal_mw))
        runs = [run("tutorial", place, rules, seed=seed).summary["value"] for seed in seeds]
        return np.array([[figures[name] for name in METRICS] for figures in runs])

    return figures(80, range(1, N + 1)), figures(78, range(1, 2 * N + 1))


def test_the_error_of_a_difference_is_at_most_half_of_that_without(values):
    base, other = values
    paired = (other[:N] - base).std(axis=0, ddof=1)
    apart = np.hypot(other[N:].std(axis=0, ddof=1), base.std(axis=0, ddof=1))
    assert (apart > 0).all()
    assert (paired <= apart / 2).all()
    assert (other[:N] != base).any(axis=0).all()
