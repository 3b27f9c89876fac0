"""Every registered mechanism, timed: `python -m benchmarks.mechanisms` prints the tables.

One process, one core; the least of several wall times, in microseconds an auction. A mechanism is
timed at the next size while the last one lets expect less than LIMIT.
"""

import argparse
import json
import os
import platform
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.random_orders import TOP, fastest, random_orders
from market import (
    AuctionRules,
    OrderBook,
    clear_table,
    mechanism_of,
    mechanisms,
    order_table,
    stream,
)
from market.mechanisms import continuous
from scenarios.clear_files import clear_file

SIZES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
LIMIT = 10.0  # s
BOOKS, ORDERS = 10_000, 50
RULES = AuctionRules()
PARAMS = {"posted": {"posted_price": TOP / 2}}  # where the default does not fit these prices


def random_book(n):
    """Return the benchmarks' book of `n` orders in watt-hours."""
    buys, price, quantity, turn = random_orders(n)
    asks = ~buys
    return OrderBook(
        price[asks],
        quantity[asks] * 1000,
        price[buys],
        quantity[buys] * 1000,
        ask_turn=turn[asks],
        bid_turn=turn[buys],
    )


def clearing(name, book):
    """Return the auction of one book, to be timed."""
    auction, rng = mechanism_of(name, PARAMS.get(name, {})), stream(0, "benchmark")
    return lambda: auction.clear(book, RULES, rng)


def sorting(book):
    """Return the ranking of both sides by numpy, to be timed."""
    return lambda: (np.argsort(book.ask_price), np.argsort(book.bid_price))


@contextmanager
def not_compiled():
    """Keep the continuous auction from machine code."""
    kept, continuous.COMPILED_FROM = continuous.COMPILED_FROM, np.inf
    yield
    continuous.COMPILED_FROM = kept


def by_size(action_of, sizes):
    """Return the seconds of an action for each size of book that is not too slow."""
    found = {}
    for n in sizes:
        found[n] = fastest(action_of(random_book(n)))
        if 10 * found[n] > LIMIT:
            break
    return found


def all_mechanisms(sizes):
    """Yield each line of the first table: its name and seconds by size."""
    yield "numpy.argsort", by_size(sorting, sizes)
    for name in mechanisms.names():
        yield name, by_size(lambda book, name=name: clearing(name, book), sizes)
    with not_compiled():
        plain = by_size(lambda book: clearing("continuous", book), sizes)
    yield "continuous, plain", plain


def small_table():
    """Return 10,000 books of 50 orders as columns of a file."""
    columns = [random_orders(ORDERS, seed) for seed in range(BOOKS)]
    buys, price, quantity, _ = (np.concatenate(each) for each in zip(*columns, strict=True))
    return {
        "interval": np.repeat(np.arange(BOOKS), ORDERS),
        "side": np.where(buys, "buy", "sell"),
        "price": price,
        "quantity": quantity / 10,
    }


def small_books():
    """Yield each line of the second table: what is done with 10,000 books, and its seconds."""
    columns = small_table()
    table = order_table({name: column.tolist() for name, column in columns.items()})
    books = [book for *_, book in table.books()]
    for name in mechanisms.names():
        auction, rng = mechanism_of(name, PARAMS.get(name, {})), stream(0, "benchmark")
        yield (
            f"{name}, one by one",
            fastest(
                lambda auction=auction, rng=rng: [
                    auction.clear(book, RULES, rng) for book in books
                ],
                1,
            ),
        )
        if hasattr(auction, "clear_books"):
            yield (
                f"{name}, one call",
                fastest(
                    lambda auction=auction, name=name: clear_table(table, auction, RULES, name)
                ),
            )
    with tempfile.TemporaryDirectory() as folder:
        for file in _files(columns, Path(folder)):
            yield f"uniform, {file.suffix[1:]} file", fastest(lambda file=file: clear_file(file))


def _files(columns, folder):
    """Write the columns as CSV and as Parquet."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    table = pa.table(columns)
    csv.write_csv(table, folder / "orders.csv")
    parquet.write_table(table, folder / "orders.parquet")
    return folder / "orders.csv", folder / "orders.parquet"


def peer_times(python, sizes):
    """Return what `benchmarks.peer` measures in another interpreter."""
    root = Path(__file__).parents[1]
    out = subprocess.run(
        [python, "-m", "benchmarks.peer", *map(str, sizes)],
        check=True,
        capture_output=True,
        text=True,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    found = json.loads(out.stdout)
    return {name: {int(n): s for n, s in times.items()} for name, times in found.items()}


def machine():
    """Return what the figures depend on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def _line(name, times, sizes):
    cells = (
        f"{1e6 * times[n]:12,.{0 if times[n] > 1e-4 else 1}f}" if n in times else " " * 12
        for n in sizes
    )
    return f"{name:24}" + "".join(cells)


def main():
    """Time everything and print it as tables or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="orders of the largest book")
    parser.add_argument("--peer-python", help="interpreter that has pymarket")
    parser.add_argument("--json", type=Path, help="write all figures, in seconds, to this file")
    arguments = parser.parse_args()
    sizes = [n for n in SIZES if n <= arguments.largest]

    print(f"{'us an auction':24}" + "".join(f"{n:12,}" for n in sizes))
    found = {"machine": machine(), "auctions": {}, "books": {}, "peer": {}}
    for name, times in all_mechanisms(sizes):
        found["auctions"][name] = times
        print(_line(name, times, sizes), flush=True)
    if arguments.peer_python:
        found["peer"] = peer_times(arguments.peer_python, sizes)
        for name, times in found["peer"].items():
            print(_line(f"pymarket: {name}", times, sizes))
    print(f"\n{BOOKS:,} books of {ORDERS} orders{'s':>16}{'us a book':>12}")
    for name, seconds in small_books():
        found["books"][name] = seconds
        print(f"{name:30}{seconds:12.2f}{1e6 * seconds / BOOKS:12.1f}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
