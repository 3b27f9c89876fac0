"""A new mechanism is one new file; names are found, suggested and never taken twice."""

import sys
from importlib.metadata import EntryPoint

import pytest

from market import InputError, Registry
from market.clearing import mechanisms


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package `booths` with one module that registers itself, and its registry."""
    folder = tmp_path / "booths"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from market import Registry\nbooths = Registry('booths', 'booth')\n"
    )
    (folder / "fruit.py").write_text(
        "from booths import booths\n\n"
        "@booths.register('fruit')\nclass Fruit:\n    '''Apples and pears.\n\n    And more.'''\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield sys.modules["booths"].booths if "booths" in sys.modules else __import__("booths").booths
    for name in [name for name in sys.modules if name.partition(".")[0] == "booths"]:
        del sys.modules[name]


def test_a_file_in_the_package_is_found_by_its_name(package):
    assert package.names() == ["fruit"]
    assert package.get("fruit").__name__ == "Fruit"
    assert list(package.describe()) == [("fruit", "Apples and pears.")]


def test_an_unknown_name_lists_the_known_ones(package):
    with pytest.raises(InputError) as caught:
        package.get("friut", "stall.kind")
    assert caught.value.problems == [
        "stall.kind: unknown booth 'friut'; did you mean 'fruit'? Known: fruit."
    ]


def test_a_name_is_not_taken_twice(package):
    package.names()

    class Other:
        pass

    with pytest.raises(ValueError, match="two booth entries are named 'fruit'"):
        package.register("fruit")(Other)


def test_other_distributions_add_theirs(package, monkeypatch):
    def entry_points(group):
        assert group == "talatan.booths"
        return [EntryPoint("nuts", "booths_elsewhere", group)]

    folder = next(iter(__import__("booths").__path__))
    with open(f"{folder}/../booths_elsewhere.py", "w") as file:  # noqa: PTH123
        file.write("from booths import booths\nbooths.register('nuts')(type('Nuts', (), {}))\n")
    monkeypatch.setattr("market.registry.entry_points", entry_points)
    assert package.names() == ["fruit", "nuts"]
    del sys.modules["booths_elsewhere"]


def test_an_entry_without_a_description_has_an_empty_one():
    registry = Registry("market.kpis", "key figure")
    registry.register("bare")(type("Bare", (), {"__doc__": None}))
    assert ("bare", "") in list(registry.describe())


def test_the_shipped_auctions_are_registered_and_described():
    described = dict(mechanisms.describe())
    assert {"uniform", "pay-as-bid", "high-low"} <= described.keys()
    assert all(described.values())
