"""What a person, and a program, are told of an experiment."""

import json
import math

import pytest

from market import talatan_experiment
from scenarios.terminal_experiment import experiment_json, show_experiment
from tests.scenarios.experiments.asked import finished, full, luck, outcomes, sampled

FACTORS = {"rule": ("uniform", "[b]vcg :x:"), "cap": (500, 800)}


def price(levels, seed):
    own = luck(seed, *map(str, levels.values()))
    return 200 + 30 * luck(seed) + (levels["rule"] != "uniform") * 8 + own


@pytest.fixture
def shown(capsys, monkeypatch):
    """What is printed of an experiment on a terminal of 100 columns."""
    monkeypatch.setenv("COLUMNS", "100")

    def show(place):
        show_experiment(talatan_experiment(place))
        text = capsys.readouterr().out
        lines = text.splitlines()[:-1]  # the last is the path, never folded
        assert max(map(len, lines)) <= 100
        return text

    return show


def row_of(text, *words):
    """Cells of the first row of a table with these words."""
    line = next(line for line in text.splitlines() if all(word in line for word in words))
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_the_answer_of_a_factorial_experiment(tmp_path, shown):
    asked = full(seeds=5, **FACTORS)
    failed = {(asked.arms[1].name, seed) for seed in (1, 2)}
    place = finished(asked, outcomes(asked, price, failed), tmp_path / "x")
    text, results = shown(place), talatan_experiment(place)
    assert "Which [rule] is best?" in text
    assert "full design, 4 arms, 5 seeds, 18 of 20 runs finished, baseline rule=uniform" in text
    assert "mean_price (CNY/MWh): What mean_price is" in text
    assert "welfare_amount (million CNY)" in text
    row = results.summary.set_index(["arm", "metric"]).loc[(asked.arms[2].name, "mean_price")]
    cells = row_of(text, "[b]vcg :x:", "500")
    difference = f"{row['difference']:.3f} [{row['diff_low']:.3f}, {row['diff_high']:.3f}]"
    p = "<0.001" if row["p_holm"] < 0.001 else f"{row['p_holm']:.3f}"
    assert cells[2:] == [
        *("5", f"{row['mean']:.1f} [{row['mean_low']:.1f}, {row['mean_high']:.1f}]", difference),
        *(f"{row['effect_size']:.2f}", p),
    ]
    assert row_of(text, "│ uniform", "500")[4] == "baseline"
    assert "corrected by Holm for 3 comparisons a metric" in " ".join(text.split())
    assert "Failed: rule=uniform, cap=800 (seeds 1, 2): no wind; no sun" in text
    assert "Caveat: One week is not a year." in text
    assert text.rstrip().endswith(f"tables in {place}")


def test_shares_and_gains(tmp_path, shown):
    asked = full(seeds=4, **FACTORS)
    place = finished(asked, outcomes(asked, price), tmp_path)
    text, results = shown(place), talatan_experiment(place)
    shares = results.effects.drop_duplicates(["metric", "term"]).set_index(["metric", "term"])
    cells = row_of(text[text.index("Share of the variation") :], "mean_price")
    assert cells[1:] == [f"{share:.1f}" for share in shares.loc["mean_price", "share_pct"]]
    gains = text[text.index("Who gains and who loses against rule=uniform, cap=500 (CNY)") :]
    wind = results.winners(asked.arms[2].name).loc["wind"]
    assert f"{wind['difference']:.2f} [{wind['diff_low']:.2f}" in row_of(gains, "vcg", "wind")[-1]
    gains = gains[gains.index("[b]vcg") :]
    assert gains.index("wind") < gains.index("load")


def test_one_seed_has_no_error_bars_and_says_so(tmp_path, shown):
    asked = full(seeds=1, rule=("a", "b"))
    text = shown(finished(asked, outcomes(asked, lambda levels, seed: 5.0), tmp_path))
    assert "One seed: no intervals" in text
    assert "[" not in text.replace("[rule]", "")
    assert "Share of the variation" not in text


def test_differences_that_cannot_be_tested_are_explained(tmp_path, shown):
    asked = full(seeds=4, rule=("a", "b"))
    runs = outcomes(asked, lambda levels, seed: seed + (levels["rule"] == "b"))
    text = shown(finished(asked, runs, tmp_path))
    assert row_of(text, "b", "3.5")[3:] == ["1.000 [1.000, 1.000]", "-", "-"]
    assert "there is nothing to test it against" in " ".join(text.split())


def test_many_arms_are_cut_and_counted(tmp_path, shown):
    asked = full(seeds=2, k=tuple(range(30)))
    text = shown(
        finished(asked, outcomes(asked, lambda levels, seed: levels["k"] + luck(seed)), tmp_path)
    )
    assert "6 more arms in summary.parquet" in text


def test_samples_are_shown_by_factor(tmp_path, shown):
    asked = sampled("lhs", 40)
    runs = outcomes(asked, lambda levels, seed: 5 * levels["a"] - levels["b"])
    place = finished(asked, runs, tmp_path)
    text = shown(place)
    assert "baseline" not in text
    assert "over 40 samples" in text
    cells = row_of(text, "│ a ")
    found = talatan_experiment(place).sensitivity
    src = found[(found["factor"] == "a") & (found["index"] == "src")].iloc[0]
    assert cells[1] == f"{src['value']:.2f} [{src['low']:.2f}, {src['high']:.2f}]"
    assert "all factors" in text


@pytest.mark.parametrize(("design", "samples"), [("lhs", 16), ("sobol", 8), ("morris", 4)])
def test_what_is_missing_without_salib_is_said(tmp_path, shown, monkeypatch, design, samples):
    asked = sampled(design, samples)
    runs = outcomes(asked, lambda levels, seed: levels["a"])
    place = finished(asked, runs, tmp_path)
    if design != "lhs":
        (place / "sensitivity.parquet").unlink()
    text = " ".join(shown(place).split())
    assert 'pip install "talatan[sensitivity]"' in text
    assert ("32 samples" in text) == (design == "lhs")


def test_the_answer_as_json(tmp_path):
    asked = full(seeds=3, **FACTORS)
    failed = {(asked.arms[3].name, 1)}
    place = finished(asked, outcomes(asked, price, failed), tmp_path)
    results = talatan_experiment(place)
    content = json.loads(json.dumps(experiment_json(results), allow_nan=False))
    assert (content["baseline"], content["runs"]["failed"]) == (asked.baseline, 1)
    assert content["failures"] == [
        {"arm": asked.arms[3].name, "seed": 1, "reason": "no wind; no sun"}
    ]
    assert len(content["summary"]) == 4 * 3
    first, second = content["summary"][0], content["summary"][3]
    assert (first["difference"], first["p_holm"]) == (None, None)
    assert second["difference"] == results.differences("mean_price")["difference"].iloc[0]
    assert {gain["role"] for gain in content["gains"]} == {"wind", "load"}
    assert len(content["gains"]) == 3 * 2
    assert len(content["effects"]) == len(results.effects)
    assert not any(
        isinstance(v, float) and math.isnan(v) for row in content["effects"] for v in row.values()
    )


def test_an_experiment_in_which_everything_failed(tmp_path, shown):
    asked = full(seeds=2, rule=("a", "b"))
    failed = {(arm.name, seed) for arm in asked.arms for seed in asked.seeds}
    place = finished(asked, outcomes(asked, price, failed), tmp_path)
    text = shown(place)
    assert "0 of 4 runs finished" in text
    assert "Failed: a (seeds 1, 2); b (seeds 1, 2): no wind; no sun" in text
    assert experiment_json(talatan_experiment(place))["gains"] == []
