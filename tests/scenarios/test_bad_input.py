"""Every mistake gives one clear message: file, key, value, what is accepted. Never a traceback."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import Calendar, InputError
from scenarios.loader import load, load_text
from scenarios.schema_types import Limits, SeriesFile
from scenarios.timeseries import calendar_of_file, series

GOOD = """
[scenario]
name = "case"
seed = 1
[time]
start = "2023-06-01T00:00:00+08:00"
days = 1
interval = 15
[market.energy]
mechanism = "uniform"
price_cap = 1500
[market.imbalance]
rule = "single"
[fees]
grid = 0
[[zone]]
name = "main"
[[generator]]
name = "sun"
kind = "pv"
capacity_mw = 100
availability = 0.5
[[generator]]
name = "coal"
kind = "thermal"
capacity_mw = 200
min_stable_mw = 50
[[generator]]
name = "dam"
kind = "hydro"
capacity_mw = 40
inflow = 0.4
[[generator]]
name = "tower"
kind = "csp"
capacity_mw = 50
solar = 0.2
[[storage]]
name = "battery"
power_mw = 10
energy_mwh = 20
[[data_center]]
name = "halls"
gpus = 1000
[[load]]
name = "town"
demand_mw = 80
steps = [{share = 0.1, price = 400}]
[[external]]
name = "line"
price = 300
export_mw = inf
[[contract]]
name = "deal"
seller = "coal"
buyer = "town"
mw = 5
price = 350
[[event]]
at = "2023-06-01T12:00:00+08:00"
set = {"market.energy.price_cap" = 1000}
[[event]]
at = "2023-06-01T13:00:00+08:00"
outage = "coal"
hours = 2
[recording]
units = true
"""

POWER, COAL = "power_mw = 10", "capacity_mw = 200"
DAYS = "days = 1"
START = '"2023-06-01T00:00:00+08:00"'
CAP = '{"market.energy.price_cap" = 1000}'

# what is wrong: (text of the good file, what stands instead, words of the message)
MISTAKES = {
    "not toml": ("[scenario]", "[scenario", ["not valid TOML", "line 2"]),
    "key twice": ("seed = 1", "seed = 1\nseed = 2", ["not valid TOML", "line 5"]),
    "unknown section": ("[fees]", "[feees]", ["feees", 'did you mean "fees"']),
    "unknown key": (POWER, "powr_mw = 10", ["powr_mw", 'did you mean "power_mw"']),
    "unknown market key": ("price_cap = 1500", "price_cup = 1500", ["price_cup", '"price_cap"']),
    "missing key": (POWER, "", ['storage[0] "battery".power_mw', "is required", "MW"]),
    "missing name": ('name = "battery"', "", ["storage[0].name", "is required"]),
    "missing section": ("[time]", "[[zone]]\nname='b'\n[times]", ["time", "is required"]),
    "table for list": ("[[storage]]", "[storage]", ["storage", "must be a list"]),
    "list for table": ("[fees]", "[[fees]]", ["fees", "must be a table"]),
    "number with unit": (POWER, 'power_mw = "50 MW"', ['"battery".power_mw = "50 MW"', "number"]),
    "boolean for number": (POWER, "power_mw = true", ["power_mw = true", "number"]),
    "list for number": (POWER, "power_mw = [10]", ["power_mw", "number"]),
    "number for name": ('name = "battery"', "name = 5", ["storage[0].name = 5", "text in quotes"]),
    "number for boolean": (
        "min_stable_mw = 50",
        "must_run = 1",
        ["must_run = 1", "true or false"],
    ),
    "fraction for count": (POWER, f"{POWER}\ncount = 2.5", ["count = 2.5", "whole number"]),
    "nan": (POWER, "power_mw = nan", ["power_mw = nan", "finite"]),
    "inf": (POWER, "power_mw = inf", ["power_mw = inf", "finite"]),
    "nan depth": ("export_mw = inf", "export_mw = nan", ["export_mw = nan"]),
    "infinite price": ("price = 300", "price = inf", ['"line".price = inf', "finite"]),
    "huge number": (POWER, f"power_mw = 1{'0' * 400}", ["power_mw"]),
    "endless number": (POWER, f"power_mw = 1{'0' * 5000}", ["not valid TOML"]),
    "negative capacity": (COAL, "capacity_mw = -5", ["capacity_mw = -5", "above 0", "MW"]),
    "no capacity": (COAL, "", ['"coal".capacity_mw', "either", "total_capacity_mw"]),
    "two capacities": (COAL, f"{COAL}\ntotal_capacity_mw = 9", ["either", "total_capacity_mw"]),
    "zero count": (POWER, f"{POWER}\ncount = 0", ["count = 0", "at least 1"]),
    "efficiency": (
        POWER,
        f"{POWER}\nefficiency_charge = 1.2",
        ["efficiency_charge = 1.2", "at most 1"],
    ),
    "zero efficiency": (
        POWER,
        f"{POWER}\nefficiency_discharge = 0",
        ["efficiency_discharge = 0", "above 0"],
    ),
    "soc above 1": (POWER, f"{POWER}\nsoc_start = 50", ["soc_start = 50", "at most 1"]),
    "soc limits": (
        POWER,
        f"{POWER}\nsoc_min = 0.9\nsoc_max = 0.2",
        ["soc_min = 0.9", "below soc_max", "0.2"],
    ),
    "soc start": (POWER, f"{POWER}\nsoc_max = 0.4", ["soc_start", "between", "0 to 0.4"]),
    "soc end": (POWER, f"{POWER}\nsoc_min = 0.2\nsoc_end = 0.1", ["soc_end = 0.1", "0.2 to 1"]),
    "self discharge": (
        POWER,
        f"{POWER}\nself_discharge_per_hour = 1",
        ["self_discharge_per_hour = 1", "below 1"],
    ),
    "segments": (POWER, f"{POWER}\nsegments = 9", ["segments = 9", "at most 5"]),
    "stable output": (
        "min_stable_mw = 50",
        "min_stable_mw = 500",
        ["min_stable_mw = 500", "200 MW"],
    ),
    "release": ("inflow = 0.4", "inflow = 0.4\nmin_release_mw = 90", ["min_release_mw", "40 MW"]),
    "reservoir": ("inflow = 0.4", "inflow = 0.4\nreservoir_mwh = -1", ["reservoir_mwh = -1"]),
    "water value": (
        "inflow = 0.4",
        "inflow = 0.4\nwater_value_full = 9",
        ["water_value_full = 9", "water_value_empty"],
    ),
    "negative inflow": ("inflow = 0.4", "inflow = -0.4", ["inflow = -0.4", "between 0"]),
    "ramp": (COAL, f"{COAL}\nramp_mw_per_hour = 0", ["ramp_mw_per_hour = 0", "above 0"]),
    "kind": ('kind = "pv"', 'kind = "solar"', ['kind = "solar"', "pv", "wind"]),
    "no kind": ('kind = "pv"', "", ['"sun".kind', "pv"]),
    "availability": ("availability = 0.5", "availability = 50", ["availability = 50", "0 and 1"]),
    "availability type": (
        "availability = 0.5",
        "availability = true",
        ["availability = true", "profile"],
    ),
    "empty series": ("availability = 0.5", "availability = {}", ["availability", "file"]),
    "file and profile": (
        "availability = 0.5",
        'availability = {file = "a.csv", profile = "b"}',
        ["availability", "{profile"],
    ),
    "series key": (
        "availability = 0.5",
        'availability = {file = "a.csv", colum = "b"}',
        ["availability.colum", 'did you mean "column"'],
    ),
    "resample": (
        "availability = 0.5",
        'availability = {file = "a.csv", resample = "cubic"}',
        ['resample = "cubic"', "step", "linear"],
    ),
    "timezone": (
        "availability = 0.5",
        'availability = {file = "a.csv", timezone = "Asia/Tokyo"}',
        ['timezone = "Asia/Tokyo"', "+08:00"],
    ),
    "strategy": (
        POWER,
        f'{POWER}\nstrategy = "truthfull"',
        ["storage[0]", "truthfull", 'did you mean "truthful"'],
    ),
    "strategy of another kind": (
        POWER,
        f'{POWER}\nstrategy = "deadline"',
        ['strategy = "deadline"', "cannot bid for storage", "opportunity_value"],
    ),
    "strategy parameter": (
        COAL,
        f'{COAL}\nstrategy = {{name = "markup", facter = 2}}',
        ["strategy.facter = 2", 'did you mean "factor"'],
    ),
    "strategy parameter type": (
        COAL,
        f'{COAL}\nstrategy = {{name = "markup", factor = "2"}}',
        ['strategy.factor = "2"', "number"],
    ),
    "strategy parameter range": (
        COAL,
        f'{COAL}\nstrategy = {{name = "markup", factor = 0.5}}',
        ["strategy.factor = 0.5", "at least 1"],
    ),
    "strategy without name": (
        COAL,
        f"{COAL}\nstrategy = {{factor = 2}}",
        ["strategy.name", "is required"],
    ),
    "forecast": (POWER, f'{POWER}\nforecast = "oracle"', ["oracle", "perfect", "persistence"]),
    "forecast parameter": (
        POWER,
        f'{POWER}\nforecast = {{name = "noisy", sd = -1}}',
        ["forecast.sd = -1"],
    ),
    "mechanism": ('"uniform"', '"unifrom"', ['mechanism = "unifrom"', 'did you mean "uniform"']),
    "mechanism parameter": ("price_cap = 1500", "k = 2", ["market.energy.k = 2", "0 to 1"]),
    "tie break": ("price_cap = 1500", 'tie_break = "luck"', ['tie_break = "luck"', "pro-rata"]),
    "floor above cap": ("price_cap = 1500", "price_floor = 2000", ["price_floor", "below", "1500"]),
    "negative gate": ("price_cap = 1500", "gate_closure = -5", ["gate_closure = -5", "minutes"]),
    "gate order": ("price_cap = 1500", "gate_opening = 10", ["gate_opening = 10", "gate_closure"]),
    "gate window": ("price_cap = 1500", "gate_opening = 90", ["gate_opening = 90", "15 minutes"]),
    "imbalance rule": ('"single"', '"triple"', ['rule = "triple"', "single", "dual"]),
    "unused spread": ('"single"', '"single"\nspread = 5', ["market.imbalance.spread = 5"]),
    "negative fee": ("grid = 0", "grid = -1", ["fees.grid = -1", "at least 0", "currency/MWh"]),
    "naive start": (START, '"2023-06-01T00:00:00"', ["time.start", "offset", "+08:00"]),
    "no time": (START, '"yesterday"', ['time.start = "yesterday"', "ISO 8601"]),
    "date only": (START, "2023-06-01", ["time.start = 2023-06-01", "clock"]),
    "number for time": (START, "5", ["time.start = 5", "ISO 8601"]),
    "early year": (START, '"0001-01-01T00:00:00+08:00"', ["time.start", "1900"]),
    "no start": (f"start = {START}", "", ["time.start", "is required"]),
    "end before start": (DAYS, 'end = "2023-05-01T00:00:00+08:00"', ["time.end", "after start"]),
    "end and days": (DAYS, f"{DAYS}\nend = {START}", ["time.end", "either end or days"]),
    "no end": (DAYS, "", ["time.end", "either end or days"]),
    "zero days": (DAYS, "days = 0", ["time.days = 0", "above 0"]),
    "endless": (DAYS, "days = 1e12", ["time.days", "at most 36525"]),
    "interval": ("interval = 15", "interval = 20", ["time.interval = 20", "30"]),
    "interval does not divide": (DAYS, "days = 1.005", ["time.days = 1.005", "does not divide"]),
    "series and start": (
        DAYS,
        f'{DAYS}\nseries = {{file = "x.csv"}}',
        ["time.start", "beside series"],
    ),
    "no calendar file": (
        f"start = {START}\ndays = 1\ninterval = 15",
        'series = {file = "x.csv"}',
        ["time.series", "x.csv", "no such file"],
    ),
    "name taken": ('name = "coal"\nkind', 'name = "sun"\nkind', ['"sun"', "generator[0]"]),
    "empty name": ('name = "battery"', 'name = ""', ["storage[0]", "name", "1 to 100"]),
    "slash": ('name = "battery"', 'name = "a/b"', ["storage[0]", 'name = "a/b"', "contain"]),
    "control character": ('name = "battery"', 'name = "a\\u0007"', ["storage[0]", "control"]),
    "reserved owner": (POWER, f'{POWER}\nowner = "market"', ['owner = "market"', "ledger"]),
    "zone": (POWER, f'{POWER}\nzone = "mian"', ['zone = "mian"', 'did you mean "main"']),
    "zone twice": ("[[zone]]", '[[zone]]\nname="main"\n[[zone]]', ["zone[1]", "taken"]),
    "seller": ('seller = "coal"', 'seller = "cole"', ['seller = "cole"', 'did you mean "coal"']),
    "seller buys": ('buyer = "town"', 'buyer = "coal"', ['buyer = "coal"', "seller"]),
    "contract power": ("\nmw = 5", "\nmw = 0", ['contract[0] "deal".mw = 0', "above 0"]),
    "contract dates": (
        "\nmw = 5",
        '\nmw = 5\nstart = "2025-01-01T00:00:00Z"\nend = "2024-01-01T00:00:00Z"',
        ["contract[0]", "end", "after start"],
    ),
    "contract too late": (
        "\nmw = 5",
        '\nmw = 5\nstart = "2025-01-01T00:00:00Z"',
        ["contract[0]", "outside the run"],
    ),
    "event outside": (
        '"2023-06-01T12:00:00+08:00"',
        '"2024-06-01T12:00:00+08:00"',
        ["event[0].at", "2024-06-01", "outside the run"],
    ),
    "event rule": (CAP, '{"market.energy.cap" = 9}', ["market.energy.cap", "price_cap"]),
    "event gate": (CAP, '{"market.energy.gate_closure" = 9}', ["gate_closure = 9", "cannot"]),
    "event value": (CAP, '{"fees.grid" = "x"}', ["event[0].set.fees.grid", '"x"', "number"]),
    "event below floor": (CAP, '{"market.energy.price_cap" = -9}', ["event[0]", "price_floor"]),
    "empty event": (CAP, "{}", ["event[0].set", "empty"]),
    "outage": ('outage = "coal"', 'outage = "kole"', ['outage = "kole"', "coal"]),
    "outage hours": ("hours = 2", "", ["event[1].hours", "outage"]),
    "shares": ("share = 0.1", "share = 1.5", ["steps[0].share = 1.5", "at most 1"]),
    "shares together": (
        "steps = [{",
        "steps = [{share = 0.95, price = 1}, {",
        ['load[0] "town".steps', "1.05", "at most 1"],
    ),
    "negative demand": ("demand_mw = 80", "demand_mw = -80", ["demand_mw = -80", "between 0"]),
    "gpus": ("gpus = 1000", "gpus = 1000\ninference_gpus = 2000", ["inference_gpus", "1000"]),
    "pue": ("gpus = 1000", "gpus = 1000\npue = 0.8", ["pue = 0.8", "at least 1"]),
    "pue key": ("gpus = 1000", "gpus = 1000\npue = {fan = 1}", ["pue.fan", 'did you mean "fans"']),
    "jobs": ("gpus = 1000", "gpus = 1000\njobs = {}", ["jobs", "arrivals_per_hour"]),
    "temperature": ("gpus = 1000", "gpus = 1000\ntemperature = 300", ["temperature = 300"]),
    "closed line": ("export_mw = inf", "", ['external[0] "line".import_mw', "both 0"]),
    "spread": (POWER, f"{POWER}\nspread = {{power_mw = 1}}", ["spread.power_mw = 1", "below 1"]),
    "spread of nothing": (
        POWER,
        f"{POWER}\nspread = {{power = 0.1}}",
        ["spread.power", "power_mw"],
    ),
    "spread too wide": (
        POWER,
        f"{POWER}\nspread = {{efficiency_charge = 0.2}}",
        ["spread.efficiency_charge = 0.2", "1.14"],
    ),
    "outage rates": (POWER, f"{POWER}\noutages = {{mtbf_hours = 5}}", ["outages.mttr_hours"]),
    "recording": ("units = true", 'units = "weekly"', ['recording.units = "weekly"', '"daily"']),
    "negative seed": ("seed = 1", "seed = -1", ["scenario.seed = -1", "at least 0"]),
}


def problems_of(text: str, folder: Path) -> str:
    path = folder / "case.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(str(path))
    return str(caught.value)


def test_good_file_is_good(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert load(str(path)).calendar.n == 96


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_in_scenarios(mistake: str, tmp_path: Path) -> None:
    old, new, words = MISTAKES[mistake]
    assert old in GOOD
    message = problems_of(GOOD.replace(old, new, 1), tmp_path)
    assert "case.toml" in message
    for word in words:
        assert word in message
    assert "pydantic" not in message
    assert len(message.splitlines()) <= 3


def test_there_are_enough_of_them() -> None:
    assert len(MISTAKES) + len(FILES) >= 120


def test_empty_markets(tmp_path: Path) -> None:
    head = GOOD[: GOOD.index("[[generator]]")]
    assert "empty" in problems_of(head, tmp_path)
    sellers = head + '[[generator]]\nname="a"\nkind="pv"\ncapacity_mw=1\navailability=1\n'
    assert "nobody can buy" in problems_of(sellers, tmp_path)
    buyers = head + '[[load]]\nname="a"\ndemand_mw=1\n'
    assert "nobody can sell" in problems_of(buyers, tmp_path)
    battery = head + '[[storage]]\nname="a"\npower_mw=1\nenergy_mwh=1\n'
    assert "nobody but storage" in problems_of(battery, tmp_path)


def test_price_forecasts_need_an_outside_price(tmp_path: Path) -> None:
    start, end = GOOD.index("[[external]]"), GOOD.index("[[contract]]")
    text = (GOOD[:start] + GOOD[end:]).replace(POWER, f'{POWER}\nforecast = "perfect"')
    assert 'storage[0] "battery".forecast' in problems_of(text, tmp_path)


def test_all_problems_at_once(tmp_path: Path) -> None:
    text = GOOD.replace(POWER, 'power_mw = "x"').replace("grid = 0", "grd = 0")
    text = text.replace('kind = "pv"', 'kind = "pv"\nzone = "east"')
    message = problems_of(text, tmp_path)
    assert len(message.splitlines()) == 3
    for word in ("power_mw", "grd", '"east"'):
        assert word in message


def test_place_survives_other_mistakes(tmp_path: Path) -> None:
    text = GOOD.replace('kind = "pv"', 'kind = "pv"\nderate = 7')
    text = text.replace('kind = "csp"', 'kind = "csp"\nzone = "east"')
    message = problems_of(text, tmp_path)
    assert 'generator[3] "tower".zone' in message
    assert 'generator[0] "sun".derate' in message


def test_units_of_one_entry_clash_with_another(tmp_path: Path) -> None:
    text = GOOD.replace('kind = "pv"', 'kind = "pv"\ncount = 3')
    text = text.replace('name = "dam"', 'name = "sun-002"')
    message = problems_of(text, tmp_path)
    assert '"sun-002" is taken by generator[0] "sun"' in message


def test_two_changes_of_one_rule_at_one_time(tmp_path: Path) -> None:
    extra = f'[[event]]\nat = "2023-06-01T12:00:00+08:00"\nset = {CAP}\n[recording]'
    message = problems_of(GOOD.replace("[recording]", extra), tmp_path)
    assert "also set by event[0]" in message


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("absent.toml", ["absent.toml", "no such file"]),
        ("no-such-scenario", ["no-such-scenario", "unknown scenario"]),
        (".", ["is a directory"]),
        ("a\0b", ["unknown scenario"]),
    ],
)
def test_wrong_paths(name: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        load(name)
    for word in words:
        assert word in str(caught.value)


def test_wrong_bytes_and_depth(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(InputError, match="not UTF-8"):
        load(str(path))
    assert "nested" in problems_of("a = " + "[" * 50_000, tmp_path)


def test_wrong_data_directory(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(GOOD, encoding="utf-8")
    with pytest.raises(InputError, match="is not a directory"):
        load(str(path), data_dir=tmp_path / "absent")


# ---------------------------------------------------------------------------------- data files

START_TIME = "2023-06-01T00:00:00+08:00"
ROWS = [f"2023-06-01 {hour:02d}:{minute:02d}" for hour in range(24) for minute in (0, 15, 30, 45)]
TABLE = "time_cst,cf,other\n" + "".join(f"{stamp},0.5,1\n" for stamp in ROWS)
CALENDAR = Calendar(datetime.fromisoformat(START_TIME), 900, 96)


def line(index: int) -> str:
    return f"{ROWS[index]},0.5,1\n"


FILES = {
    "empty": (TABLE, "", {}, ["empty"]),
    "only a header": (TABLE, "time_cst,cf\n", {}, ["0 rows", "at least 2"]),
    "one row": (TABLE, f"time_cst,cf\n{ROWS[0]},1\n", {}, ["1 rows", "at least 2"]),
    "no column": (TABLE, TABLE, {"column": ("cff",)}, ['"cff"', 'did you mean "cf"', "time_cst"]),
    "which column": (TABLE, TABLE, {"column": None}, ["which column", "cf, other"]),
    "no time column": (TABLE, TABLE, {"time_column": "when"}, ['"when"', "time_cst"]),
    "column twice": ("other", "cf", {}, ["two columns", '"cf"']),
    "not a time": (ROWS[3], "noon", {}, ["row 5", '"noon"', "is not a time", "accepted"]),
    "empty time": (ROWS[3], "", {}, ["row 5", '""', "is not a time"]),
    "american": (ROWS[3], "06/01/2023 00:45", {}, ["row 5", '"06/01/2023 00:45"']),
    "no such day": (ROWS[3], "2023-02-30 00:45", {}, ["row 5", '"2023-02-30 00:45"']),
    "hour 24": (ROWS[95], "2023-06-01 24:00", {}, ["row 97", '"2023-06-01 24:00"']),
    "no zone": ("time_cst", "time", {}, ["row 2", "no UTC offset", "timezone", ROWS[0]]),
    "wrong zone": (f"{ROWS[4]},", f"{ROWS[4]}+09:00,", {}, ["row 6", "+09:00", "UTC+08:00"]),
    "conflict": (f"{ROWS[0]},", f"{ROWS[0]}Z,", {}, ["row 2", "Z", "UTC+08:00"]),
    "twice": (line(5), line(5) * 2, {}, ["row 8", "2023-06-01 01:15:00+08:00", "stands twice"]),
    "order": (line(5) + line(6), line(6) + line(5), {}, ["row 8", "01:15:00", "earlier"]),
    "gap": (line(5), "", {}, ["row 7", "2023-06-01 01:15:00+08:00 is missing"]),
    "stray row": (line(5), line(5) + "2023-06-01 01:20,1,1\n", {}, ["row 8", "01:20:00", "15 min"]),
    "gap at the start": (line(0), "2023-05-31 23:45,0.5,1\n", {}, ["gap", "00:00:00"]),
    "too short": (line(95), "", {}, ["covers", "2023-06-01 23:45", "2023-06-02 00:00"]),
    "too late": (line(0), "", {}, ["covers 2023-06-01 00:15", "needs 2023-06-01 00:00"]),
    "text": (f"{ROWS[9]},0.5", f"{ROWS[9]},n/a", {}, ["row 11", '"cf"', '"n/a"', "number"]),
    "empty cell": (f"{ROWS[9]},0.5", f"{ROWS[9]},", {}, ["row 11", '""', "number"]),
    "nan": (f"{ROWS[9]},0.5", f"{ROWS[9]},nan", {}, ["row 11", '"nan"', "finite"]),
    "inf": (f"{ROWS[9]},0.5", f"{ROWS[9]},inf", {}, ["row 11", '"inf"', "finite"]),
    "above 1": (f"{ROWS[9]},0.5", f"{ROWS[9]},1.01", {}, ["row 11", '"1.01"', "0 and 1"]),
    "negative": (f"{ROWS[9]},0.5", f"{ROWS[9]},-0.5", {}, ["row 11", '"-0.5"', "0 and 1"]),
    "scaled": (TABLE, TABLE, {"scale": 3.0}, ["row 2", '"0.5"', "1.5 after scaling", "0 and 1"]),
    "ragged": (line(9), f"{ROWS[9]},0.5\n", {}, ["row 11", "2 fields", "has 3"]),
    "long row": (line(9), f"{ROWS[9]},0.5,1,1\n", {}, ["row 11", "4 fields", "has 3"]),
    "not text": (TABLE, "time_cst,cf\n\udcff\udcfe\n", {}, ["data.csv"]),
}


def read(folder: Path, text: str, **changes: object) -> object:
    (folder / "data.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    given = {"file": "data.csv", "column": ("cf",), **changes}
    spec = SeriesFile.model_validate({key: value for key, value in given.items() if value})
    return series(spec, CALENDAR, folder, None, {}.__getitem__, Limits(0, 1))


def test_good_table_is_good(tmp_path: Path) -> None:
    assert read(tmp_path, TABLE).tolist() == [0.5] * 96


@pytest.mark.parametrize("mistake", FILES)
def test_mistakes_in_data_files(mistake: str, tmp_path: Path) -> None:
    old, new, changes, words = FILES[mistake]
    assert old in TABLE
    with pytest.raises(InputError) as caught:
        read(tmp_path, TABLE.replace(old, new, 1), **changes)
    message = str(caught.value)
    assert "data.csv" in message
    for word in words:
        assert word in message
    assert len(message.splitlines()) == 1


def test_absent_and_ambiguous_files(tmp_path: Path) -> None:
    (tmp_path / "a1.csv").write_text(TABLE)
    (tmp_path / "a2.csv").write_text(TABLE)
    (tmp_path / "a.txt").write_text(TABLE)
    (tmp_path / "broken.parquet").write_text("PAR?")
    for file, words in {
        "b.csv": ["b.csv", "no such file"],
        "b*.csv": ["b*.csv", "no such file"],
        "a?.csv": ["a?.csv", "matches 2 files", "a1.csv, a2.csv"],
        "a.txt": ["a.txt", ".csv", ".parquet"],
        "broken.parquet": ["broken.parquet", "cannot be read as Parquet"],
        "../**": ["../**"],
        "a\0.csv": ["no such file"],
    }.items():
        with pytest.raises(InputError) as caught:
            series(SeriesFile(file=file, column=("cf",)), CALENDAR, tmp_path, None, {}.__getitem__)
        for word in words:
            assert word in str(caught.value)


@pytest.mark.parametrize(
    ("interval_s", "n", "start", "words"),
    [
        (600, 6, START_TIME, ["15 minutes", "10 minutes", "multiples"]),
        (900, 4, "2023-06-01T00:05:00+08:00", ["do not fall"]),
        (3600, 4, "2023-06-01T00:20:00+08:00", ["do not fall"]),
    ],
)
def test_intervals_that_do_not_fit(
    interval_s: int, n: int, start: str, words: list[str], tmp_path: Path
) -> None:
    (tmp_path / "data.csv").write_text(TABLE)
    calendar = Calendar(datetime.fromisoformat(start), interval_s, n)
    spec = SeriesFile(file="data.csv", column=("cf",))
    with pytest.raises(InputError) as caught:
        series(spec, calendar, tmp_path, None, {}.__getitem__)
    for word in words:
        assert word in str(caught.value)


def test_file_that_gives_no_calendar(tmp_path: Path) -> None:
    (tmp_path / "daily.csv").write_text("time_utc,x\n2023-01-01,1\n2023-01-02,1\n")
    (tmp_path / "gap.csv").write_text(TABLE.replace(line(7), ""))
    for file, words in {"daily.csv": ["1440 minutes", "60"], "gap.csv": ["01:45:00"]}.items():
        with pytest.raises(InputError) as caught:
            calendar_of_file(SeriesFile(file=file), tmp_path, None, "time.series")
        for word in ("time.series", file, *words):
            assert word in str(caught.value)


# ----------------------------------------------------------------------------------- any text

KEYS = st.sampled_from(
    ["scenario", "time", "market.energy", "fees", "name", "kind", "start", "days", "generator"]
)
VALUES = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["true", '"pv"', "[]", "{}", "[1, {a = 2}]", "inf", "2023-01-01", '"x"']),
)
LINES = st.one_of(
    KEYS.map(lambda key: f"[{key}]"),
    KEYS.map(lambda key: f"[[{key}]]"),
    st.tuples(KEYS, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    st.text(max_size=20),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=12).map("\n".join))
def test_any_text_gives_an_input_error(text: str) -> None:
    with pytest.raises(InputError):
        load_text(text, Path())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_value_in_a_good_file_is_read_or_refused(data: st.DataObject) -> None:
    rows = GOOD.splitlines()
    index = data.draw(st.integers(0, len(rows) - 1))
    key = rows[index].partition("=")[0] if "=" in rows[index] else "x "
    rows[index] = f"{key}= {data.draw(VALUES)}"
    with suppress(InputError):
        load_text("\n".join(rows), Path())
