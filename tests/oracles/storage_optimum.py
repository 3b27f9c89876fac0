"""The physical optimum of one storage unit against given prices, by mixed-integer programming.

Independent of the project's code: only numpy, scipy and HiGHS.
"""

import highspy
import numpy as np
from scipy.sparse import bmat, diags, eye


def optimum(
    prices,
    *,
    charge,
    discharge,
    efficiency_charge,
    efficiency_discharge,
    soc_max,
    soc_start,
    soc_min=0.0,
    soc_end=None,
    cycle_cost=0.0,
    self_discharge=0.0,
    gap=0.0,
    seconds=60.0,
):
    """Return (profit of the best plan found, proven upper bound).

    `charge` and `discharge` are grid-side MWh per interval, SoC in MWh. A binary forbids
    charging and discharging at once wherever that could pay (an LP burns power at negative
    prices); elsewhere it never pays, so no binary is needed.
    """
    n = len(prices)
    burns = np.flatnonzero(
        prices * (1 - efficiency_charge * efficiency_discharge)
        + cycle_cost * efficiency_charge * efficiency_discharge
        < 0
    )
    k = len(burns)
    one = eye(n, format="csr")
    balance = bmat(
        [
            [
                -efficiency_charge * one,
                one / efficiency_discharge,
                one - (1 - self_discharge) * diags(np.ones(n - 1), -1),
            ]
        ]
    ).tocsr()
    start = np.zeros(n)
    start[0] = (1 - self_discharge) * soc_start
    rows, low, high = [balance], [start], [start]
    columns = 3 * n + k
    balance.resize((n, columns))
    if k:
        pick = one[burns]
        none = 0 * pick
        switch = eye(k, format="csr")
        rows.append(bmat([[pick, none, none, -charge * switch]]).tocsr())
        rows.append(bmat([[none, pick, none, discharge * switch]]).tocsr())
        low += [np.full(2 * k, -np.inf)]
        high += [np.zeros(k), np.full(k, discharge)]
    matrix = bmat([[r] for r in rows]).tocsr()
    lower = np.concatenate([np.zeros(2 * n), np.full(n, soc_min), np.zeros(k)])
    upper = np.concatenate(
        [np.full(n, charge), np.full(n, discharge), np.full(n, soc_max), np.ones(k)]
    )
    if soc_end is not None:
        lower[3 * n - 1] = soc_end
    return _solve(
        np.concatenate([prices, cycle_cost - prices, np.zeros(n + k)]),
        (lower, upper),
        (matrix, np.concatenate(low), np.concatenate(high)),
        k,
        gap,
        seconds,
    )


def _solve(cost, bounds, rows, integers, gap, seconds):
    matrix, low, high = rows
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = matrix.shape[1], matrix.shape[0]
    lp.col_cost_, (lp.col_lower_, lp.col_upper_) = cost, bounds
    lp.row_lower_, lp.row_upper_ = low, high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
    lp.a_matrix_.value_ = matrix.data
    if integers:
        kinds = [highspy.HighsVarType.kContinuous] * (len(cost) - integers)
        lp.integrality_ = kinds + [highspy.HighsVarType.kInteger] * integers
    model = highspy.Highs()
    model.silent()
    model.setOptionValue("threads", 1)
    model.setOptionValue("time_limit", seconds)
    model.setOptionValue("mip_rel_gap", gap)
    model.passModel(lp)
    model.run()
    found = model.getInfo()
    bound = found.mip_dual_bound if integers else found.objective_function_value
    return -found.objective_function_value, -bound
