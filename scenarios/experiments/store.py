"""Outcomes of runs on disk: one file each, whole or absent, and not believed when damaged."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

from market import write_json
from scenarios.experiments.arms import Outcome

CHECKSUM = "checksum"


class Store:
    """The finished runs of an experiment, by key.

    Only finished runs are kept: one that failed is tried again the next time.

    Parameters
    ----------
    directory : Path
        Of the experiment.
    """

    def __init__(self, directory: Path) -> None:
        self._runs, self._scratch = directory / "runs", directory / "scratch"

    @property
    def scratch(self) -> Path:
        """Where runs in the making have their tables."""
        return self._scratch

    def open(self) -> None:
        """Make the directories, and remove what a killed program has left in them."""
        self._runs.mkdir(exist_ok=True)
        for part in self._runs.glob("*.part"):
            part.unlink()
        self.clear_scratch()
        self._scratch.mkdir()

    def clear_scratch(self) -> None:
        """Remove the tables of unfinished runs."""
        shutil.rmtree(self._scratch, ignore_errors=True)

    def read(self, key: str) -> Outcome | None:
        """Return what is kept under a key; None where there is nothing, or a damaged file."""
        try:
            content = json.loads((self._runs / f"{key}.json").read_text(encoding="utf-8"))
            if content.pop(CHECKSUM) != _checksum(content) or content["key"] != key:
                return None
            return as_outcome(content)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def keep(self, outcome: Outcome, arm: str, seed: int) -> None:
        """Write a finished run under its key."""
        content = json.loads(json.dumps({**asdict(outcome), "arm": arm, "seed": seed}))
        write_json(self._runs / f"{outcome.key}.json", content | {CHECKSUM: _checksum(content)})


def as_outcome(content: Mapping[str, Any]) -> Outcome:
    """Return the outcome that a dictionary, of a worker or from disk, describes."""
    known = {name: content[name] for name in Outcome.__dataclass_fields__ if name in content}
    figures = content.get("figures")
    if figures is not None:
        known["figures"] = {
            name: (float(v), unit, text) for name, (v, unit, text) in figures.items()
        }
    known["benefits"] = tuple(
        (account, role, *(float(amount) for amount in amounts))
        for account, role, *amounts in content.get("benefits", ())
    )
    return Outcome(**known)


def _checksum(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()
