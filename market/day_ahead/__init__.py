"""The day-ahead auction: all intervals of a day at once, with block orders."""
