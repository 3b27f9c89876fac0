"""The documentation is right: examples run, commands parse, links lead somewhere.

Blocks are played in the order of the page, in one namespace and one directory:

- ``python`` is executed; ``toml`` must parse, and a whole scenario is written to `<its name>.toml`;
- a line of ``sh`` (or one after ``$`` in ``console``) that calls ``talatan`` is parsed, and run if
  that is quick; in a synopsis (words in capitals) the options must exist;
- ``<!-- output -->`` before a ``text`` block: what the block before it printed;
- ``<!-- file: NAME -->`` before any block: the block is written to that file. A ``.py`` file is
  made known to `talatan` like a distribution with an entry point of its own.
"""

import contextlib
import doctest
import importlib
import io
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import pytest
import typer.main

from agents import strategies
from market import key_figures, mechanisms, sharing_rules
from plots import figures
from scenarios.cli import app
from scenarios.reference import reference_markdown

ROOT = Path(__file__).parents[1]
PACKAGES = ("market", "agents", "scenarios", "plots")
REGISTRIES = {
    "market.mechanisms": mechanisms,
    "market.sharing": sharing_rules,
    "agents.strategies": strategies,
    "market.kpis": key_figures,
    "plots": figures,
}
FENCE = re.compile(
    r"(?:^ *<!-- (?P<mark>[^\n]*?) -->\n\s*)?"
    r"^(?P<indent> *)```(?P<words>[^\n`]*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
LINK = re.compile(r"\[[^\]\n]*\]\(([^()\s]+)\)|(?:src|href)=\"([^\"]+)\"")
CALL = re.compile(r"(\S*/)?talatan( |$)")
SYNOPSIS = re.compile(r"\[-|\b[A-Z]{3,}\b")
OPTION = re.compile(r"--[a-z-]+")
ELSEWHERE = re.compile(r"[a-z]+:")
QUICK_RUNS = ("tutorial",)
SEPARATORS = ("|", ">", "&&", ";")


def pages():
    names = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**/*.md")
    return [path for name in names for path in sorted(ROOT.glob(name))]


def parametrised(paths):
    return pytest.mark.parametrize("page", paths, ids=lambda page: page.name)


@dataclass(frozen=True)
class Block:
    line: int
    mark: str
    words: str
    text: str

    @property
    def language(self):
        return self.words.split()[0] if self.words.split() else ""


def blocks(text):
    return [
        Block(
            text.count("\n", 0, found.start("words")) + 1,
            found["mark"] or "",
            found["words"].strip(),
            textwrap.dedent(found["indent"] + found["text"]) if found["indent"] else found["text"],
        )
        for found in FENCE.finditer(text)
    ]


def commands(block):
    """The lines of a shell block that call the program."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "console":
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    return [line.strip() for line in lines if CALL.match(line.strip())]


def words_of(line):
    """The words of the first command of a line."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|>;&")
    lexer.whitespace_split, lexer.commenters = True, "#"
    words = list(lexer)
    ends = [place for place, word in enumerate(words) if word in SEPARATORS]
    return words[1 : min(ends, default=len(words))]


@cache
def program():
    return typer.main.get_command(app)


def command_of(name):
    assert name in program().commands, f"there is no command talatan {name}"
    return program().commands[name]


def parsed(words):
    """The command's parameters; raises where the command line would be refused."""
    if not words or words[0].startswith("-"):
        return None
    command = command_of(words[0])
    if "--help" in words:
        return None
    return command.make_context(words[0], list(words[1:])).params


def check_synopsis(line):
    command = command_of(line.split()[1])
    known = {name for option in command.params for name in option.opts}
    unknown = set(OPTION.findall(line)) - known
    assert not unknown, f"{line}: no option {unknown}"


def is_quick(words, place):
    given = parsed(words)
    if given is None or words[0] in ("list", "schema"):
        return True
    if given.get("data") is not None:
        return False
    if words[0] in ("run", "validate"):
        scenario = given["scenario"]
        return scenario in QUICK_RUNS or (place / scenario).is_file()
    if words[0] == "experiment":
        return (place / given["file"]).is_file()
    files = given.get("runs") or [given.get("orders") or given.get("run_directory")]
    return all((place / file).exists() for file in files)


class Stage:
    """Where a page is played: its directory, namespace and installed extensions."""

    def __init__(self, page, place):
        self.page, self.place = page, place
        self.names = {"__name__": f"page_{page.stem}"}
        self.printed = ""
        self.ran = []

    def play(self, block):
        if block.mark.startswith("file: "):
            self._write(block, block.mark.removeprefix("file: "))
        if block.mark == "output":
            assert self.printed.rstrip() == block.text.rstrip(), self._where(block)
        elif block.language == "python":
            self._python(block)
        elif block.language in ("sh", "console", "bash"):
            self._shell(block)
        elif block.language == "toml":
            self._toml(tomllib.loads(block.text), block)

    def _where(self, block):
        return f"{self.page.name}, line {block.line}"

    def _write(self, block, name):
        file = Path(name)
        if file.suffix != ".py":
            (self.place / file).write_text(block.text, encoding="utf-8")
            return
        site = self.place / "site"
        metadata = site / f"{file.stem}-1.dist-info"
        metadata.mkdir(parents=True)
        (site / file.name).write_text(block.text, encoding="utf-8")
        (metadata / "METADATA").write_text(f"Name: {file.stem}\nVersion: 1\n")
        entry = f"[talatan.{file.parent.name}]\n{file.stem} = {file.stem}\n"
        (metadata / "entry_points.txt").write_text(entry)

    def _toml(self, content, block):
        if {"scenario", "time"} <= content.keys():
            self._write(block, f"{content['scenario']['name']}.toml")

    def _python(self, block):
        assert block.words == "python", f"{self._where(block)}: every python block runs"
        shown = io.StringIO()
        code = compile("\n" * block.line + block.text, str(self.page), "exec")
        with contextlib.redirect_stdout(shown):
            exec(code, self.names)
        self.printed = shown.getvalue()

    def _shell(self, block):
        self.printed = ""
        for line in commands(block):
            if SYNOPSIS.search(line):
                check_synopsis(line)
                continue
            words = words_of(line)
            parsed(words)
            if is_quick(words, self.place):
                self.printed += self._run(words, self._where(block))

    def _run(self, words, where):
        path = os.pathsep.join([str(self.place / "site"), str(ROOT)])
        done = subprocess.run(
            [sys.executable, "-m", "scenarios", *words],
            cwd=self.place,
            env=os.environ | {"PYTHONPATH": path, "COLUMNS": "100", "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, f"{where}: {' '.join(words)}\n{done.stderr}"
        self.ran.append(words)
        return done.stdout


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    """A finished run of the tutorial, for pages that read one without making it."""
    place = tmp_path_factory.mktemp("tutorial")
    Stage(ROOT / "README.md", place)._run(["run", "tutorial", "--quiet"], "tutorial")
    return place / "runs" / "tutorial-1"


@pytest.fixture
def registries(monkeypatch):
    """Registries that forget what a page adds."""
    for registry in REGISTRIES.values():
        registry.names()
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    return REGISTRIES


@parametrised(pages())
def test_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch, registries, request):
    text = page.read_text(encoding="utf-8")
    found = blocks(text)
    made = [line for block in found for line in commands(block) if "run tutorial" in line]
    if "runs/tutorial-1" in text and not made:
        shutil.copytree(request.getfixturevalue("tutorial"), tmp_path / "runs" / "tutorial-1")
    monkeypatch.chdir(tmp_path)
    stage = Stage(page, tmp_path)
    for block in found:
        stage.play(block)


def extensions():
    return [
        pytest.param(page, block, id=block.mark.removeprefix("file: "))
        for page in pages()
        for block in blocks(page.read_text(encoding="utf-8"))
        if block.mark.startswith("file: ") and block.mark.endswith(".py")
    ]


@pytest.mark.parametrize(("page", "block"), extensions())
def test_one_new_file_is_all_it_takes(page, block, tmp_path, monkeypatch, registries):
    file = Path(block.mark.removeprefix("file: "))
    name, parent = file.stem, ".".join(file.parent.parts)
    package, registry = importlib.import_module(parent), registries[parent]
    (tmp_path / file.name).write_text(block.text, encoding="utf-8")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    monkeypatch.setattr(registry, "_scanned", False)
    assert name in registry.names()
    assert dict(registry.describe())[name]
    del sys.modules[f"{parent}.{name}"]
    delattr(package, name)


def modules():
    found = list(PACKAGES)
    for package in PACKAGES:
        found += [item.name for item in pkgutil.walk_packages([str(ROOT / package)], f"{package}.")]
    return found


@pytest.mark.parametrize("name", modules())
def test_docstring_examples_are_true(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def prose(text):
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


def anchors(path):
    """The anchors of a page's headings, as they are usually made."""
    headings = re.findall(
        r"^#+ +(.+?) *$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@parametrised(pages())
def test_links_lead_somewhere(page):
    for groups in LINK.findall(prose(page.read_text(encoding="utf-8"))):
        link = next(filter(None, groups))
        if ELSEWHERE.match(link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


def test_the_scenario_reference_is_that_of_the_program():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- scenario-reference -->\n(.*)<!-- /scenario-reference -->", text, re.S)
    assert found is not None
    assert found[1].strip() == reference_markdown().strip()


def test_every_strategy_and_parameter_has_its_section():
    text = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    for name in strategies.names():
        section = re.search(rf"^## `{name}`$(.*?)^## ", text, re.M | re.S)
        assert section is not None, f"strategies.md has no section on {name}"
        for field in fields(strategies.get(name)):
            assert not field.init or f"`{field.name}`" in section[1], (name, field.name)


OURS = [n for n in mechanisms.names() if mechanisms.get(n).__module__.startswith("market.")]


@pytest.mark.parametrize("name", OURS)
def test_every_mechanism_has_its_page(name):
    page = ROOT / "docs" / "mechanisms" / f"{name}.md"
    assert page.exists(), f"docs/mechanisms has no page {name}.md"
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# `{name}`\n")
    for field in fields(mechanisms.get(name)):
        assert not field.init or f"`{field.name}`" in text, (name, field.name)
    overview = (ROOT / "docs" / "mechanisms.md").read_text(encoding="utf-8")
    assert f"(mechanisms/{name}.md)" in overview
