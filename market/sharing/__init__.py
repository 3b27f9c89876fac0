"""One rule to share a joint benefit per file, found by name."""
