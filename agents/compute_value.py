"""What an hour of compute is worth, as a price of the electricity it takes."""

from dataclasses import dataclass

import numpy as np

from agents.job_queue import Waiting
from agents.jobs import SOFT_STEP_S, STRICT
from agents.lateness import value_share
from market import FloatArray


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


def value_bids(candidates: Candidates, cap: float, step_s: int = SOFT_STEP_S) -> FloatArray:
    """Return what each job is worth per MWh; strict work is owed whatever it costs: the cap."""
    jobs = candidates.jobs
    bid = value_share(jobs.job_class, jobs.slack_s, step_s) * candidates.worth
    return np.where(jobs.job_class == STRICT, cap, np.minimum(bid, cap))
