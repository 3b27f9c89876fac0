"""Figures show exactly the numbers of the tables, and say so when there is nothing to show."""

import re
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num
from matplotlib.figure import Figure

import plots
from market import InputError, talatan_results
from plots import curtailment, settlement, storage, style, windows
from plots.dispatch import power
from tests.plots.fake_run import CAP, FakeRun, write_run

NAMES = plots.figures.names()

RUNS = {
    "three-days": FakeRun(days=3),
    "one-interval": FakeRun(days=0.01),
    "no-storage": FakeRun(kinds=("pv", "wind", "thermal", "load")),
    "no-curtailment": FakeRun(surplus=False),
    "nobody-sells": FakeRun(kinds=("load",)),
    "quarter-hours": FakeRun(days=2, minutes=15),
    "five-minutes": FakeRun(days=0.5, minutes=5),
    "two-months": FakeRun(days=70),
    "zones": FakeRun(days=9, zones=("north", "south")),
    "chinese": FakeRun(days=1, scenario="青海 $1$ 2023"),
}


@pytest.fixture(scope="session", params=RUNS)
def any_results(request, tmp_path_factory):
    return talatan_results(write_run(tmp_path_factory.mktemp(request.param), RUNS[request.param]))


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    return talatan_results(write_run(tmp_path_factory.mktemp("run"), FakeRun(days=10)))


@pytest.fixture(scope="session")
def year(tmp_path_factory):
    place = tmp_path_factory.mktemp("year")
    return talatan_results(write_run(place, FakeRun(days=365, minutes=15)))


def words(ax):
    return " ".join(text.get_text() for text in ax.texts)


@pytest.mark.parametrize("width", ["page", "column"])
@pytest.mark.parametrize("name", NAMES)
def test_every_figure_of_every_run(any_results, name, width, tmp_path):
    (file,) = plots.save(any_results, [name], tmp_path, width=width)
    assert file.stat().st_size > 2000
    ax = plots.draw(any_results, name, width=width)
    assert ax.get_title(loc="left").count("\n") >= 1
    labels = ax.get_xlabel(), ax.get_ylabel()
    assert any(labels) or "." in words(ax)


@pytest.mark.parametrize("name", NAMES)
def test_a_year_is_quick(year, name, tmp_path):
    # Once without the clock: the first figure loads fonts, the first use reads a table.
    plots.save(year, [name], tmp_path)
    begin = time.perf_counter()
    plots.save(year, [name], tmp_path)
    assert time.perf_counter() - begin < 2


@pytest.mark.parametrize("name", NAMES)
def test_nothing_leaves_the_figure(year, name):
    """No text is cut off by the edge of the page or of the column."""
    for width in style.SIZES:
        figure = plots.draw(year, name, width=width).figure
        figure.canvas.draw()
        page = figure.bbox
        for ax in figure.axes:
            box = ax.get_tightbbox()
            assert box.x0 >= page.x0 - 1
            assert box.x1 <= page.x1 + 1
            assert box.y0 >= page.y0 - 1
            assert box.y1 <= page.y1 + 1


def test_figures_into_given_axes(results):
    figure = Figure()
    for ax, name in zip(figure.subplots(len(NAMES)), NAMES, strict=True):
        assert plots.draw(results, name, ax) is ax


@pytest.mark.parametrize("fmt", plots.FORMATS)
def test_equal_runs_give_equal_files(results, fmt, tmp_path):
    names = NAMES if fmt == "png" else ["dispatch", "price-heatmap"]
    first = plots.save(results, names, tmp_path / "a", fmt)
    second = plots.save(results, names, tmp_path / "b", fmt)
    assert [file.name for file in first] == [f"{name}.{fmt}" for name in names]
    assert [a.read_bytes() for a in first] == [b.read_bytes() for b in second]
    assert not list(tmp_path.glob("*/.*"))


def test_prices_are_those_of_the_table(results):
    table = results.intervals
    ax = plots.draw(results, "prices")
    (line,) = [line for line in ax.lines if line.get_label() == "price"]
    times = date2num(results.local(table["start"]))
    assert np.array_equal(line.get_xdata()[:-1], pd.to_datetime(results.local(table["start"])))
    assert np.array_equal(line.get_ydata()[:-1], table["price"])
    band = ax.collections[0].get_paths()[0].vertices
    assert set(table["price_low"]) | set(table["price_high"]) == set(band[:, 1])
    (capped,) = [line for line in ax.lines if line.get_label() == "at the cap"]
    assert np.array_equal(date2num(capped.get_xdata()), times[table["price"] >= CAP])


def test_prices_of_a_year_are_daily(year):
    ax = plots.draw(year, "prices")
    (line,) = [line for line in ax.lines if line.get_label() == "price, daily mean"]
    table = year.intervals
    by_day = table.groupby(year.local(table["start"]).dt.date)["price"].mean()
    assert np.array_equal(line.get_ydata(), by_day)


def test_price_duration_is_sorted(results):
    (line,) = plots.draw(results, "price-duration").lines
    expected = np.sort(results.intervals["price"])[::-1]
    assert np.array_equal(line.get_ydata()[:-1], expected)


def test_price_heatmap_has_a_cell_per_interval(results):
    (mesh,) = plots.draw(results, "price-heatmap").collections
    cells = mesh.get_array()
    assert cells.shape == (24, 10)
    assert np.array_equal(cells.T.ravel(), results.intervals["price"])


def test_price_heatmap_of_a_zone(tmp_path):
    found = talatan_results(write_run(tmp_path, FakeRun(days=2, zones=("north", "south"))))
    (mesh,) = plots.draw(found, "price-heatmap", zone="south").collections
    rows = found.intervals[found.intervals["zone"] == "south"]
    assert np.array_equal(mesh.get_array().T.ravel(), rows["price"])
    with pytest.raises(InputError, match="north, south"):
        plots.draw(found, "price-heatmap", zone="nort")


def test_curtailment_bars_add_up(year):
    ax = plots.draw(year, "curtailment")
    factor, _ = style.scaled(curtailment.by_cause(year).sum(axis=1).max(), "MWh")
    total = sum(bar.get_height() for bar in ax.patches) / factor
    assert total == pytest.approx(year.summary.loc["curtailed_mwh", "value"])
    rate = year.summary.loc["curtailment_wind_solar_pct", "value"]
    assert f"{rate:.1f} %" in ax.get_title(loc="left")
    for bars in ax.containers:
        cause = bars.get_label()
        height = sum(bar.get_height() for bar in bars) / factor
        assert height == pytest.approx(year.summary.loc[f"curtailed_{cause}_mwh", "value"])


def test_curtailment_heatmap_weighs_by_energy(year):
    (mesh,) = plots.draw(year, "curtailment-heatmap").collections
    table = year.kinds[year.kinds["kind"].isin(["pv", "wind"])]
    local = year.local(table["start"])
    cell = table[(local.dt.month == 3) & (local.dt.hour == 12)]
    expected = 100 * cell["curtailed_mwh"].sum() / cell["available_mwh"].sum()
    assert mesh.get_array()[2, 12] == pytest.approx(expected)


def test_dispatch_is_balanced_and_complete(results):
    supply, demand, curtailed = power(results, windows.week(results))
    assert np.allclose(supply.sum(axis=1), demand.sum(axis=1))
    ax = plots.draw(results, "dispatch", start="2023-01-01", days=10)
    everything = windows.week(results, "2023-01-01", 10)
    supply, demand, curtailed = power(results, everything)
    (line,) = [line for line in ax.lines if line.get_label() == "load and data centres"]
    served = demand.drop(columns=["storage", "external"]).sum(axis=1)
    assert np.array_equal(line.get_ydata()[:-1], served)
    heights = {patch.get_label(): patch for patch in ax.collections}
    top = heights["curtailed"].get_datalim(ax.transData).y1
    assert top == pytest.approx((supply.sum(axis=1) + curtailed).max())
    total = results.kinds[["delivered_mwh", "consumed_mwh", "curtailed_mwh"]].sum()
    assert supply.to_numpy().sum() == pytest.approx(total["delivered_mwh"])
    assert demand.to_numpy().sum() == pytest.approx(total["consumed_mwh"])
    assert curtailed.sum() == pytest.approx(total["curtailed_mwh"])


def test_storage_is_the_state_of_charge(results):
    ax = plots.draw(results, "storage")
    starts = windows.week(results)
    capacity = results.participants["energy_capacity_mwh"].sum()
    assert np.allclose(ax.lines[0].get_ydata(), 100 * storage.stored(results, starts) / capacity)
    right = next(other for other in ax.figure.axes if other is not ax)
    prices = results.intervals.set_index("start")["price"].loc[starts]
    assert np.array_equal(right.lines[0].get_ydata()[:-1], prices)


def test_settlement_shows_every_balance(results):
    ax = plots.draw(results, "settlement")
    table = settlement._ordered(results.role_balances)
    factor, _ = style.scaled(table.abs().sum(axis=1).max(), "CNY")
    for bars in ax.containers:
        category = bars.get_label().replace(" ", "_")
        widths = [bar.get_width() for bar in bars]
        assert np.allclose(np.array(widths) / factor, table[category])
    net = next(line for line in ax.lines if line.get_label() == "net")
    assert np.allclose(net.get_xdata() / factor, table.sum(axis=1))


def test_settlement_bars_do_not_overlap(results):
    bars = [bar for group in plots.draw(results, "settlement").containers for bar in group]
    rows = {}
    for bar in bars:
        rows.setdefault(bar.get_y(), []).append(
            sorted([bar.get_x(), bar.get_x() + bar.get_width()])
        )
    for spans in rows.values():
        wide = sorted(span for span in spans if span[1] > span[0])
        assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(wide))


def test_service_and_leases_are_one_category_each():
    rows = {
        "energy": [-1.0, 1.0],
        "lease_energy": [0.1, -0.1],
        "service_call": [0.1, -0.1],
        "lease": [7.0, -7.0],
        "service_auction": [0.2, -0.2],
    }
    drawn = settlement._ordered(pd.DataFrame(rows, index=["storage", "pv"]))
    assert list(drawn) == ["energy", "service", "lease"]
    assert drawn.loc["storage"].to_dict() == {"energy": -1.0, "service": 0.3, "lease": 7.1}


def test_every_category_of_the_ledger_has_a_colour():
    page = Path(__file__).parents[2] / "docs" / "results.md"
    section = page.read_text(encoding="utf-8").partition("| category |")[2].partition("\n\n")[0]
    names = [
        name
        for row in section.split("\n")
        for name in re.findall(r"`(\w+)`", row[: row.find("|", 2)])
    ]
    assert {"energy", "service_call", "lease_resale", "certificate"} <= set(names)
    assert {settlement._group(name) for name in names} == set(style.CATEGORY_COLOURS)


class TestNothingToDraw:
    @pytest.mark.parametrize(
        ("kinds", "name", "reason"),
        [
            (("thermal", "load"), "storage", "no storage"),
            (("thermal", "load"), "curtailment", "no wind, solar or hydro"),
            (("thermal", "load"), "curtailment-heatmap", "no wind or solar plant"),
            (("wind", "thermal", "load"), "curtailment", "Nothing was curtailed"),
            (("wind", "thermal", "load"), "curtailment-heatmap", "Nothing was curtailed"),
        ],
    )
    def test_reasons(self, tmp_path, kinds, name, reason):
        found = talatan_results(write_run(tmp_path, FakeRun(kinds=kinds, surplus=False)))
        assert reason in words(plots.draw(found, name))

    @pytest.mark.parametrize("name", ["prices", "price-duration", "price-heatmap"])
    def test_no_price(self, tmp_path, name):
        write_run(tmp_path, FakeRun(days=1))
        table = pd.read_parquet(tmp_path / "intervals.parquet").assign(price=float("nan"))
        table.to_parquet(tmp_path / "intervals.parquet")
        assert "rice" in words(plots.draw(talatan_results(tmp_path), name))

    def test_no_money(self, tmp_path):
        write_run(tmp_path, FakeRun(days=1))
        file = tmp_path / "ledger.parquet"
        pd.read_parquet(file).iloc[:0].to_parquet(file)
        assert "No money" in words(plots.draw(talatan_results(tmp_path), "settlement"))


class TestRefused:
    def test_unknown_figure(self, results, tmp_path):
        with pytest.raises(InputError, match="did you mean 'prices'"):
            plots.save(results, ["price"], tmp_path)

    def test_unknown_format(self, results, tmp_path):
        with pytest.raises(InputError, match="png, svg, pdf"):
            plots.save(results, ["prices"], tmp_path, "bmp")

    def test_unknown_width(self, results):
        with pytest.raises(InputError, match="page, column"):
            plots.draw(results, "prices", width="wall")

    def test_unknown_option(self, results, tmp_path):
        with pytest.raises(InputError, match="has no option 'from'"):
            plots.draw(results, "dispatch", **{"from": "2023-01-01"})
        with pytest.raises(InputError, match="'colour'"):
            plots.save(results, ["all"], tmp_path, colour="red")

    @pytest.mark.parametrize("start", ["2022-12-31", "2024-01-01", "yesterweek"])
    def test_days_outside_the_run(self, results, start):
        with pytest.raises(InputError, match="start="):
            plots.draw(results, "dispatch", start=start)


def test_options_go_to_the_figures_that_have_them(results, tmp_path):
    files = plots.save(results, ["prices", "storage"], tmp_path, start="2023-01-03", days=2)
    assert len(files) == 2


def test_typical_week_is_a_whole_one(year):
    starts = windows.week(year)
    assert len(starts) == 7 * 96
    assert (starts.iloc[0] - year.intervals["start"].iloc[0]).days % 7 == 0


def test_colours_are_fixed_and_distinct():
    for palette in (style.KIND_COLOURS, style.CAUSE_COLOURS, style.CATEGORY_COLOURS):
        assert len(set(palette.values())) == len(palette)


def test_characters_without_a_glyph_are_left_out():
    assert style.printable("a\U000f0000b") == "ab"
    assert style.printable("\U000f0000", "seed 1") == "seed 1"
