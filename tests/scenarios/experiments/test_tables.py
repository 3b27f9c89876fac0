"""The tables of an experiment: what they say, and that they say the same every time."""

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest

from market import (
    EXPERIMENT_TABLES,
    holm,
    mean_interval,
    paired_difference,
    talatan_experiment,
)
from scenarios.experiments.tables import NOT_DEFINED, digest, write_tables
from tests.scenarios.experiments.asked import finished, full, luck, outcomes, sampled

RULES = {"mechanism": ("uniform", "vcg", "mcafee"), "cap": (500, 800.5)}


def price(levels, seed):
    """A common year, a rule's own effect, and a little luck of its own."""
    own = luck(seed, *map(str, levels.values()))
    return 200 + 30 * luck(seed) + 8 * (levels["mechanism"] == "vcg") + levels["cap"] / 100 + own


@pytest.fixture(scope="module")
def asked():
    return full(seeds=5, **RULES)


@pytest.fixture(scope="module")
def results(asked, tmp_path_factory):
    failed = {("mechanism=mcafee, cap=800.5", 2)}
    place = tmp_path_factory.mktemp("experiment")
    return talatan_experiment(finished(asked, outcomes(asked, price, failed), place))


def of(frame, **wanted):
    for name, value in wanted.items():
        frame = frame[frame[name] == value]
    return frame


def test_a_row_for_each_run_and_metric_in_their_order(asked, results):
    table = results.table
    assert list(table.columns) == [
        *("arm", "mechanism", "cap", "seed", "status", "reason", "metric", "value", "unit")
    ]
    expected = [
        (arm.name, arm.levels["mechanism"], arm.levels["cap"], seed, metric)
        for arm, seed, metric in product(asked.arms, asked.seeds, asked.metrics)
    ]
    names = ["arm", "mechanism", "cap", "seed", "metric"]
    assert list(table[names].itertuples(index=False, name=None)) == expected
    assert (table["cap"].dtype, table["seed"].dtype) == (np.float64, np.int64)


def test_a_failed_run_has_its_reason_and_no_value(results):
    failed = results.table[results.table["status"] == "failed"]
    assert set(failed["reason"]) == {"no wind; no sun"}
    assert len(failed) == 3
    assert failed["value"].isna().all()
    assert results.failures.to_dict(orient="records") == [
        {"arm": "mechanism=mcafee, cap=800.5", "seed": 2, "reason": "no wind; no sun"}
    ]


def test_a_metric_that_a_run_does_not_define_says_so(results):
    rows = of(results.table, metric="efficiency", status="finished")
    assert rows["value"].isna().all()
    assert set(rows["reason"]) == {NOT_DEFINED}
    assert set(of(results.table, metric="mean_price", status="finished")["reason"]) == {""}


def test_values_and_units_are_those_of_the_runs(asked, results):
    for arm in asked.arms[:2]:
        row = of(results.table, arm=arm.name, seed=3, metric="mean_price").iloc[0]
        assert row["value"] == price(arm.levels, 3)
        assert row["unit"] == "CNY/MWh"


def test_the_summary_is_the_statistics_of_the_table(asked, results):
    table = of(results.table, metric="welfare_amount").set_index("seed")
    base = of(table, arm=asked.baseline)["value"]
    rows = of(results.summary, metric="welfare_amount").set_index("arm")
    gaps = {}
    for arm in asked.arms:
        values, row = of(table, arm=arm.name)["value"], rows.loc[arm.name]
        mean = mean_interval(values)
        assert (row["n"], row["mean"], row["mean_low"]) == (mean.n, mean.mean, mean.low)
        if arm.name == asked.baseline:
            assert row[["difference", "diff_low", "p_value", "p_holm"]].isna().all()
            assert row["pairs"] == 0
            continue
        gap = gaps[arm.name] = paired_difference(values, base)
        assert (row["pairs"], row["difference"]) == (gap.pairs, gap.mean)
        assert (row["diff_high"], row["effect_size"]) == (gap.high, gap.effect_size)
    expected = holm([gap.p_value for gap in gaps.values()])
    assert rows.loc[list(gaps), "p_holm"].tolist() == expected.tolist()
    assert rows.loc["mechanism=mcafee, cap=800.5", ["n", "pairs"]].tolist() == [4, 4]


def test_pairing_finds_what_luck_would_hide(results):
    """The price moves by 30 from seed to seed, and by 8 for the rule."""
    row = of(results.summary, metric="mean_price", arm="mechanism=vcg, cap=500").iloc[0]
    assert row["sd"] > 15
    assert row["diff_low"] > 4
    assert row["p_holm"] < 0.05


def test_effects_leave_out_the_seed_with_a_failed_run(results):
    effects = of(results.effects, metric="mean_price")
    assert list(dict.fromkeys(effects["term"])) == [
        *("mechanism", "cap", "mechanism:cap", "seed", "residual")
    ]
    assert set(effects["n"]) == {4}
    rule = of(effects, term="mechanism", level="vcg").iloc[0]
    assert rule["low"] < 8 * 2 / 3 < rule["high"]
    assert of(effects, level="vcg | 800.5")["effect"].abs().iloc[0] < 2
    assert effects.drop_duplicates("term")["share_pct"].sum() == pytest.approx(100)
    assert effects.drop_duplicates("term").set_index("term")["share_pct"]["seed"] > 80
    lost = of(results.effects, metric="efficiency")
    assert lost[["effect", "share_pct"]].isna().all(axis=None)


def test_benefits_are_those_of_finished_runs(asked, results):
    rows = results.benefits
    assert len(rows) == (6 * 5 - 1) * 3
    assert rows["account"].tolist()[:3] == ["city", "w1", "w2"]
    first = rows.iloc[1]
    at = price(asked.arms[0].levels, 1)
    assert (first["role"], first["value_amount"], first["cost_amount"]) == ("wind", at, 10.0)


def test_winners_are_paired_and_add_up_to_the_change_of_welfare(asked, results):
    gains = results.winners("mechanism=vcg, cap=500")
    both = results.benefits[
        results.benefits["arm"].isin([asked.baseline, "mechanism=vcg, cap=500"])
    ]
    welfare = both.groupby(["arm", "seed"])["benefit_amount"].sum().unstack(0)
    change = (welfare["mechanism=vcg, cap=500"] - welfare[asked.baseline]).mean()
    assert gains["difference"].sum() == pytest.approx(change, abs=0.01)
    assert gains.index.tolist() == ["wind", "load"]
    assert gains.loc["wind", "diff_low"] > 0 > gains.loc["load", "diff_high"]
    by_account = results.winners("mechanism=vcg, cap=500", by="account")
    wind = by_account.loc[["w1", "w2"], "difference"].sum()
    assert wind == pytest.approx(gains.loc["wind", "difference"], abs=0.01)
    assert results.winners("mechanism=mcafee, cap=800.5")["pairs"].tolist() == [4, 4]


def test_who_is_not_there_in_one_arm_has_no_benefit_there(tmp_path):
    asked = full(seeds=3, owners=("one", "two"))
    runs = outcomes(asked, lambda levels, seed: 100.0 + seed)
    for seed in asked.seeds:
        run = runs["one", seed]
        object.__setattr__(run, "benefits", run.benefits[1:])  # no w1
    results = talatan_experiment(finished(asked, runs, tmp_path))
    gains = results.winners("two", by="account")
    assert gains.loc["w1", "baseline"] == 0.0
    assert gains.loc["w1", "difference"] == pytest.approx((101 + 102 + 103) / 3 * 1.5 - 10)
    assert gains.loc["w2", "difference"] == 0.0


def test_two_factors_as_a_matrix(asked, results):
    matrix = results.matrix("mean_price", "mechanism", "cap")
    assert (list(matrix.index), list(matrix.columns)) == (list(RULES["mechanism"]), [500.0, 800.5])
    mean = np.mean([price({"mechanism": "vcg", "cap": 500}, seed) for seed in asked.seeds])
    assert matrix.loc["vcg", 500.0] == pytest.approx(mean)


def test_differences_of_a_metric(asked, results):
    rows = results.differences("mean_price")
    assert list(rows.index) == [arm.name for arm in asked.arms[1:]]
    assert rows["pairs"].tolist() == [5, 5, 5, 5, 4]


@pytest.mark.parametrize("levels", [(True, False), ("a", 1), (1, 2, 0.5)])
def test_levels_are_numbers_only_where_all_are(tmp_path, levels):
    asked = full(seeds=1, x=levels)
    finished(asked, outcomes(asked, lambda levels, seed: 1.0, {("true", 1)}), tmp_path)
    for name in ("results", "summary", "benefits"):
        column = pd.read_parquet(tmp_path / f"{name}.parquet")["x"].drop_duplicates().tolist()
        expected = {
            (True, False): ["true", "false"], ("a", 1): ["a", "1"], (1, 2, 0.5): [1.0, 2.0, 0.5]
        }[levels]  # fmt: skip
        assert column == (expected[1:] if name == "benefits" and levels[0] is True else expected)


def test_tables_are_the_same_to_the_last_byte_in_whatever_order_runs_came(asked, tmp_path):
    runs = outcomes(asked, price)
    turned = dict(reversed(list(runs.items())))
    for run in turned.values():
        object.__setattr__(run, "benefits", run.benefits[::-1])
        object.__setattr__(run, "seconds", 7.0)
    one, two = finished(asked, runs, tmp_path / "one"), finished(asked, turned, tmp_path / "two")
    files = sorted(path.name for path in one.iterdir())
    assert files == sorted(
        ["experiment.json", *(f"{n}.parquet" for n in EXPERIMENT_TABLES if n != "sensitivity")]
    )
    for name in files:
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_the_digest_is_of_what_results_say(asked, tmp_path):
    from pyarrow import parquet

    runs = outcomes(asked, price)
    said = write_tables(asked, runs, tmp_path)
    table = parquet.read_table(tmp_path / "results.parquet")
    assert digest(table) == said
    parquet.write_table(table, tmp_path / "other.parquet", compression="none")
    assert digest(parquet.read_table(tmp_path / "other.parquet")) == said
    arm = asked.arms[0].name
    name, unit, text = "mean_price", "CNY/MWh", "Price"
    moved = np.nextafter(runs[arm, 1].figures[name][0], np.inf)
    runs[arm, 1].figures[name] = (float(moved), unit, text)
    assert write_tables(asked, runs, tmp_path) != said


def test_other_arms_and_metrics_change_nothing(asked, results, tmp_path):
    fewer = full(seeds=5, mechanism=("uniform", "vcg"), cap=(500,))
    object.__setattr__(fewer, "metrics", ("welfare_amount",))
    place = finished(fewer, outcomes(fewer, price), tmp_path)
    row = of(talatan_experiment(place).summary, arm="mechanism=vcg, cap=500").iloc[0]
    same = of(results.summary, arm="mechanism=vcg, cap=500", metric="welfare_amount").iloc[0]
    columns = ["mean", "mean_low", "difference", "diff_low", "diff_high", "p_value"]
    assert row[columns].tolist() == same[columns].tolist()


def test_tables_of_an_earlier_design_are_removed(asked, tmp_path):
    finished(asked, outcomes(asked, price), tmp_path)
    assert (tmp_path / "effects.parquet").is_file()
    other = sampled("lhs", 12, seeds=1)
    finished(other, outcomes(other, lambda levels, seed: levels["a"]), tmp_path)
    assert not (tmp_path / "effects.parquet").is_file()
    assert (tmp_path / "sensitivity.parquet").is_file()


def test_nothing_half_written_takes_the_name_of_a_table(asked, tmp_path, monkeypatch):
    from pyarrow import parquet

    finished(asked, outcomes(asked, price), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.parquet")}
    write, written = parquet.write_table, []

    def full_disk(table, place, **options):
        written.append(place)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        write(table, place, **options)

    monkeypatch.setattr(parquet, "write_table", full_disk)
    with pytest.raises(OSError, match="No space"):
        finished(asked, outcomes(asked, lambda levels, seed: 1.0), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.parquet")} == before


@pytest.mark.parametrize(("design", "samples"), [("lhs", 40), ("sobol", 32), ("morris", 8)])
def test_samples_are_weighed_by_factor_and_not_compared(tmp_path, design, samples):
    asked = sampled(design, samples)
    runs = outcomes(asked, lambda levels, seed: 5 * levels["a"] - levels["b"] + luck(seed))
    results = talatan_experiment(finished(asked, runs, tmp_path))
    assert results.baseline is None
    assert results.effects.empty
    assert results.summary[["difference", "p_value", "p_holm"]].isna().all(axis=None)
    assert of(results.summary, metric="mean_price")["n"].unique().tolist() == [2]
    index = {"lhs": "src", "sobol": "ST", "morris": "mu_star"}[design]
    found = of(results.sensitivity, metric="mean_price", index=index).set_index("factor")["value"]
    assert abs(found["a"]) > abs(found["b"]) > abs(found["c"])
    if design == "morris":
        assert found.tolist() == pytest.approx([50, 10, 0])


def test_a_sample_that_lost_a_seed_is_left_out(tmp_path):
    asked = sampled("lhs", 40)
    runs = outcomes(asked, lambda levels, seed: levels["a"] + 100 * seed, {("sample-007", 2)})
    results = talatan_experiment(finished(asked, runs, tmp_path))
    found = of(results.sensitivity, metric="mean_price", index="R2").iloc[0]
    assert (found["n"], round(found["value"], 9)) == (39, 1.0)


def test_the_directory_says_what_it_holds(results):
    content = json.loads((results.path / "experiment.json").read_text(encoding="utf-8"))
    assert content["table_hash"]
    assert results.currency == "CNY"
