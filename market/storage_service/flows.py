"""What storage service did with energy, interval by interval."""

from dataclasses import dataclass, field

import numpy as np

from market.storage_service.rules import MODES
from market.units import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Flows:
    """Would-be curtailment that was stored in one interval, as columns of equal length.

    Attributes
    ----------
    plant, store : array of int
        Units: whose energy it was, and the slice of a station that took it.
    wh : array of int
        Energy charged, on the grid side.
    mode : array of int
        Index into `MODES`.
    buy_price, sell_price : array
        What the plant pays and the station's owner receives, currency/MWh charged.
    """

    plant: IntArray
    store: IntArray
    wh: IntArray
    mode: IntArray
    buy_price: FloatArray
    sell_price: FloatArray

    @classmethod
    def joined(cls, parts: "list[Flows]") -> "Flows":
        """Return several parts as one."""
        if not parts:
            whole, price = np.empty(0, np.int64), np.empty(0)
            return cls(whole, whole, whole, whole, price, price)
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__slots__))

    def part(self, chosen: BoolArray) -> "Flows":
        """Return the chosen ones."""
        return Flows(*(getattr(self, name)[chosen] for name in Flows.__slots__))

    @property
    def total(self) -> int:
        """Energy of all of them, Wh."""
        return int(self.wh.sum())


@dataclass(frozen=True, slots=True)
class Returned:
    """What a pool gave back to the grid in one interval, on whose behalf.

    Attributes
    ----------
    store : int
        The pool's unit.
    holder : array of int
        Units whose energy it was; the pool itself for the station's own.
    wh : array of int
        Energy on the grid side; adds up to what the pool delivered.
    """

    store: int
    holder: IntArray
    wh: IntArray


@dataclass(frozen=True, slots=True)
class Handover:
    """Stored energy that passed from one slice of a station to another as leases changed.

    Attributes
    ----------
    giver, receiver : int
        Units.
    stored_wh : float
        Energy in the store.
    efficiency : float
        Of discharging: what of it would reach the grid, and is paid for.
    """

    giver: int
    receiver: int
    stored_wh: float
    efficiency: float


@dataclass(slots=True)
class Journal:
    """What storage service did in a block; rows are the block's.

    Attributes
    ----------
    stored : list of (row, Flows)
    returned : list of (row, Returned)
    handed : list of (row, Handover)
    """

    stored: list[tuple[int, Flows]] = field(default_factory=list)
    returned: list[tuple[int, Returned]] = field(default_factory=list)
    handed: list[tuple[int, Handover]] = field(default_factory=list)

    def flows(self) -> tuple[IntArray, Flows]:
        """Return the row of each flow of the block, and all flows as one."""
        parts = [flows for _, flows in self.stored]
        rows = np.array([row for row, _ in self.stored], np.int64)
        return np.repeat(rows, [flows.wh.size for flows in parts]), Flows.joined(parts)


def mode_index(name: str) -> int:
    """Return the place of a mode in `MODES`.

    >>> mode_index("auction")
    3
    """
    return MODES.index(name)
