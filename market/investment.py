"""What a storage station earns for its owner, and what an investment in it is worth.

Each kind of revenue is what the owner's slices of the station received less what they paid, as
participants.parquet has it to the cent, so an owner's other stations and plants make no difference:

- energy: their energy, and what was handed over to and by tenants as leases began and ended;
- own_use: what the owner's own plants received for energy that the station gave back for them;
  fees they paid for it stand among the fees received, as they would for others' plants;
- bilateral, auction, call: fees for storing would-be curtailment;
- lease: rents of leases and of storage rights; what one tenant pays another is the tenants';
- capacity: capacity payments.

Leased slices belong to their tenants: what they earn is the tenants', the rent is the station's.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from market.errors import InputError
from market.results import Results

if TYPE_CHECKING:
    import pandas as pd

REVENUE = {
    "energy": ("energy_amount", "handed_amount"),
    "own_use": ("own_use_amount",),
    "bilateral": ("bilateral_amount",),
    "auction": ("auction_amount",),
    "call": ("call_amount",),
    "lease": ("rent_amount",),
    "capacity": ("capacity_amount",),
}
"""Kinds of revenue, and the columns of participants.parquet that they are the sums of."""
DAYS_PER_YEAR, KWH_PER_MWH = 365, 1000
MOST_YEARS = 1000


def investment(
    results: Results,
    cost_per_kwh: float | Mapping[str, float],
    discount_rate: float = 0.06,
    years: float = 15.0,
    fixed_om_pct: float = 2.5,
) -> "pd.DataFrame":
    """Return what each storage station earned in a run, and what that makes of an investment.

    Parameters
    ----------
    results : Results
    cost_per_kwh : float or mapping of station to float
        Cost of a station, currency per kWh of its energy.
    discount_rate : float
        A year; 0.06 is 6 %.
    years : float
        Life of the station.
    fixed_om_pct : float
        Fixed cost of operation and maintenance a year, percent of the investment.

    Returns
    -------
    DataFrame
        A row per station: ``owner``, ``power_mw``, ``energy_mwh``, ``days_in_service``; revenue
        per MW and year (``energy_per_mw_year_amount``, ``own_use_...``, ``bilateral_...``,
        ``auction_...``, ``call_...``, ``lease_...``, ``capacity_...``, and their sum
        ``revenue_...``); ``full_cycles_per_day``;
        ``investment_amount``; ``payback_years``, infinite where the revenue does not even cover
        the fixed cost; ``npv_amount`` and ``npv_per_kwh_amount``.

    Raises
    ------
    InputError
        When a number makes no sense, a station has no cost, or the run is of an older version
        that did not note what each unit received.

    Notes
    -----
    With a net revenue R a year, the same every year, and an investment I,

        payback = I / R    and    NPV = -I + R x annuity(rate, years).

    R is that of the run, scaled to a year of 365 days in service, without those that the station
    was out of order: a run of one season says little about a year. Wear of the cells is no cash
    flow of the run, so it is left out.

    References
    ----------
    R. Brealey, S. Myers and F. Allen, Principles of Corporate Finance, on the value of an annuity.
    Fixed cost of 2.5 % of the investment, which includes what keeps the capacity up: National
    Renewable Energy Laboratory, Annual Technology Baseline 2020, battery storage, after W. Cole
    and A. W. Frazier (2020).
    """
    _check(discount_rate, years, fixed_om_pct)
    stations = _stations(results)
    years_in_service = stations["days_in_service"] / DAYS_PER_YEAR
    mw_years = stations["power_mw"] * years_in_service
    revenue = stations[list(REVENUE)]
    table = stations[["owner", "power_mw", "energy_mwh", "days_in_service"]].copy()
    for name in revenue:
        table[f"{name}_per_mw_year_amount"] = revenue[name] / mw_years
    yearly = revenue.sum(axis=1) / years_in_service
    table["revenue_per_mw_year_amount"] = yearly / stations["power_mw"]
    cycles = stations["discharged"] / stations["energy_mwh"]
    table["full_cycles_per_day"] = cycles / stations["days_in_service"]
    cost = table["energy_mwh"] * KWH_PER_MWH * _costs(cost_per_kwh, table)
    net = yearly - cost * fixed_om_pct / 100
    table["investment_amount"] = cost
    table["payback_years"] = (cost / net).where(net > 0, np.inf)
    table["npv_amount"] = net * annuity(discount_rate, years) - cost
    table["npv_per_kwh_amount"] = table["npv_amount"] / (table["energy_mwh"] * KWH_PER_MWH)
    return table


def annuity(rate: float, years: float) -> float:
    """Return the present value of 1 at the end of each year.

    >>> round(annuity(0.06, 15), 4), annuity(0.0, 15)
    (9.7122, 15)
    """
    return (1 - (1 + rate) ** -years) / rate if rate else years


def _check(discount_rate: float, years: float, fixed_om_pct: float) -> None:
    problems = []
    if not 0 <= discount_rate < 1:
        text = "must be a share from 0 to below 1 (0.06 is 6 %)"
        problems.append(f"discount_rate = {discount_rate:g}: {text}")
    if not 0 < years <= MOST_YEARS:
        problems.append(f"years = {years:g}: must be above 0 and at most {MOST_YEARS}")
    if not 0 <= fixed_om_pct <= 100:
        problems.append(f"fixed_om_pct = {fixed_om_pct:g}: must be a percentage, 0 to 100")
    if problems:
        raise InputError(problems)


def _costs(
    cost_per_kwh: float | Mapping[str, float], table: "pd.DataFrame"
) -> "float | pd.Series[float]":
    import pandas as pd

    costs = cost_per_kwh.values() if isinstance(cost_per_kwh, Mapping) else [cost_per_kwh]
    if wrong := [cost for cost in costs if not 0 <= cost < np.inf]:
        raise InputError(f"cost_per_kwh = {wrong[0]:g}: must be a number of at least 0")
    if not isinstance(cost_per_kwh, Mapping):
        return cost_per_kwh
    lacking = [name for name in table.index if name not in cost_per_kwh]
    if lacking:
        raise InputError(f"cost_per_kwh: no cost of {', '.join(lacking)}")
    return pd.Series({name: float(cost_per_kwh[name]) for name in table.index})


def _units(results: Results) -> "pd.DataFrame":
    """Return participants with the station of each, missing where it is not storage."""
    units = results.participants.astype({"unit": str, "owner": str})
    needed = [name for names in REVENUE.values() for name in names] + ["out_of_order_days"]
    lacking = [name for name in needed if name not in units]
    if lacking:
        raise InputError(
            f"{results.path}: participants.parquet lacks {', '.join(lacking)}: the run is of an "
            "older version, which does not tell the money of stations apart; run it again"
        )
    split = set(results.stations["station"].astype(str)) if results.has("stations") else set()
    stores = units["unit"].where(units["kind"] == "storage")
    return units.assign(station=stores.map(lambda name: _station(name, split), na_action="ignore"))


def _station(unit: str, split: set[str]) -> str:
    """Return the station that a slice is called after; a store that is not split is its own.

    >>> _station("haixi/service", {"haixi"}), _station("golmud/2", {"haixi"})
    ('haixi', 'golmud/2')
    """
    parts = unit.split("/")
    heads = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return next((head for head in heads if head in split), unit)


def _stations(results: Results) -> "pd.DataFrame":
    """Return stations with owner, size, energy, and what the owner earned with each."""
    units = _units(results)
    sums = units.groupby("station")[["capacity_mw", "energy_capacity_mwh", "discharged_mwh"]].sum()
    sums.columns = ["power_mw", "energy_mwh", "discharged"]
    if results.has("stations"):
        metered = results.stations.astype({"station": str}).groupby("station")["discharged_mwh"]
        sums["discharged"] = metered.sum().reindex(sums.index).fillna(sums["discharged"])
    owner = units[units["unit"] == units["station"]].set_index("station")["owner"]
    own = units[units["owner"] == units["station"].map(owner)].groupby("station")
    earned = {kind: own[list(names)].sum().sum(axis=1) for kind, names in REVENUE.items()}
    out = own["out_of_order_days"].max()  # all slices of a station fail together
    return sums.assign(owner=owner, days_in_service=results.days - out, **earned)
