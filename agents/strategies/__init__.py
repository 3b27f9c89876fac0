"""One bidding strategy per file, found by name."""
