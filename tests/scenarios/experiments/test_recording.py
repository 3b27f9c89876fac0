"""Experiments record little; their key figures are those of a run that records much."""

import json

from tests.scenarios.running import run

MUCH = ["recording.units=true", "recording.ledger=interval", "recording.orders=true"]
LITTLE = ["recording.units=false", "recording.ledger=month", "recording.orders=false"]


def test_key_figures_do_not_depend_on_what_is_recorded(tmp_path):
    figures = [
        json.loads((results.path / "summary.json").read_text())
        for number, recording in enumerate((MUCH, LITTLE))
        for results in [
            run("shared-vs-private", tmp_path / str(number), ["time.days=4", *recording])
        ]
    ]
    assert len(figures[0]) > 60
    assert figures[0]["service_fees_amount"]["value"] > 0
    assert figures[0] == figures[1]
