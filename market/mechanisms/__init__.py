"""One double auction per file, found by name."""
