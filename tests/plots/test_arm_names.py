"""Labels fit, are told apart, and have no empty boxes; numbers are short and right."""

from hypothesis import given
from hypothesis import strategies as st

from plots import arm_names, metrics, style

TEXTS = st.text("abc_- 0123储能\U000f0000", max_size=90)


@given(
    st.lists(TEXTS, min_size=1, max_size=40, unique=True), st.integers(12, 40), st.integers(1, 2)
)
def test_labels_fit_and_differ(names, letters, lines):
    found = arm_names.labels(names, letters, lines)
    assert len(set(found)) == len(names)
    for text in found:
        assert text.strip()
        assert text.count("\n") < lines
        assert all(len(line) <= letters + 1 for line in text.split("\n"))
        assert style.printable(text.replace("\n", " ")) == text.replace("\n", " ")


def test_a_name_that_fits_stays_as_it_is():
    assert arm_names.labels(["pay-as-bid", "vcg"], 12) == ["pay-as-bid", "vcg"]
    assert arm_names.labels(["mechanism pay-as-bid"], 16) == ["mechanism\npay-as-bid"]


def test_names_without_a_glyph_have_numbers():
    assert arm_names.labels(["none", "\U000f0000"], 12, 1, "arm") == ["none", "arm 2"]


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9))
def test_numbers_are_right_to_three_digits(values):
    largest = max(abs(value) for value in values)
    for text, value in zip(metrics.written(values), values, strict=True):
        read = float(text.replace(metrics.MINUS, "-").replace(",", ""))
        assert (
            abs(read - value) <= max(0.5, 0.0051 * largest)
            if largest >= 100
            else (abs(read - value) <= 0.0051 * largest + 1e-12)
        )
        assert not text.startswith(f"{metrics.MINUS}0") or float(value) < 0


def test_zero_has_no_sign():
    assert metrics.written([-0.0001, 100.0]) == ["0", "100"]
