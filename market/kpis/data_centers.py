"""Key figures of data centres: jobs, computing done, what it cost."""

from market.key_figures import KeyFigure, key_figures, ratio
from market.results import Results


@key_figures.register(
    "data_centers",
    *("jobs_finished", "jobs_late", "gpu_hours", "gpu_hour_kwh", "gpu_hour_cost_amount"),
)
def data_centers(results: Results) -> list[KeyFigure]:
    """Give jobs finished and late, GPU-hours, cost and energy per GPU-hour."""
    units = results.participants
    units = units[units["kind"] == "data_center"]
    if units.empty:
        return []
    total = units.sum(numeric_only=True, min_count=1)
    finished, late, gpu_hours = total[["jobs_finished", "jobs_late", "gpu_hours"]]
    energy_kwh = ratio(total["consumed_mwh"], gpu_hours, 1000)
    return [
        KeyFigure("jobs_finished", finished, "jobs", "Jobs finished"),
        KeyFigure("jobs_late", late, "jobs", "Jobs that missed their deadline"),
        KeyFigure("gpu_hours", gpu_hours, "GPU-hours", "Computing done"),
        KeyFigure("gpu_hour_kwh", energy_kwh, "kWh/GPU-hour", "Energy taken per GPU-hour"),
        *_cost(results, gpu_hours),
    ]


def _cost(results: Results, gpu_hours: float) -> list[KeyFigure]:
    if "data_center" not in results.role_balances.index:
        return []
    paid = -float(results.role_balances.sum(axis=1)["data_center"])
    unit = f"{results.currency}/GPU-hour"
    meaning = "Paid less received by owners of data centres only, per GPU-hour"
    return [KeyFigure("gpu_hour_cost_amount", ratio(paid, gpu_hours), unit, meaning)]
