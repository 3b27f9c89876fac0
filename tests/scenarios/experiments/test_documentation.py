"""docs/experiments.md names all there is."""

from pathlib import Path
from typing import get_args

import pytest

from market import EXPERIMENT_TABLES, HIGHER_TERM, RESIDUAL_TERM, SEED_TERM
from scenarios.experiments.schema import (
    Design,
    ExperimentFile,
    Factor,
    Header,
    NamedLevel,
    Period,
    Variant,
)
from scenarios.experiments.sensitivity import WHOLE
from scenarios.terminal_experiment import EFFECTS

TEXT = (Path(__file__).parents[3] / "docs" / "experiments.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EXPERIMENT_TABLES)
def test_every_table_and_column_is_documented(name):
    section = TEXT[TEXT.index(f"**{name}.parquet**") :].split("\n**", 2)[0]
    assert [column for column in EXPERIMENT_TABLES[name] if f"`{column}`" not in section] == []


@pytest.mark.parametrize("section", [Header, Factor, NamedLevel, Variant, Period])
def test_every_key_is_documented(section):
    table = TEXT[TEXT.index("## The file") : TEXT.index("## Designs")]
    assert [key for key in section.model_fields if f"`{key}`" not in table] == []


def test_every_section_design_term_and_index_is_documented():
    for key in ExperimentFile.model_fields:
        assert f"[{key}]" in TEXT
    for design in get_args(Design):
        assert f"\n| `{design}` |" in TEXT
    for word in (SEED_TERM, RESIDUAL_TERM, HIGHER_TERM, WHOLE, *EFFECTS, "src", "R2", "S1", "ST"):
        assert f"`{word}`" in TEXT
