"""The command line as a person meets it: exit status, one clear message, honest directories."""

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scenarios.cli import main
from tests.scenarios.running import measured
from tests.scenarios.test_bad_input import GOOD, MISTAKES

ROOT = Path(__file__).parents[2]
COMMANDS = ("run", "validate", "schema", "clear", "compare", "plot", "list")
TABLES = {f"{name}.parquet" for name in ("intervals", "units", "ledger", "trades", "kinds")}
FILES = TABLES | {"participants.parquet", "run.json", "summary.json"}


def start(*words, cwd):
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "scenarios", *map(str, words)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's & ignores it
    )


def talatan(*words, cwd):
    process = start(*words, cwd=cwd)
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    return process.returncode, out, err


@pytest.fixture
def inside(monkeypatch, capsys):
    """The command in this process: fast, for many cases."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["talatan", *map(str, words)])
        status = 0
        try:
            main()
        except SystemExit as leaving:
            status = leaving.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def scenario(tmp_path):
    """The good scenario, with a piece replaced."""

    def write(old="", new="", name="case.toml"):
        assert old in GOOD
        path = tmp_path / name
        path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
        return path

    return write


# What works.


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_every_command_explains_itself_with_an_example(command, inside):
    status, out, err = inside(*command, "--help")
    assert (status, err) == (0, "")
    assert "Example: talatan" in out


def test_help_does_not_load_what_is_heavy(tmp_path):
    code = (
        "import sys; sys.argv = ['talatan', '--help']\n"
        "from scenarios.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'matplotlib', 'pyarrow', 'highspy', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


def test_a_run_leaves_a_whole_directory_where_it_says(tmp_path):
    status, out, err = talatan("run", "tutorial", cwd=tmp_path)
    assert (status, err) == (0, "")
    directory = tmp_path / "runs" / "tutorial-1"
    assert "tables in runs/tutorial-1" in out
    assert {file.name for file in directory.iterdir()} == FILES
    assert json.loads((directory / "run.json").read_text())["status"] == "finished"

    status, out, err = talatan("run", "tutorial", cwd=tmp_path)
    assert status == 2
    assert "runs/tutorial-1" in err
    assert "--force" in err
    assert len(err.splitlines()) == 1


def test_quiet_is_quiet_and_force_replaces(tmp_path, inside):
    out_dir = tmp_path / "here"
    for more in ((), ("--force",)):
        assert inside("run", "tutorial", "--out", out_dir, "--quiet", *more) == (0, "", "")
    assert inside("run", "tutorial", "--out", out_dir, "--quiet")[0] == 2
    # What was not recorded this time is not left over from the time before.
    again = ("--force", "--set", "recording.units=false", "--quiet")
    assert inside("run", "tutorial", "--out", out_dir, *again)[0] == 0
    assert {file.name for file in out_dir.iterdir()} == FILES - {"units.parquet"}


def test_json_says_what_the_directory_says(tmp_path, inside):
    words = ("--seed", 5, "--set", "market.energy.price_cap=900", "--json")
    status, out, err = inside("run", "tutorial", "--out", tmp_path / "r", *words)
    assert (status, err) == (0, "")
    said = json.loads(out)
    header = json.loads((tmp_path / "r" / "run.json").read_text())
    assert said["seed"] == header["seed"] == 5
    assert said["content_hash"] == header["content_hash"]
    assert said["summary"] == json.loads((tmp_path / "r" / "summary.json").read_text())
    assert header["rules"]["energy"]["price_cap"] == 900
    assert "price_cap = 900" in header["text"]


def test_data_is_looked_for_where_it_is_said(tmp_path, inside, scenario):
    file = scenario("price = 300", 'price = {file = "line.csv"}')
    assert inside("validate", file)[0] == 2
    data = tmp_path / "data"
    data.mkdir()
    rows = "".join(f"2023-06-01T{hour:02d}:00+08:00,{300 + hour}\n" for hour in range(24))
    (data / "line.csv").write_text("time,price\n" + rows, encoding="utf-8")
    assert inside("validate", file, "--data", data)[0] == 0
    assert inside("run", file, "--data", data, "--out", tmp_path / "r", "--quiet")[0] == 0


def test_validate_reports_all_problems_at_once(inside, scenario):
    status, out, _ = inside("validate", scenario())
    assert status == 0
    assert "correct" in out
    file = scenario("power_mw = 10", "powr_mw = 10")
    file.write_text(file.read_text().replace("capacity_mw = 200", "capacity_mw = -5"))
    status, out, err = inside("validate", file)
    assert (status, out) == (2, "")
    assert "powr_mw" in err
    assert "capacity_mw = -5" in err


def test_the_schema_is_a_json_schema(inside):
    status, out, _ = inside("schema")
    assert status == 0
    assert {"scenario", "time", "generator", "storage"} <= set(json.loads(out)["properties"])


@pytest.mark.parametrize(
    ("what", "known"),
    [
        ("mechanisms", "uniform"),
        ("strategies", "opportunity_value"),
        ("scenarios", "price-taker"),
        ("rules", "pilot-2019"),
        ("plots", "dispatch"),
        ("kpis", "prices"),
    ],
)
def test_list_has_a_line_each(what, known, inside):
    status, out, _ = inside("list", what)
    assert status == 0
    assert any(line.split()[0] == known and len(line.split()) > 2 for line in out.splitlines())


def test_compare_and_plot(tmp_path, inside):
    runs = [tmp_path / name for name in ("a", "b")]
    for seed, directory in enumerate(runs):
        assert inside("run", "tutorial", "--seed", seed, "--out", directory, "--quiet")[0] == 0
    status, out, _ = inside("compare", *runs, "--json")
    assert status == 0
    assert set(json.loads(out)) == {str(directory) for directory in runs}
    status, out, _ = inside("compare", *runs)
    assert "mean_price" in out
    status, out, _ = inside("plot", runs[0], "--kind", "prices", "--format", "svg")
    assert status == 0
    assert (runs[0] / "figures" / "prices.svg").read_text().startswith("<?xml")


# Order books.


def books_of(tmp_path):
    """The measured order books with their columns renamed as the contract has them."""
    source = measured("orderbooks")
    names = {"interval_id": "interval", "price_jpy_kwh": "price", "qty_mw": "quantity"}
    with (source / "orders.csv").open(encoding="utf-8") as lines:
        header, *rows = csv.reader(lines)
    with (tmp_path / "books.csv").open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([[names.get(name, name) for name in header], *rows])
    with (source / "clearing.csv").open(encoding="utf-8") as lines:
        return tmp_path / "books.csv", list(csv.DictReader(lines))


def cleared(file, inside, *words):
    status, out, err = inside("clear", file, "--price-floor", 0.01, "--json", *words)
    assert (status, err) == (0, "")
    return {book["interval"]: book for book in json.loads(out)}


def test_published_prices_of_measured_books(tmp_path):
    file, published = books_of(tmp_path)
    status, out, _ = talatan("clear", file, "--k", 0, "--price-floor", 0.01, "--json", cwd=tmp_path)
    assert status == 0
    books = {book["interval"]: book["price"] for book in json.loads(out)}
    exact = [
        books[row["interval_id"]] == float(row["published_system_price_jpy_kwh"])
        for row in published
    ]
    assert (len(books), sum(exact)) == (120, 120)


def test_price_rules_differ_on_books_with_several_prices(tmp_path, inside):
    file, published = books_of(tmp_path)
    ties = [row["interval_id"] for row in published if row["label"] == "tie"]
    low = cleared(file, inside, "--k", 0)
    high = cleared(file, inside, "--k", 1)
    middle = cleared(file, inside, "--k", 0.5)
    assert len(ties) == 8
    for name in ties:
        assert low[name]["price"] == low[name]["price_low"]
        assert high[name]["price"] == high[name]["price_high"]
        assert low[name]["price"] < middle[name]["price"] < high[name]["price"]
    by_rule = [
        cleared(file, inside, "--price-rule", rule)
        for rule in ("marginal-ask", "marginal-bid", "midpoint")
    ]
    for name in ties:
        ask, bid, between = (books[name]["price"] for books in by_rule)
        assert between == pytest.approx((ask + bid) / 2)
        assert ask <= low[name]["price_low"] < low[name]["price_high"] <= bid


PAIR = "side,price,quantity,participant\nsell,10,5,A\nsell,14,5,B\nbuy,20,5,A\n"


def test_parameters_of_any_mechanism_and_partner_exclusion(tmp_path, inside):
    file = tmp_path / "pair.csv"
    file.write_text(PAIR)
    words = ("clear", file, "--json", "--mechanism", "posted", "--param", "posted_price=12")
    status, out, _ = inside(*words)
    assert (status, json.loads(out)[0]["price"]) == (0, 12)
    _, out, _ = inside("clear", file, "--json")
    assert [order["accepted"] for order in json.loads(out)[0]["orders"]] == [5, 0, 5]
    _, out, _ = inside("clear", file, "--json", "--no-self-trade", "--mechanism", "high-low")
    assert json.loads(out)[0]["trades"] == []
    for words_of_k, price in ((("--param", "k=0"), 10), (("--k", "1"), 14)):
        _, out, _ = inside("clear", file, "--json", *words_of_k)
        assert json.loads(out)[0]["price"] == price
    for twice in (("--param", "k=0", "--k", "1"), ("--param", "k=0", "--param", "k=1")):
        status, out, err = inside("clear", file, "--json", *twice)
        assert (status, out) == (2, "")
        assert "twice" in err or "2 times" in err
    status, _, err = inside("clear", file, "--param", "k=x")
    assert status == 2
    assert "k must be a number, not 'x'" in err
    for wrong in ("posted_price", "=3", "posted_price="):
        status, out, err = inside(*words[:-1], wrong)
        assert (status, out) == (2, "")
        assert f"--param {wrong}: accepted: KEY=VALUE" in err
    status, _, err = inside(*words[:-1], "psted_price=3")
    assert status == 2
    assert "did you mean 'posted_price'" in err


# What is wrong with the words.

WORDS = {
    "no command": ((), "Usage"),
    "unknown command": (("frobnicate",), "frobnicate"),
    "no scenario": (("run",), "scenario"),
    "unknown scenario": (("run", "tutorail"), 'did you mean "tutorial"'),
    "no file": (("run", "nowhere.toml"), "nowhere.toml"),
    "a directory": (("run", "."), "directory"),
    "unknown option": (("run", "tutorial", "--sed", "1"), "--sed"),
    "seed": (("run", "tutorial", "--seed", "x"), "seed"),
    "negative seed": (("run", "tutorial", "--seed", "-1"), "--seed -1"),
    "set without value": (("run", "tutorial", "--set", "price_cap"), "KEY=VALUE"),
    "set unknown key": (
        ("run", "tutorial", "--set", "market.energy.cap=1"),
        "--set market.energy.cap=1",
    ),
    "set wrong value": (
        ("run", "tutorial", "--set", "storage.battery.power_mw=-3"),
        "power_mw = -3",
    ),
    "set unknown entry": (("run", "tutorial", "--set", "storage.nobody.power_mw=3"), "nobody"),
    "no data directory": (("run", "tutorial", "--data", "nowhere"), "nowhere"),
    "data lacks the file": (("run", "price-taker", "--data", "."), "*.csv"),
    "list": (("list", "colours"), "mechanisms"),
    "compare": (("compare", "nowhere"), "nowhere"),
    "plot": (("plot", "nowhere"), "nowhere"),
    "clear nothing": (("clear", "nowhere.csv"), "nowhere.csv"),
    "out": (("run", "tutorial", "--out", "a" * 300), "cannot be written"),
}


@pytest.mark.parametrize("case", WORDS)
def test_wrong_words(case, inside, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words, message = WORDS[case]
    status, out, err = inside(*words)
    assert status == 2
    assert message in err + (out if case == "no command" else "")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--kind", "prices", "--format", "gif"), "svg"),
        (("--kind", "pies"), "prices"),
    ],
)
def test_wrong_words_for_a_run(words, message, inside, tmp_path):
    assert inside("run", "tutorial", "--out", tmp_path / "r", "--quiet")[0] == 0
    status, out, err = inside("plot", tmp_path / "r", *words)
    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("side,price,quantity\nbuy,1,nan\n", "quantity"),
        ("side,price,quantity\nbid,1,2\n", "bid"),
        ("side,price,qty\nbuy,1,2\n", "qty"),
        ("", "empty"),
    ],
)
def test_wrong_order_books(text, message, inside, tmp_path):
    (tmp_path / "orders.csv").write_text(text, encoding="utf-8")
    status, out, err = inside("clear", tmp_path / "orders.csv", "--json")
    assert (status, out) == (2, "")
    assert "orders.csv" in err
    assert message in err


# What is wrong with the files.

REPRESENTATIVE = (
    "not toml",
    "unknown key",
    "missing key",
    "number with unit",
    "nan",
    "negative capacity",
    "efficiency",
    "soc start",
    "strategy of another kind",
    "mechanism parameter",
    "naive start",
    "end before start",
    "interval does not divide",
    "name taken",
    "zone",
    "event outside",
    "spread too wide",
    "jobs",
)


@pytest.mark.parametrize("mistake", REPRESENTATIVE)
@pytest.mark.parametrize("command", ["run", "validate"])
def test_mistakes_in_scenarios(command, mistake, inside, scenario, tmp_path):
    old, new, words = MISTAKES[mistake]
    out_dir = tmp_path / "out"
    more = ("--out", out_dir) if command == "run" else ()
    status, out, err = inside(command, scenario(old, new), *more)
    assert (status, out) == (2, "")
    assert "case.toml" in err
    for word in words:
        assert word in err
    assert not out_dir.exists()


HOURS = [f"2023-06-01T{hour:02d}:00+08:00,0.{hour:02d}" for hour in range(24)]
SERIES = {
    "no file": (None, ["sun.csv", "no such file"]),
    "no column": (["time,cloud,rain", *(f"{row},1" for row in HOURS)], ["which column", "cloud"]),
    "gap": (["time,sun", *HOURS[:9], *HOURS[10:]], ["row 11", "09:00", "missing"]),
    "twice": (["time,sun", *HOURS[:9], *HOURS[8:]], ["sun.csv", "row 11"]),
    "not a number": (["time,sun", *HOURS[:5], "2023-06-01T05:00+08:00,n/a", *HOURS[6:]], ['"n/a"']),
    "nan": (["time,sun", *HOURS[:5], "2023-06-01T05:00+08:00,nan", *HOURS[6:]], ["row 7", "nan"]),
    "beyond": (["time,sun", *HOURS[:5], "2023-06-01T05:00+08:00,7", *HOURS[6:]], ["0 and 1", "7"]),
    "too short": (["time,sun", *HOURS[:20]], ["covers", "20:00"]),
    "zone missing": (["time,sun", *(row.replace("+08:00", "") for row in HOURS)], ["timezone"]),
    "empty": ([""], ["is empty"]),
}


@pytest.mark.parametrize("case", SERIES)
@pytest.mark.parametrize("command", ["run", "validate"])
def test_mistakes_in_series_name_entry_and_key(command, case, inside, scenario, tmp_path):
    lines, words = SERIES[case]
    if lines is not None:
        (tmp_path / "sun.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    file = scenario("availability = 0.5", 'availability = {file = "sun.csv"}')
    out_dir = tmp_path / "out"
    more = ("--out", out_dir) if command == "run" else ()
    status, out, err = inside(command, file, *more)
    assert (status, out) == (2, "")
    for word in ('generator "sun".availability', "sun.csv", *words):
        assert word in err
    assert len(err.splitlines()) == 1
    assert not out_dir.exists()


def test_mistakes_in_several_series_come_together(inside, scenario, tmp_path):
    file = scenario("availability = 0.5", 'availability = {file = "none.csv"}')
    text = file.read_text().replace("price = 300", 'price = {file = "nil.csv"}')
    file.write_text(text.replace("inflow = 0.4", 'inflow = "qinghai-rain"'))
    status, _, err = inside("validate", file)
    assert status == 2
    for word in (
        'generator "sun".availability: none.csv',
        'generator "dam".inflow',
        "qinghai-rain",
        'external "line".price: nil.csv',
    ):
        assert word in err


HEADER = "submit_s,duration_s,gpus,class,deadline_s"
JOBS = {
    "no file": (None, ["jobs.csv", "no such file"]),
    "columns": (["submit_s,gpus", "0,1"], ["columns are", "duration_s"]),
    "negative": ([HEADER, "0,600,-4,strict,900"], ["line 2", "gpus", "-4"]),
    "class": ([HEADER, "0,600,4,urgent,900"], ["line 2", "urgent", "best_effort"]),
    "deadline": ([HEADER, "0,600,4,strict,300"], ["line 2", "shorter than"]),
    "too large": ([HEADER, "0,600,4,strict,900", "60,600,5000,soft,900"], ["5000", "1000"]),
    "nan": ([HEADER, "0,nan,4,strict,900"], ["line 2", "duration_s"]),
}


@pytest.mark.parametrize("case", JOBS)
@pytest.mark.parametrize("command", ["run", "validate"])
def test_mistakes_in_job_files_name_entry_and_key(command, case, inside, scenario, tmp_path):
    lines, words = JOBS[case]
    if lines is not None:
        (tmp_path / "jobs.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    file = scenario("gpus = 1000", 'gpus = 1000\njobs = {file = "jobs.csv"}')
    out_dir = tmp_path / "out"
    more = ("--out", out_dir) if command == "run" else ()
    status, out, err = inside(command, file, *more)
    assert (status, out) == (2, "")
    for word in ('data_center "halls".jobs', *words):
        assert word in err
    assert not out_dir.exists()


# Directories that must not be touched, or cannot.


def test_directories_that_are_something_else(inside, tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    for place in ("file", "file/below", "full"):
        status, _, err = inside("run", "tutorial", "--out", tmp_path / place, "--force")
        assert status == 2
        assert place in err
    assert (tmp_path / "full" / "notes.txt").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_is_read_only(inside, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o555)
    status, _, err = inside("run", "tutorial", "--out", tmp_path / "locked" / "run")
    assert status == 2
    assert "cannot be written" in err


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_a_place_where_nobody_can_write(inside):
    status, _, err = inside("run", "tutorial", "--out", "/proc/talatan")
    assert status == 2
    assert "/proc/talatan: cannot be written" in err


# Interruption.

LONG = """
[scenario]
name = "long"
[time]
start = "2023-01-01T00:00:00+08:00"
days = 90
interval = 15
[[generator]]
kind = "wind"
name = "wind"
capacity_mw = 10
count = 20
availability = "qinghai-wind"
diversity = 0.2
strategy = "zero_intelligence"
[[load]]
name = "town"
demand_mw = 100
"""


def wait_until(condition, process, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


def status_of(directory):
    try:
        return json.loads((directory / "run.json").read_text())["status"]
    except (OSError, ValueError):
        return None


def hash_of(directory):
    return json.loads((directory / "run.json").read_text())["content_hash"]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The content hash of the long run left alone."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "long.toml").write_text(LONG, encoding="utf-8")
    assert talatan("run", "long.toml", "--quiet", "--out", "run", cwd=folder)[0] == 0
    return hash_of(folder / "run")


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_the_hint_works(sent, uninterrupted, tmp_path):
    (tmp_path / "long.toml").write_text(LONG, encoding="utf-8")
    out_dir = tmp_path / "a place"
    words = ("run", "long.toml", "--set", 'scenario.description="a b"', "--quiet", "--out", out_dir)
    process = start(*words, cwd=tmp_path)
    wait_until(lambda: status_of(out_dir) == "running", process)
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert status_of(out_dir) == "interrupted"
    assert [file.name for file in out_dir.iterdir()] == ["run.json"]

    status, _, again = talatan(*words, cwd=tmp_path)
    assert status == 2
    assert "interrupted" in again
    assert "--resume" in again
    assert talatan("compare", out_dir, cwd=tmp_path)[0] == 2

    hint = shlex.split(err.partition(": talatan ")[2])
    assert talatan(*hint, cwd=tmp_path) == (0, "", "")
    assert status_of(out_dir) == "finished"
    assert hash_of(out_dir) == uninterrupted


@pytest.mark.slow
def test_a_killed_run_can_be_run_again(uninterrupted, tmp_path):
    (tmp_path / "long.toml").write_text(LONG, encoding="utf-8")
    words = ("run", "long.toml", "--quiet", "--out", "out")
    process = start(*words, cwd=tmp_path)
    wait_until(lambda: status_of(tmp_path / "out") == "running", process)
    process.kill()
    process.communicate(timeout=60)
    assert status_of(tmp_path / "out") == "running"
    assert not any(path.suffix == ".parquet" for path in (tmp_path / "out").iterdir())
    assert talatan("plot", "out", cwd=tmp_path)[0] == 2
    assert talatan(*words, cwd=tmp_path)[0] == 2
    fewer = ("--set", "recording.units=false", "--resume")
    assert talatan(*words, *fewer, cwd=tmp_path)[0] == 0
    assert hash_of(tmp_path / "out") == uninterrupted
    assert {file.name for file in (tmp_path / "out").iterdir()} == FILES - {"units.parquet"}
