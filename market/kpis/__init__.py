"""One group of key figures per file, found by name."""
