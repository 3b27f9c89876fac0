"""What an hour of compute is worth, as a price of the electricity it takes."""

from dataclasses import dataclass

import numpy as np

from agents.job_queue import Waiting
from agents.jobs import SOFT, SOFT_STEP_S, SOFT_VALUES, STRICT
from market import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Candidates:
    """Jobs a strategy has to price for one interval.

    Attributes
    ----------
    jobs : Waiting
    worth : array
        Value of an hour of the job, as a price of the electricity that hour takes:
        1000 x value / ((P_active - P_idle) x gain), currency/MWh.
    active_ratio : array
        Power of an active GPU over the difference between active and idle.
    """

    jobs: Waiting
    worth: FloatArray
    active_ratio: FloatArray


def soft_level(slack_s: IntArray, step_s: int = SOFT_STEP_S) -> IntArray:
    """Return how many of its four deadlines a soft job can no longer meet."""
    return np.clip(-(slack_s // step_s), 0, len(SOFT_VALUES) - 1)


def value_bids(candidates: Candidates, cap: float, step_s: int = SOFT_STEP_S) -> FloatArray:
    """Return what each job is worth per MWh; strict work is owed whatever it costs: the cap."""
    jobs = candidates.jobs
    share = np.asarray(SOFT_VALUES)[soft_level(jobs.slack_s, step_s)]
    bid = np.where(jobs.job_class == SOFT, share, 1.0) * candidates.worth
    return np.where(jobs.job_class == STRICT, cap, np.minimum(bid, cap))
