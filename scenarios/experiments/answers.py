"""The answer of an experiment in tables: summary, effects and sensitivity of all metrics."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from market import (
    SAMPLED_DESIGNS,
    Difference,
    Estimate,
    FloatArray,
    holm,
    mean_interval,
    paired_difference,
)
from scenarios.experiments.arms import Arm
from scenarios.experiments.designs import said, unit_points
from scenarios.experiments.effects import factorial_effects
from scenarios.experiments.sensitivity import Sample, sensitivity_of

Row = tuple[Any, ...]
NOTHING = Difference(0, *[float("nan")] * 5)
"""What the baseline, or an arm without one, differs by."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was measured in all runs, and what follows from it.

    Attributes
    ----------
    design : str
    baseline : str or None
        Arm that the others are compared with.
    arms : sequence of Arm
    metrics : sequence of str
    values : array of float, shape (arms, seeds, metrics)
        NaN where a run failed or does not define the metric.
    """

    design: str
    baseline: str | None
    arms: Sequence[Arm]
    metrics: Sequence[str]
    values: FloatArray

    @property
    def factors(self) -> list[str]:
        """Names of the factors."""
        return list(self.arms[0].levels)

    @property
    def sampled(self) -> bool:
        """Whether the arms are samples, which nobody compares one by one."""
        return self.design in SAMPLED_DESIGNS

    def summary(self) -> list[tuple[Arm, str, Estimate, Difference, float]]:
        """Return each arm's mean, difference to the baseline and corrected p-value, by metric."""
        found = {}
        for place, metric in enumerate(self.metrics):
            values = self.values[:, :, place]
            gaps = self._differences(values)
            corrected = holm([gap.p_value for gap in gaps]).tolist()
            for arm, series, gap, p_holm in zip(self.arms, values, gaps, corrected, strict=True):
                found[arm.name, metric] = (arm, metric, mean_interval(series), gap, p_holm)
        return [found[arm.name, metric] for arm in self.arms for metric in self.metrics]

    def _differences(self, values: FloatArray) -> list[Difference]:
        names = [arm.name for arm in self.arms]
        if self.sampled or self.baseline is None:
            return [NOTHING] * len(names)
        base = names.index(self.baseline)
        return [
            NOTHING if place == base else paired_difference(series, values[base])
            for place, series in enumerate(values)
        ]

    def effects(self) -> list[Row]:
        """Return the table of effects of a full factorial design; other designs have none."""
        if self.design != "full":
            return []
        labels, cells = self._cells()
        return [
            (metric, *astuple(effect))
            for place, metric in enumerate(self.metrics)
            for effect in factorial_effects(cells[..., place], self.factors, labels)
        ]

    def _cells(self) -> tuple[list[list[str]], FloatArray]:
        """Return the labels of each factor, and the values by level of each factor."""
        said_by = [[said(arm.levels[name]) for name in self.factors] for arm in self.arms]
        labels = [list(dict.fromkeys(column)) for column in zip(*said_by, strict=True)]
        cells = np.full((*map(len, labels), *self.values.shape[1:]), np.nan)
        for texts, values in zip(said_by, self.values, strict=True):
            place = tuple(known.index(text) for known, text in zip(labels, texts, strict=True))
            cells[place] = values
        return labels, cells

    def sensitivity(self) -> list[Row]:
        """Return the table of sensitivity of a sampled design; other designs have none."""
        if not self.sampled:
            return []
        count = len(self.factors)
        block = {"lhs": 1, "sobol": count + 2, "morris": count + 1}[self.design]
        points = np.array(unit_points(self.design, count, len(self.arms) // block))
        found = []
        for place, metric in enumerate(self.metrics):
            means = self.values[:, :, place].mean(axis=1)
            sample = Sample(self.factors, points, means, metric)
            indices = sensitivity_of(self.design, sample)
            found += [(metric, *astuple(index)) for index in indices]
        return found
