"""What the market did in every interval, as recorded."""

import numpy as np

from agents import Fleet
from market import FloatArray, InputError, Results

COLUMNS = (
    *("available_mwh", "curtailed_outage_mwh", "delivered_mwh", "consumed_mwh"),
    *("unserved_mwh", "soc_mwh"),
)


class Record:
    """The table of units as arrays.

    Parameters
    ----------
    results : Results
        Of a finished run with rows for every interval and unit.
    n : int
        Number of intervals.

    Raises
    ------
    InputError
        The run did not record units, or daily sums only.
    """

    def __init__(self, results: Results, n: int) -> None:
        absent = InputError(
            f"{results.path}: the planner needs what every unit did in every interval, and this "
            "run did not record it; run it again with [recording] units = true"
        )
        if not results.has("units"):
            raise absent
        table = results.table("units", ["start", "unit", *COLUMNS])
        units = len(table) // n
        names = table["unit"].iloc[:units].astype(str).tolist()
        whole = len(table) == n * units and table["start"].iloc[::units].is_unique
        if not whole or len(set(names)) != units:
            raise absent
        self._row = {name: row for row, name in enumerate(names)}
        self._columns = {
            name: table[name].to_numpy(np.float64).reshape(n, units).T for name in COLUMNS
        }

    def of(self, fleet: Fleet, column: str) -> FloatArray:
        """Return a column without its unit ``_mwh``, MWh, shape (n, N)."""
        rows = [self._row[name] for name in fleet.names]
        return np.ascontiguousarray(self._columns[f"{column}_mwh"][rows])
