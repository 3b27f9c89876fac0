"""Series: numbers, profiles and files become one value for each interval."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from market import Calendar, InputError
from scenarios import series_file
from scenarios.schema_types import FileTimes, Limits, SeriesFile, SeriesProfile
from scenarios.timeseries import calendar_of_file, series

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
START = datetime.fromisoformat("2023-06-01T00:00:00+08:00")


def calendar(n: int, minutes: int = 15) -> Calendar:
    return Calendar(START, minutes * 60, n)


def none(name: str) -> np.ndarray:
    raise InputError(f"unknown profile {name}")


def read(folder: Path, text: str, cal: Calendar, **keys: object) -> list[float]:
    (folder / "x.csv").write_text(text, encoding="utf-8")
    spec = SeriesFile.model_validate({"file": "x.csv", **keys})
    return series(spec, cal, folder, None, none).tolist()


HOURS = "time_cst,a\n2023-06-01 00:00,1\n2023-06-01 01:00,3\n2023-06-01 02:00,5\n"
QUARTERS = "time_cst,a\n" + "".join(f"2023-06-01 00:{m:02d},{m}\n" for m in (0, 15, 30, 45))


def test_a_number(tmp_path: Path) -> None:
    assert series(2, calendar(3), tmp_path, None, none).tolist() == [2, 2, 2]
    assert series(np.inf, calendar(1), tmp_path, None, none).tolist() == [np.inf]


def test_a_profile(tmp_path: Path) -> None:
    def known(name: str) -> np.ndarray:
        return {"ramp": np.arange(3.0)}[name]

    spec = SeriesProfile(profile="ramp", scale=2.0)
    assert series("ramp", calendar(3), tmp_path, None, known).tolist() == [0, 1, 2]
    assert series(spec, calendar(3), tmp_path, None, known).tolist() == [0, 2, 4]
    with pytest.raises(InputError, match="has 3 values, not 4"):
        series("ramp", calendar(4), tmp_path, None, known)
    with pytest.raises(InputError, match="is 2 at 2023-06-01T00:30"):
        series("ramp", calendar(3), tmp_path, None, known, Limits(0, 1))


def test_a_profile_that_begins_at_a_date(tmp_path: Path) -> None:
    def known(name: str) -> np.ndarray:
        return np.arange(1.0, 5.0)

    def since(when: str) -> list[float]:
        spec = SeriesProfile.model_validate({"profile": "ramp", "scale": 2, "since": when})
        return series(spec, calendar(4), tmp_path, None, known).tolist()

    assert since("2023-06-01T00:30:00+08:00") == [0, 0, 6, 8]
    assert since("2023-05-31T16:20:00+00:00") == [0, 0, 6, 8]
    assert since("2022-01-01T00:00:00+08:00") == [2, 4, 6, 8]
    assert since("2024-01-01T00:00:00+08:00") == [0, 0, 0, 0]


def test_same_step(tmp_path: Path) -> None:
    assert read(tmp_path, QUARTERS, calendar(4)) == [0, 15, 30, 45]


def test_part_of_a_file(tmp_path: Path) -> None:
    later = Calendar(datetime.fromisoformat("2023-05-31T16:15:00Z"), 900, 2)
    assert read(tmp_path, QUARTERS, later) == [15, 30]


def test_coarser_file_is_held(tmp_path: Path) -> None:
    assert read(tmp_path, HOURS, calendar(4, 30)) == [1, 1, 3, 3]
    later = Calendar(datetime.fromisoformat("2023-06-01T00:30:00+08:00"), 900, 4)
    assert read(tmp_path, HOURS, later) == [1, 1, 3, 3]


def test_coarser_file_in_straight_lines_between_the_middles(tmp_path: Path) -> None:
    values = read(tmp_path, HOURS, calendar(6, 30), resample="linear")
    assert values == [1, 1.5, 2.5, 3.5, 4.5, 5]
    middle = Calendar(datetime.fromisoformat("2023-06-01T01:00:00+08:00"), 1800, 2)
    assert read(tmp_path, HOURS, middle, resample="linear") == [2.5, 3.5]


def test_finer_file_is_averaged(tmp_path: Path) -> None:
    assert read(tmp_path, QUARTERS, calendar(2, 30)) == [7.5, 37.5]
    assert read(tmp_path, QUARTERS, calendar(1, 60)) == [22.5]


def test_gaps_and_text_outside_the_run_do_not_matter(tmp_path: Path) -> None:
    text = QUARTERS + "2023-06-01 01:00,n/a\n2023-06-01 01:15,1\n2023-06-01 01:45,1\n"
    assert read(tmp_path, text, calendar(4)) == [0, 15, 30, 45]


@pytest.mark.parametrize(
    "stamps",
    [
        ["2023-06-01T00:00+08:00", "2023-06-01T00:15+08:00"],
        ["2023-05-31T16:00:00Z", "2023-05-31T16:15:00Z"],
        ["2023-05-31 11:00:00-0500", "2023-05-31 16:15:00.000+0000"],
    ],
)
def test_stamps_with_offsets(stamps: list[str], tmp_path: Path) -> None:
    text = f"when,a\n{stamps[0]},1\n{stamps[1]},2\n"
    assert read(tmp_path, text, calendar(2)) == [1, 2]


def test_zone_by_option_or_by_name(tmp_path: Path) -> None:
    rows = "2023-06-01 01:00,1\n2023-06-01 01:15,2\n"
    assert read(tmp_path, f"when,a\n{rows}", calendar(2), timezone="+09:00") == [1, 2]
    assert read(tmp_path, f"time_jst,a\n{rows}", calendar(2)) == [1, 2]


def test_columns_units_and_scale(tmp_path: Path) -> None:
    rows = "2023-06-01 00:00,9,2\n2023-06-01 00:15,9,3\n"
    text = f"time_cst,x,price_kwh\n{rows}"
    two = calendar(2)
    assert read(tmp_path, text, two, column="price_kwh") == [2000, 3000]
    assert read(tmp_path, text, two, column=["none", "price_kwh"]) == [2000, 3000]
    assert read(tmp_path, text, two, column="price_kwh", unit="mwh") == [2, 3]
    assert read(tmp_path, text, two, column="x", unit="kwh", scale=0.5) == [4500, 4500]


def test_blanks_and_byte_order_mark(tmp_path: Path) -> None:
    text = "\ufefftime_cst, a\n2023-06-01 00:00, 1 \n2023-06-01 00:15,2\n"
    assert read(tmp_path, text, calendar(2), column="a") == [1, 2]


@pytest.mark.parametrize("zoned", [True, False, None])
def test_parquet(zoned: bool | None, tmp_path: Path) -> None:
    times = pa.array([datetime(2023, 6, 1, 0, m) for m in (0, 15)], pa.timestamp("us"))
    texts = pa.array(["2023-06-01 00:00", "2023-06-01 00:15"])
    aware = pa.array([START, START.replace(minute=15)], pa.timestamp("us", tz="Asia/Shanghai"))
    column = {True: aware, False: times, None: texts}[zoned]
    table = pa.table({"time_cst": column, "a": pa.array([1, 2], pa.int32())})
    pq.write_table(table, tmp_path / "x.parquet")
    spec = SeriesFile(file="x.parquet")
    assert series(spec, calendar(2), tmp_path, None, none).tolist() == [1, 2]


def test_parquet_nulls_and_numbers_for_times(tmp_path: Path) -> None:
    times = pa.array(["2023-06-01 00:00", "2023-06-01 00:15"])
    pq.write_table(pa.table({"time_cst": times, "a": [1.0, None]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match='row 2, column "a": "" is not a finite number'):
        series(SeriesFile(file="x.parquet"), calendar(2), tmp_path, None, none)
    pq.write_table(pa.table({"time_cst": [1, 2], "a": [1.0, 2.0]}), tmp_path / "y.parquet")
    with pytest.raises(InputError, match="holds no times but int64"):
        series(SeriesFile(file="y.parquet"), calendar(2), tmp_path, None, none)


def test_data_directory_comes_first_and_patterns_match_one(tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "x-1.csv").write_text(QUARTERS)
    (tmp_path / "given" / "x-2.csv").write_text(QUARTERS.replace(",0\n", ",7\n"))
    spec = SeriesFile(file="x-*.csv")
    assert series(spec, calendar(1), tmp_path, tmp_path / "given", none).tolist() == [7]
    assert series(spec, calendar(1), tmp_path, None, none).tolist() == [0]
    absolute = SeriesFile(file=str(tmp_path / "x-?.csv"))
    assert series(absolute, calendar(1), Path("/"), None, none).tolist() == [0]


def test_a_file_is_read_once_and_again_when_it_changes(tmp_path: Path) -> None:
    series_file.values.cache_clear()
    for _ in range(300):
        read_again = series(
            SeriesFile(file=str(_write(tmp_path))), calendar(4), tmp_path, None, none
        )
    assert series_file.values.cache_info().misses == 1
    assert read_again.tolist() == [0, 15, 30, 45]
    assert read(tmp_path, QUARTERS.replace(",45\n", ",4500\n"), calendar(4))[-1] == 4500


def _write(folder: Path) -> Path:
    path = folder / "x.csv"
    if not path.exists():
        path.write_text(QUARTERS)
    return path


def test_calendar_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(HOURS)
    made = calendar_of_file(FileTimes(file="x.csv"), tmp_path, None)
    assert (made.start, made.interval_s, made.n) == (START, 3600, 3)
    assert made.start.isoformat() == "2023-06-01T00:00:00+08:00"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the measured data lie outside the repository")
@pytest.mark.parametrize(
    ("file", "column", "rows"),
    [
        ("qinghai_2020_hourly/qinghai_2020_hourly.csv", "load_mw", 8784),
        ("jepx_spot_fy2024/jepx_spot_fy2024_30min.csv", "system_jpy_kwh", 17520),
        ("china_spot_2022_15min/china_spot_2022_15min.csv", "price_cny_mwh", 35040),
    ],
)
def test_real_files(file: str, column: str, rows: int) -> None:
    spec = SeriesFile(file=file, column=(column,))
    made = calendar_of_file(spec, SHARED, None)
    values = series(spec, made, SHARED, None, none)
    expected = np.genfromtxt(SHARED / file, delimiter=",", names=True, usecols=_index(file, column))
    factor = 1000 if column.endswith("_kwh") else 1
    assert made.n == rows
    np.testing.assert_array_equal(values, expected[column] * factor)


def _index(file: str, column: str) -> list[int]:
    with (SHARED / file).open() as lines:
        return [next(lines).strip().split(",").index(column)]
