"""Registries: a mechanism, strategy, plot or key figure is one file that names itself."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from market.errors import InputError

T = TypeVar("T")


class Registry(Generic[T]):
    """Entries of one kind, found by name.

    The package's own modules are imported once, when the registry is first read;
    other distributions add theirs through the entry-point group `talatan.<package>`.

    Parameters
    ----------
    package : str
        Import name of the package that is scanned, for example ``market.mechanisms``.
    noun : str
        What an entry is called in messages.
    """

    def __init__(self, package: str, noun: str) -> None:
        self._package = package
        # The package is bound to its parent now, not later over a registry of the same name.
        importlib.import_module(package)
        self._noun = noun
        self._entries: dict[str, T] = {}
        self._scanned = False

    def register(self, name: str) -> Callable[[T], T]:
        """Declare the decorated object under `name`, the word used in scenario files."""

        def declare(entry: T) -> T:
            known = self._entries.get(name)
            if known is not None and getattr(known, "__module__", "") != entry.__module__:
                raise ValueError(f"two {self._noun} entries are named {name!r}")
            self._entries[name] = entry
            return entry

        return declare

    def get(self, name: str, where: str = "") -> T:
        """Return the entry called `name`; `InputError` lists the valid names otherwise."""
        self._scan()
        if name not in self._entries:
            close = get_close_matches(name, self._entries, 1)
            hint = f"; did you mean {close[0]!r}?" if close else "."
            place = f"{where}: " if where else ""
            known = ", ".join(self.names())
            raise InputError(f"{place}unknown {self._noun} {name!r}{hint} Known: {known}.")
        return self._entries[name]

    def names(self) -> list[str]:
        """Return all names, sorted."""
        self._scan()
        return sorted(self._entries)

    def describe(self) -> Iterator[tuple[str, str]]:
        """Yield each name with the first line of its docstring."""
        for name in self.names():
            lines = (self._entries[name].__doc__ or "").strip().splitlines()
            yield name, lines[0] if lines else ""

    def _scan(self) -> None:
        if self._scanned:
            return
        self._scanned = True
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self._package}.{module.name}")
        for point in entry_points(group=f"talatan.{self._package.rpartition('.')[2]}"):
            point.load()
