"""One group of key figures per file, found by name.

A group declares the names its figures may have, so that an experiment can be checked before its
first run: ``@key_figures.register("my_group", "my_figure_mwh", "{kind}_other_pct")``. What needs
only intervals, kinds and stations is declared to `period_groups`, too, and then holds for parts
of a run.
"""
