"""The house: who may import whom, where the clock is, and what stays quick."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("market", "agents", "plots", "scenarios")
MAY = {
    "market": {"market"},
    "agents": {"agents", "market"},
    "plots": {"plots", "market"},
    "scenarios": set(PACKAGES),
}
CLOCK = {
    "market/broadcast.py",
    "market/session.py",
    "market/storage_service/session.py",
    "agents/leasing.py",
    "agents/processes.py",
    "agents/outages.py",
    "scenarios/planner/downtime.py",
    "scenarios/simulation.py",
}
HEAVY = {"matplotlib", "pandas", "pyarrow"}
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name(path):
    return path.relative_to(ROOT).as_posix()


def imports(path):
    """Yield each imported module and whether it is imported at the top and for real."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set()
    for node in tree.body:
        top |= {id(node)} if isinstance(node, ast.Import | ast.ImportFrom) else set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}: relative import"
            yield node.module, id(node) in top


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_point_one_way(path):
    package = name(path).split("/")[0]
    ours = {module for module, _ in imports(path) if module.split(".")[0] in PACKAGES}
    assert {module.split(".")[0] for module in ours} <= MAY[package]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_the_clock_is_where_it_belongs(path):
    if name(path) not in CLOCK:
        assert "simpy" not in {module.split(".")[0] for module, _ in imports(path)}


def test_the_clock_is_used_where_it_is_allowed():
    for file in CLOCK:
        assert "simpy" in {module for module, _ in imports(ROOT / file)}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_heavy_packages_are_imported_where_they_are_used(path):
    top = {module.split(".")[0] for module, is_top in imports(path) if is_top}
    if not name(path).startswith("plots/"):
        assert not top & HEAVY
    if not name(path).startswith("plots/"):
        used = {module.split(".")[0] for module, _ in imports(path)}
        assert "matplotlib" not in used


@pytest.mark.parametrize("path", FILES, ids=name)
def test_nobody_draws_without_a_name(path):
    modules = {module.split(".")[0] for module, _ in imports(path)}
    assert "random" not in modules
    if name(path) != "market/streams.py":
        text = path.read_text(encoding="utf-8")
        for word in ("default_rng(", "np.random.seed", "SeedSequence(", "PCG64("):
            assert word not in text


def test_help_is_quick():
    code = (
        "import sys\n"
        "sys.argv = ['talatan', '--help']\n"
        "from scenarios.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "heavy = {'numpy', 'pandas', 'matplotlib', 'pyarrow', 'simpy', 'pydantic'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "talatan" in done.stdout


def test_everything_is_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = set(project["tool"]["setuptools"]["packages"])
    there = {name(path.parent).replace("/", ".") for path in FILES if path.name == "__init__.py"}
    assert listed == there
