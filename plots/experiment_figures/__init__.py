"""What is seen of an experiment: one figure per file, found by name."""
