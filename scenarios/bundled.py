"""Scenarios, rule sets and experiments that come with the program, and files named like them."""

from pathlib import Path

from market import InputError
from scenarios.problems import unknown

LIBRARY = Path(__file__).parent / "library"


def bundled() -> dict[str, Path]:
    """Return the scenarios that come with the program, by name."""
    return {path.stem: path for path in sorted(LIBRARY.glob("*.toml"))}


def bundled_rules() -> dict[str, Path]:
    """Return the rule sets that come with the program, by name."""
    return {path.stem: path for path in sorted((LIBRARY / "rules").glob("*.toml"))}


def bundled_experiments() -> dict[str, Path]:
    """Return the experiments that come with the program, by name."""
    return {path.stem: path for path in sorted((LIBRARY / "experiments").glob("*.toml"))}


def find_scenario(name: str, folder: Path = Path()) -> Path:
    """Return the file of a path, relative to `folder`, or of a bundled name."""
    return _found(name, folder, bundled(), "scenario")


def find_rules(name: str, folder: Path) -> Path:
    """Return the file of a rule set: a path relative to `folder`, or a bundled name."""
    return _found(name, folder, bundled_rules(), "rule set")


def find_experiment(name: str) -> Path:
    """Return the file of an experiment: a path, or a bundled name."""
    return _found(name, Path(), bundled_experiments(), "experiment")


def _found(name: str, folder: Path, known: dict[str, Path], noun: str) -> Path:
    path = folder / name
    try:
        if path.is_file():
            return path
        if path.is_dir() and name not in known:
            raise InputError(f"{name}: is a directory; accepted: {_a(noun)} file, .toml")
    except (OSError, ValueError):
        raise InputError(f"{name!r}: is not a path; accepted: {_a(noun)} file, .toml") from None
    if name in known:
        return known[name]
    if Path(name).suffix == ".toml" or len(Path(name).parts) > 1:
        raise InputError(f"{path}: there is no such file; accepted: {_a(noun)} file, .toml")
    raise InputError(unknown(noun, name, known) + "; or give the path of a .toml file")


def _a(noun: str) -> str:
    """Return a noun with its article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
