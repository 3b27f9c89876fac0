"""What is left of a job's value when it is late."""

import numpy as np

from agents.jobs import SOFT, SOFT_STEP_S, SOFT_VALUES, ClassArray
from market import FloatArray, IntArray


def soft_level(slack_s: IntArray, step_s: int = SOFT_STEP_S) -> IntArray:
    """Return how many of its four deadlines a soft job can no longer meet."""
    return np.clip(-(slack_s // step_s), 0, len(SOFT_VALUES) - 1)


def value_share(job_class: ClassArray, slack_s: IntArray, step_s: int = SOFT_STEP_S) -> FloatArray:
    """Return the share of its value that each job still has if it runs without a further break.

    Soft jobs lose value with every deadline that they can no longer meet, all others keep theirs:
    what a strict job costs that is late is its penalty.

    >>> value_share(np.array([0, 1, 1]), np.array([-9, 0, -1])).tolist()
    [1.0, 1.0, 0.8]
    """
    share = np.asarray(SOFT_VALUES)[soft_level(slack_s, step_s)]
    return np.where(job_class == SOFT, share, 1.0)
