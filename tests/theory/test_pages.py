"""The tables of the pages on theory and the laboratory say what their own code measures."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
OUTPUT = re.compile(r"<!-- output -->\n```text\n(.*?)```", re.DOTALL)
NUMBER = re.compile(r"\d+\.\d+")


def measured(text):
    """The cells of the column `measured here`."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    tables = [place for place, cells in enumerate(rows) if "measured here" in cells]
    for place in tables:
        column = rows[place].index("measured here")
        yield from (cells[column] for cells in rows[place + 2 :])


@pytest.mark.parametrize("name", ["theory.md", "laboratory.md"])
def test_each_measured_number_was_printed_on_the_page(name):
    text = (DOCS / name).read_text(encoding="utf-8")
    printed = set(NUMBER.findall(" ".join(OUTPUT.findall(text))))
    cells = list(measured(text))
    assert len(cells) > 5
    for cell in cells:
        assert set(NUMBER.findall(cell)) <= printed, cell
