"""What lateness leaves of a job's value."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agents.jobs import BEST_EFFORT, SOFT, SOFT_STEP_S, SOFT_VALUES, STRICT
from agents.lateness import value_share


@given(st.integers(-5 * SOFT_STEP_S, 5 * SOFT_STEP_S))
def test_a_soft_job_keeps_the_value_of_the_first_deadline_it_can_still_meet(slack):
    met = [slack + k * SOFT_STEP_S >= 0 for k in range(4)]
    expected = SOFT_VALUES[met.index(True) if any(met) else 4]
    kinds = np.array([STRICT, SOFT, BEST_EFFORT], np.int8)
    assert value_share(kinds, np.full(3, slack)).tolist() == [1.0, expected, 1.0]
