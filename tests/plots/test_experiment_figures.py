"""Figures of experiments show exactly the numbers of the tables, and nothing overlaps."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

import plots
from market import InputError, talatan_experiment
from plots import metrics, style
from plots.experiment_figures import scatter, tornado, tradeoff, winners
from tests.plots.fake_experiment import FakeExperiment, write_experiment

NAMES = plots.experiment_figures.names()
RULES = {"mechanism": ["uniform", "pay-as-bid", "vcg"]}
CAPS = [300, 500, 700, 1000]
TWO = RULES | {"price_cap": CAPS}
THREE = {"mechanism": ["uniform", "vcg"], "price_cap": [300, 500], "lease": [True, False]}
RANGES = {"price_cap": [300.0, 900.0], "storage_power": [0.0, 200.0], "k": [0.0, 1.0]}
ALONE = {
    "price_cap": [300, 500, 700],
    "interval": [60, 30, 15, 5],
    "access": ["merchant", "none", "grid call at a fixed price whatever it costs"],
}
LONG = [
    "the market of today with all its rules as they are",
    "an auction on the day before and another within the day, with penalties",
    "an auction on the day before and another within the day, without penalties",
    "储能共享市场第一号",
    "储能共享市场第二号 $1$",
]

FAKES = {
    "rules": FakeExperiment(RULES),
    "two": FakeExperiment(TWO),
    "three": FakeExperiment(THREE),
    "one-at-a-time": FakeExperiment(ALONE, "one-at-a-time"),
    "lhs": FakeExperiment(RANGES, "lhs", seeds=2, samples=40),
    "sobol": FakeExperiment(RANGES, "sobol", seeds=1, samples=8),
    "morris": FakeExperiment(RANGES, "morris", seeds=1, samples=6),
    "long": FakeExperiment({"variant": LONG}, "list", name="青海"),
    "forty": FakeExperiment({"a": [f"m{i}" for i in range(8)], "b": [1, 2, 3, 5, 90]}),
    "one-seed": FakeExperiment(TWO, seeds=1),
    "one-arm": FakeExperiment({"mechanism": ["uniform"]}),
    "failing": FakeExperiment(
        TWO,
        failed=("mechanism=vcg, price_cap=300", "mechanism=pay-as-bid, price_cap=700"),
        undefined=(("mechanism=uniform, price_cap=500", "curtailment_wind_solar_pct"),),
    ),
    "no-baseline": FakeExperiment(RULES, failed=("uniform",)),
    "nothing": FakeExperiment(RULES, failed=("uniform", "pay-as-bid", "vcg")),
    "one-metric": FakeExperiment(RULES, metrics=("mean_price",)),
}


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    """A function that opens a fake experiment by name, made once."""
    made = {}

    def open_one(name):
        if name not in made:
            made[name] = talatan_experiment(
                write_experiment(tmp_path_factory.mktemp(name), FAKES[name])
            )
        return made[name]

    return open_one


ENDS = ("mean_low", "mean_high")


def words(ax):
    return " ".join(text.get_text() for text in ax.texts)


def title(ax):
    return ax.figure.get_suptitle()


def dots(ax):
    """Places of all markers, as one table."""
    found = [np.column_stack([line.get_xdata(), line.get_ydata()]) for line in ax.lines]
    return np.concatenate(
        [
            points
            for points, line in zip(found, ax.lines, strict=True)
            if line.get_marker() not in ("", "None")
        ]
    )


def segments(ax):
    """Ends of all lines that are intervals: x of the first, x of the second, y."""
    lines = [
        line
        for group in ax.collections
        if hasattr(group, "get_segments")
        for line in group.get_segments()
    ]
    return np.array(lines).reshape(-1, 2, 2)


def row(results, metric, arm):
    table = results.summary
    return table[(table["metric"] == metric) & (table["arm"] == arm)].iloc[0]


# What every figure does.


def boxes_of(figure):
    """What must not overlap: title, axis labels, legend, labels of ticks."""
    ax, parts = figure.axes[0], [figure._suptitle]
    if ax.axison:
        parts += [ax.xaxis.label, ax.yaxis.label, *filter(None, [ax.get_legend()])]
        parts += [label for one in figure.axes for label in tick_labels(one)]
    return [part.get_window_extent() for part in parts if part.get_window_extent().width > 1]


def tick_labels(ax):
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            if low <= tick.get_loc() <= high:
                yield from (label for label in (tick.label1, tick.label2) if label.get_visible())


NARROW = ("two", "one-at-a-time", "lhs", "long", "forty", "failing")
WIDE = ("one-at-a-time", "lhs", "forty")


@pytest.mark.parametrize(
    ("name", "width"),
    [*((name, "column") for name in NARROW), *((name, "page") for name in WIDE)],
)
def test_nothing_is_cut_off_or_overlaps(opened, name, width):
    results = opened(name)
    for kind in NAMES:
        figure = plots.draw(results, kind, width=width).figure
        figure.canvas.draw()
        page = figure.bbox
        boxes = boxes_of(figure)
        for box in [*boxes, *[ax.get_tightbbox() for ax in figure.axes]]:
            assert box.x0 >= -1, kind
            assert box.x1 <= page.x1 + 1, kind
            assert box.y0 >= -1, kind
            assert box.y1 <= page.y1 + 1, kind
        for one, other in combinations(boxes, 2):
            assert not one.padded(-2).overlaps(other.padded(-2)), kind
        assert figure.get_size_inches()[0] == style.SIZES[width][0]


DRAWN = {
    "rules": {"differences", "response", "tradeoff", "winners"},
    "two": {"differences", "response", "grid", "tornado", "tradeoff", "winners"},
    "one-at-a-time": {"differences", "response", "tornado", "tradeoff", "winners"},
    "lhs": {"scatter", "tornado", "tradeoff"},
    "sobol": {"scatter", "tornado", "tradeoff"},
    "long": {"differences", "response", "tradeoff", "winners"},
    "one-arm": {"response", "tradeoff"},
    "no-baseline": {"response", "tradeoff"},
    "nothing": set(),
    "one-metric": {"differences", "response", "winners"},
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_makes_sense_or_says_why_not(opened, name, tmp_path):
    results, told = opened(name), {}
    files = plots.save(results, ["all"], tmp_path, tell=told.__setitem__)
    assert {file.stem for file in files} == DRAWN[name]
    assert told.keys() == set(NAMES) - DRAWN[name]
    assert all(reason.endswith(".") for reason in told.values())
    for kind, reason in list(told.items())[:1]:
        assert words(plots.draw(results, kind)) == reason


@pytest.mark.parametrize("kind", NAMES)
def test_figures_into_given_axes(opened, kind):
    figure = Figure(figsize=(8, 4))
    for ax, name in zip(figure.subplots(1, 2), ("two", "lhs"), strict=True):
        assert plots.draw(opened(name), kind, ax) is ax
        assert ax.get_title(loc="left")
    assert tuple(figure.get_size_inches()) == (8, 4)


@pytest.mark.parametrize("fmt", plots.FORMATS)
def test_equal_experiments_give_equal_files(opened, fmt, tmp_path):
    kinds = ["differences", "grid", "tornado"]
    first = plots.save(opened("two"), kinds, tmp_path / "a", fmt)
    second = plots.save(opened("two"), kinds, tmp_path / "b", fmt)
    assert [file.name for file in first] == [f"{kind}.{fmt}" for kind in kinds]
    assert [a.read_bytes() for a in first] == [b.read_bytes() for b in second]
    assert not list(tmp_path.glob("*/.*"))


def test_figures_grow_with_their_rows_but_stay_on_a_page(opened):
    few, many = (plots.draw(opened(name), "differences").figure for name in ("rules", "forty"))
    assert few.get_size_inches()[1] < many.get_size_inches()[1] < 9.5


# Differences.


def test_differences_are_those_of_the_table(opened):
    results = opened("two")
    ax = plots.draw(results, "differences", metric="mean_price")
    expected = results.differences("mean_price")
    found = dots(ax)
    assert np.array_equal(np.sort(found[:, 1]), np.arange(len(expected)))
    by_row = found[np.argsort(found[:, 1]), 0]
    assert np.array_equal(by_row, expected["difference"])
    ends = segments(ax)
    order = np.argsort(ends[:, 0, 1])
    assert np.array_equal(ends[order, 0, 0], expected["diff_low"])
    assert np.array_equal(ends[order, 1, 0], expected["diff_high"])


def test_differences_that_are_significant_are_filled(opened):
    results = opened("forty")
    ax = plots.draw(results, "differences")
    filled = {
        y
        for line in ax.lines
        if line.get_marker() == "o" and line.get_markerfacecolor() != "white"
        for y in line.get_ydata()
    }
    p = results.differences(results.metrics[0])["p_holm"]
    assert filled == {place for place, value in enumerate(p) if value < 0.05}
    assert 0 < len(filled) < len(p)
    assert len(ax.get_legend().get_texts()) == 2


def test_differences_state_the_mean_of_the_baseline(opened):
    ax = plots.draw(opened("rules"), "differences", metric="mean_price")
    mean = row(opened("rules"), "mean_price", "uniform")["mean"]
    assert f"baseline: uniform; mean {mean:.0f}" in title(ax)
    assert "CNY/MWh" in title(ax)
    assert ax.get_xlabel() == "Difference to the baseline (CNY/MWh)"


def test_differences_of_percentages_are_points(opened):
    ax = plots.draw(opened("rules"), "differences")
    assert f"(percentage{metrics.NO_BREAK}points)" in ax.get_xlabel()


def test_differences_write_their_numbers(opened):
    results = opened("rules")
    ax = plots.draw(results, "differences", metric="mean_price")
    right = ax.figure.axes[1]
    texts = [tick.get_text().replace(metrics.MINUS, "-") for tick in right.get_yticklabels()]
    expected = results.differences("mean_price")
    for text, (_, line) in zip(texts, expected.iterrows(), strict=True):
        numbers = [
            float(part) for part in text.replace("[", "").replace("]", "").replace(",", "").split()
        ]
        shown = line[["difference", "diff_low", "diff_high"]].to_numpy(float)
        assert np.allclose(numbers, shown, rtol=0.01)


def test_differences_without_a_value_say_why(opened):
    ax = plots.draw(opened("failing"), "differences")
    assert words(ax).split("  ")[0].count("no run finished") == 2
    assert words(ax).count("not defined") == 1
    assert len(dots(ax)) == 11 - 3


def test_one_seed_has_no_interval_and_no_test(opened):
    ax = plots.draw(opened("one-seed"), "differences")
    assert np.isnan(segments(ax)[:, :, 0]).all()
    assert ax.get_legend() is None
    assert "one seed (no intervals)" in title(ax)


def test_more_arms_than_a_page_holds(tmp_path):
    fake = FakeExperiment(
        {"a": list(range(8)), "b": list(range(8))}, metrics=("mean_price",), seeds=2
    )
    results = talatan_experiment(write_experiment(tmp_path, fake))
    ax = plots.draw(results, "differences")
    largest = results.differences("mean_price")["difference"].abs().nlargest(50)
    assert sorted(np.abs(dots(ax)[:, 0])) == sorted(largest)
    assert "the 50 arms that differ most of 63" in title(ax)


# Response.


def test_response_has_a_line_with_a_band(opened):
    results = opened("two")
    ax = plots.draw(results, "response", metric="mean_price", over="price_cap")
    (line,), (band,) = ax.lines, ax.collections
    rows = [row(results, "mean_price", f"mechanism=uniform, price_cap={cap}") for cap in CAPS]
    assert list(line.get_xdata()) == CAPS
    assert list(line.get_ydata()) == [one["mean"] for one in rows]
    edges = {point[1] for point in band.get_paths()[0].vertices}
    assert {one[end] for one in rows for end in ENDS} == edges
    assert "mechanism=uniform" in title(ax)


def test_response_has_a_line_for_each_level(opened):
    results = opened("three")
    ax = plots.draw(results, "response", metric="mean_price", over=["price_cap", "mechanism"])
    assert "lease=true" in title(ax)
    for line, ends in zip(ax.lines, ax.collections, strict=True):
        mechanism = line.get_label().removeprefix("mechanism ")
        rows = [
            row(results, "mean_price", f"mechanism={mechanism}, price_cap={cap}, lease=True")
            for cap in (300, 500)
        ]
        assert list(line.get_xdata()) == [300, 500]
        assert list(line.get_ydata()) == [one["mean"] for one in rows]
        edges = [
            [x, one[end]] for x, one in zip(line.get_xdata(), rows, strict=True) for end in ENDS
        ]
        assert np.concatenate(ends.get_segments()).tolist() == edges


def test_response_of_many_lines_has_intervals_that_do_not_hide_each_other(opened):
    results = opened("forty")
    ax = plots.draw(results, "response", metric="mean_price")
    assert len(ax.lines) == 8
    for line in ax.lines:
        name = line.get_label().removeprefix("a ")
        means = [row(results, "mean_price", f"a={name}, b={b}")["mean"] for b in (1, 2, 3, 5, 90)]
        assert list(line.get_ydata()) == means
    low, high = results.summary["mean_low"], results.summary["mean_high"]
    of = results.summary["metric"] == "mean_price"
    bottom, top = ax.get_ylim()
    assert bottom <= low[of].min()
    assert top >= high[of].max()
    assert ax.get_xscale() == "log"


def test_response_to_names_has_a_row_for_each(opened):
    results = opened("rules")
    ax = plots.draw(results, "response", metric="mean_price")
    assert [tick.get_text() for tick in ax.get_yticklabels()] == RULES["mechanism"]
    expected = results.summary[results.summary["metric"] == "mean_price"]
    assert np.array_equal(dots(ax), np.column_stack([expected["mean"], range(3)]))
    assert np.array_equal(segments(ax)[:, 0, 0], expected["mean_low"])


def test_response_by_names_and_levels(opened):
    results = opened("two")
    ax = plots.draw(results, "response", metric="mean_price", over=["mechanism", "price_cap"])
    means = results.summary.loc[results.summary["metric"] == "mean_price", "mean"]
    assert sorted(dots(ax)[:, 0]) == sorted(means)


def test_response_of_differences(opened):
    results = opened("one-at-a-time")
    ax = plots.draw(results, "response", metric="mean_price", over="interval", show="difference")
    table = results.summary[results.summary["metric"] == "mean_price"]
    alone = table[(table["price_cap"] == 300) & (table["access"] == "merchant")]
    expected = alone.sort_values("interval")["difference"].fillna(0.0)
    assert list(ax.lines[0].get_ydata()) == list(expected)
    assert list(ax.lines[0].get_xdata()) == [5, 15, 30, 60]


# Grid.


@pytest.mark.parametrize("show", ["mean", "difference"])
def test_grid_has_the_numbers_of_the_table(opened, show):
    results = opened("two")
    ax = plots.draw(results, "grid", metric="mean_price", show=show)
    (mesh,) = ax.collections
    table = results.summary[results.summary["metric"] == "mean_price"].copy()
    table["difference"] = table["difference"].fillna(0.0)
    expected = table.pivot(index="price_cap", columns="mechanism", values=show)[RULES["mechanism"]]
    assert np.array_equal(mesh.get_array(), expected)
    texts = [text.get_text().replace(metrics.MINUS, "-") for text in ax.texts]
    assert np.allclose([float(text) for text in texts], expected.to_numpy().ravel(), atol=0.05)
    if show == "difference":
        assert mesh.norm.vmin == -mesh.norm.vmax


def test_grid_with_the_factors_turned_round(opened):
    straight, turned = (
        plots.draw(opened("two"), "grid", over=over).collections[0].get_array()
        for over in (["mechanism", "price_cap"], ["price_cap", "mechanism"])
    )
    assert np.array_equal(straight, turned.T)


def test_grid_leaves_cells_without_a_value_empty(opened):
    ax = plots.draw(opened("failing"), "grid")
    assert np.isnan(ax.collections[0].get_array().filled(np.nan)).sum() == 3
    assert [text.get_text() for text in ax.texts].count("-") == 3
    assert "3 without a value" in title(ax)


def test_grid_with_small_cells_has_no_numbers(opened):
    assert len(plots.draw(opened("forty"), "grid").texts) == 40
    assert not plots.draw(opened("forty"), "grid", width="column").texts


# Tornado.


def test_tornado_of_one_at_a_time_has_differences(opened):
    results = opened("one-at-a-time")
    ax = plots.draw(results, "tornado", metric="mean_price")
    expected = results.differences("mean_price")["difference"]
    assert sorted(dots(ax)[:, 0]) == sorted(expected)
    spans = [bar.get_width() for bar in ax.patches]
    assert spans == sorted(spans, reverse=True)


def test_tornado_of_all_combinations_has_main_effects(opened):
    results = opened("two")
    ax = plots.draw(results, "tornado", metric="mean_price")
    table = results.effects[results.effects["metric"] == "mean_price"]
    main = table[table["term"].isin(TWO)]
    assert sorted(dots(ax)[:, 0]) == sorted(main["effect"])
    ends = segments(ax)
    assert sorted(ends[:, 0, 0]) == sorted(main["low"])
    assert {"uniform", "vcg"} <= {text.get_text() for text in ax.texts}


@pytest.mark.parametrize(("name", "indices"), [("sobol", 2), ("morris", 2), ("lhs", 1)])
def test_tornado_of_samples_has_indices(opened, name, indices):
    results = opened(name)
    ax = plots.draw(results, "tornado", metric="mean_price")
    found = [[bar.get_width() for bar in bars] for bars in ax.containers]
    table = results.sensitivity[results.sensitivity["metric"] == "mean_price"]
    shown = {"sobol": ["ST", "S1"], "morris": ["mu_star", "sigma"], "lhs": ["src"]}[name]
    assert len(found) == len(shown) == indices
    for widths, index in zip(found, shown, strict=True):
        values = table.loc[table["index"] == index, "value"]
        assert sorted(widths) == pytest.approx(sorted(values))
    assert np.all(np.diff(np.abs(found[0])) <= 0)


def test_tornado_of_a_poor_linear_fit_uses_shares(opened, monkeypatch):
    results = talatan_experiment(opened("lhs").path)
    table = results.sensitivity.copy()
    table.loc[table["index"] == "R2", "value"] = 0.3
    monkeypatch.setattr(results, "sensitivity", table, raising=False)
    ax = plots.draw(results, "tornado", metric="mean_price")
    shares = table[(table["metric"] == "mean_price") & (table["index"] == "S1")]["value"]
    assert sorted(bar.get_width() for bar in ax.patches) == sorted(shares)
    assert "30 % of the variance, too little" in " ".join(title(ax).split())


# Trade-off.


def test_tradeoff_has_the_means_of_both(opened):
    results = opened("rules")
    ax = plots.draw(results, "tradeoff", pair=["mean_price", "welfare_amount"])
    points = {
        line.get_label(): (line.get_xdata()[0], line.get_ydata()[0])
        for line in ax.lines
        if line.get_marker() not in ("", "None")
    }
    for arm in RULES["mechanism"]:
        name = "uniform (baseline)" if arm == "uniform" else arm
        mean, welfare = (row(results, one, arm)["mean"] for one in ("mean_price", "welfare_amount"))
        assert points[name] == (mean, pytest.approx(welfare / 1e6))
    assert "(lower is better)" in ax.get_xlabel()
    assert f"million{metrics.NO_BREAK}CNY" in ax.get_ylabel()
    assert "(higher is better)" in ax.get_ylabel()


def test_tradeoff_intervals_are_those_of_differences(opened):
    results = opened("rules")
    both = tradeoff.chosen(results, None)
    table = tradeoff.arm_means(results, both)
    one = row(results, both[0].name, "vcg")
    assert table.loc["vcg", "x_high"] - table.loc["vcg", "x_low"] == pytest.approx(
        one["diff_high"] - one["diff_low"]
    )
    assert np.isnan(table.loc["uniform", "x_low"])


@given(
    st.lists(st.tuples(*[st.integers(0, 6)] * 2), min_size=1, max_size=12),
    st.sampled_from([(1, 1), (1, -1), (-1, 1), (-1, -1)]),
)
def test_the_front_is_what_nobody_beats(points, signs):
    table = pd.DataFrame(points, columns=["x_value", "y_value"], dtype=float)
    found = tradeoff.front(table, signs)
    good = [(x * signs[0], y * signs[1]) for x, y in points]
    for mine, on_front in zip(good, found, strict=True):
        beaten = any(a >= mine[0] and b >= mine[1] and (a, b) != mine for a, b in good)
        assert on_front == (not beaten)


def test_tradeoff_without_a_direction_has_no_front(opened):
    results = opened("rules")
    pair = ["sold_energy_hhi@before", "mean_price"]
    assert tradeoff.directions(tradeoff.chosen(results, pair)) == (-1, -1)
    unknown = metrics.Metric("storage_cycles_per_day", "1/day")
    assert tradeoff.directions((unknown, unknown)) is None
    assert not tradeoff.front(
        tradeoff.arm_means(results, tradeoff.chosen(results, pair)), None
    ).any()


def test_tradeoff_obeys_who_says_what_is_better(opened):
    ax = plots.draw(opened("rules"), "tradeoff", better=["higher", "higher"])
    assert "(higher is better)" in ax.get_xlabel()


# Winners.


def test_winners_are_those_of_the_experiment(opened):
    results = opened("rules")
    ax = plots.draw(results, "winners")
    expected = pd.concat([results.winners(arm) for arm in ("pay-as-bid", "vcg")])
    changed = expected[expected["difference"].abs() > 1]
    assert sorted(bar.get_width() * 1e6 for bar in ax.patches) == pytest.approx(
        sorted(changed["difference"])
    )
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert "government" not in labels  # nothing changes for it


def test_winners_add_up_to_the_change_of_welfare(opened):
    for name in ("two", "failing"):
        results = opened(name)
        table = winners.gains(results)
        totals = results.benefits.groupby(["arm", "seed"])["benefit_amount"].sum().unstack("arm")
        for arm, rows in table.groupby("arm"):
            roles, (welfare,) = rows["role"] != winners.WELFARE, rows["difference"].tail(1)
            assert rows.loc[roles, "difference"].sum() == pytest.approx(welfare)
            assert welfare == pytest.approx((totals[arm] - totals[results.baseline]).mean())


def test_winners_that_change_little_are_one_row(opened, monkeypatch):
    monkeypatch.setattr(winners, "SMALL", 0.37)
    results = opened("rules")
    table = winners.gains(results)
    found = table[table["arm"] == "pay-as-bid"].set_index("role")
    assert list(found.index) == ["load", "pv", "2 others", winners.WELFARE]
    rest = results.winners("pay-as-bid").loc[["storage", "grid"]]
    sums = rest[["difference", "diff_low", "diff_high"]].sum()
    assert found.loc["2 others", "difference"] == pytest.approx(sums["difference"])
    # The roles are not independent, but an interval of a sum is no wider than the sum of theirs.
    low, high = found.loc["2 others", ["diff_low", "diff_high"]]
    assert sums["diff_low"] - 1 < low < sums["difference"] < high < sums["diff_high"] + 1


def test_winners_of_chosen_arms(opened):
    ax = plots.draw(opened("forty"), "winners", arms=["a=m3, b=2", "a=m1, b=1"])
    assert [text.get_text() for text in ax.texts] == ["m1, 1", "m3, 2"]
    assert "2 of 39 arms" in title(ax)


# Scatter.


def test_scatter_has_a_point_for_each_sample(opened):
    results = opened("lhs")
    ax = plots.draw(results, "scatter", metric="mean_price", factor="k")
    (samples,) = [line for line in ax.lines if line.get_label() == "sample"]
    table = results.summary[results.summary["metric"] == "mean_price"]
    assert np.array_equal(samples.get_xdata(), table["k"])
    assert np.array_equal(samples.get_ydata(), table["mean"])


@pytest.mark.parametrize("name", ["lhs", "sobol", "morris"])
def test_scatter_shows_the_factor_that_matters_most(opened, name):
    ax = plots.draw(opened(name), "scatter", metric="mean_price")
    assert ax.get_xlabel() == "price cap"
    assert "the factor that moves it most" in title(ax)


def test_scatter_without_indices_goes_by_ranks(opened, monkeypatch):
    results = talatan_experiment(opened("sobol").path)
    monkeypatch.setattr(results, "sensitivity", results.sensitivity.iloc[:0], raising=False)
    assert "correlation of ranks" in title(plots.draw(results, "scatter", metric="mean_price"))


def test_scatter_on_few_places_has_a_mean_at_each(opened):
    results = opened("morris")
    ax = plots.draw(results, "scatter", metric="mean_price", factor="price_cap")
    means = ax.lines[1]
    table = results.summary[results.summary["metric"] == "mean_price"]
    expected = table.groupby("price_cap")["mean"].mean()
    assert 2 <= len(expected) <= 4
    assert np.allclose(means.get_xdata(), expected.index)
    assert np.allclose(means.get_ydata(), expected)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=200, unique=True))
def test_means_of_neighbours_are_means(places):
    series = pd.Series(places)
    means, _ = scatter.neighbours(series, series)
    assert means["place"].is_monotonic_increasing
    assert np.allclose(means["place"], means["value"])
    if len(means):
        assert min(places) <= means["value"].min()


# Asking for them.


class TestRefused:
    @pytest.mark.parametrize(
        ("name", "kind", "options", "message"),
        [
            ("two", "differences", {"metric": "mean_prices"}, "did you mean 'mean_price'"),
            ("two", "response", {"over": "price_cup"}, "did you mean 'price_cap'"),
            ("two", "response", {"over": ["a", "b", "c"]}, "one or two factors"),
            ("two", "response", {"show": "sum"}, "use mean or difference"),
            ("two", "grid", {"over": "price_cap"}, "name two factors"),
            ("two", "grid", {"show": "sum"}, "use mean or difference"),
            ("two", "tradeoff", {"better": ["up", "down"]}, "'lower' or 'higher'"),
            ("two", "tradeoff", {"pair": ["mean_price", "mean_price"]}, "name two metrics"),
            ("two", "winners", {"arms": ["uniform"]}, "known arms are"),
            ("two", "winners", {"colour": "red"}, "it has arms"),
            ("lhs", "scatter", {"factor": "cap"}, "It has: price_cap, storage_power, k"),
            ("two", "prices", {}, "unknown figure of an experiment"),
        ],
    )
    def test_options(self, opened, name, kind, options, message):
        with pytest.raises(InputError, match=message):
            plots.draw(opened(name), kind, **options)

    def test_options_that_no_figure_has(self, opened, tmp_path):
        with pytest.raises(InputError, match="none of the figures"):
            plots.save(opened("two"), ["winners"], tmp_path, metric="mean_price")


class TestFiles:
    def test_one_for_each_metric(self, opened, tmp_path):
        asked = ["mean_price", "efficiency"]
        files = plots.save(opened("rules"), ["differences", "tradeoff"], tmp_path, metric=asked)
        names = ["differences-mean_price.png", "differences-efficiency.png", "tradeoff.png"]
        assert [file.name for file in files] == names

    def test_all_metrics(self, opened, tmp_path):
        results = opened("rules")
        files = plots.save(results, ["response"], tmp_path, metric="all")
        assert [file.stem for file in files] == [f"response-{name}" for name in results.metrics]

    def test_asked_for_by_name_it_says_why_it_is_empty(self, opened, tmp_path):
        (file,) = plots.save(opened("rules"), ["grid"], tmp_path)
        assert file.name == "grid.png"

    def test_each_reason_once(self, opened, tmp_path):
        told, two = [], ["mean_price", "efficiency"]
        plots.save(opened("rules"), ["all"], tmp_path, metric=two, tell=lambda *it: told.append(it))
        assert [kind for kind, _ in told] == ["grid", "scatter", "tornado"]


def test_the_levels_of_effects_are_those_of_the_arms(opened):
    found = tornado.effects(opened("three"), metrics.metric_named(opened("three"), "mean_price"))
    assert set(found["level"]) == {"uniform", "vcg", "300", "500", "true", "false"}
