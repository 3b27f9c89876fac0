"""The files of an experiment's directory: which tables there are and their columns."""

KEYS = (
    *("name", "question", "design", "baseline", "status", "arms", "factors", "seeds", "metrics"),
    "runs",
)
"""Keys that experiment.json must have."""

TABLES: dict[str, tuple[str, ...]] = {
    "results": ("arm", "seed", "status", "reason", "metric", "value", "unit"),
    "summary": (
        *("arm", "metric", "unit", "n", "mean", "sd", "mean_low", "mean_high", "pairs"),
        *("difference", "diff_low", "diff_high", "effect_size", "p_value", "p_holm"),
    ),
    "effects": ("metric", "term", "level", "n", "effect", "low", "high", "share_pct"),
    "sensitivity": ("metric", "factor", "method", "index", "n", "value", "low", "high"),
    "benefits": (
        *("arm", "seed", "account", "role"),
        *("value_amount", "cost_amount", "balance_amount", "benefit_amount"),
    ),
}
"""The tables of an experiment and the columns each must have, those of its factors aside."""

SAMPLED_DESIGNS = ("lhs", "sobol", "morris")
"""Designs whose arms are samples of ranges, which nobody compares one by one."""

OPTIONAL = ("effects", "sensitivity", "benefits")
"""Tables that only some designs have."""

SEED_TERM, RESIDUAL_TERM, HIGHER_TERM = "seed", "residual", "higher order"
"""Terms of the table of effects that are no factor."""

RESERVED = frozenset(column for table in TABLES.values() for column in table) | {
    *(SEED_TERM, RESIDUAL_TERM, HIGHER_TERM)
}
"""What a factor must not be called, because tables have columns or terms of these names."""
