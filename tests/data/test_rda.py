"""R's format is written here by hand, so the tests need neither R nor a network."""

import gzip
import struct
from contextlib import suppress

import numpy as np
import pytest

from labelwright.data.rda import read_frame
from labelwright.errors import InputError


def i4(*numbers):
    return struct.pack(f">{len(numbers)}i", *numbers)


def text(word):
    return i4(9, -1) if word is None else i4(0x40009, len(word.encode())) + word.encode()


def symbol(name):
    return i4(1) + text(name)


def texts(*words):
    return i4(16, len(words)) + b"".join(map(text, words))


def ints(*numbers):
    return i4(13, len(numbers), *numbers)


def reals(*numbers):
    return i4(14, len(numbers)) + struct.pack(f">{len(numbers)}d", *numbers)


def pairs(*entries):
    return b"".join(i4(0x402) + name + value for name, value in entries) + i4(254)


def with_attributes(value, *entries):
    return i4(struct.unpack(">i", value[:4])[0] | 0x200) + value[4:] + pairs(*entries)


def frame(names, columns):
    plain = i4(19, len(columns)) + b"".join(columns)
    return with_attributes(plain, (symbol("names"), texts(*names)), (symbol("class"), texts("data.frame")))


def rda(saved, version=2):
    head = f"RDX{version}\nX\n".encode() + i4(version, 0x30500, 0x20300)
    return head + (i4(5) + b"UTF-8" if version == 3 else b"") + saved


def example():
    factor = with_attributes(
        ints(2, 1, -(2**31)), (symbol("levels"), texts("no", "yes")), (symbol("class"), texts("factor"))
    )
    return frame(
        ["n", "x", "word", "f"], [ints(1, -(2**31), 3), reals(0.5, -1, 2), texts("a", None, "é"), factor]
    )


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("press", [bytes, gzip.compress])
def test_a_frame(version, press):
    content = press(rda(pairs((symbol("d"), example())), version))
    got = read_frame(content, "d", what="d.rda")
    assert list(got) == ["n", "x", "word", "f"]
    np.testing.assert_array_equal(got["n"], [1, np.nan, 3])
    np.testing.assert_array_equal(got["x"], [0.5, -1, 2])
    assert got["word"].tolist() == ["a", None, "é"]
    assert got["f"].tolist() == ["yes", "no", None]


def test_symbols_are_referred_to_by_number():
    again = i4((1 << 8) | 255)
    content = rda(pairs((symbol("names"), with_attributes(i4(19, 1) + reals(1.0), (again, texts("x"))))))
    assert read_frame(content, "names", what="d.rda")["x"].tolist() == [1.0]


def test_latin_1_text():
    column = i4(16, 1) + i4(9, 1) + "é".encode("latin-1")
    assert read_frame(rda(pairs((symbol("d"), frame(["x"], [column])))), "d", what="w")["x"].tolist() == ["é"]


GOOD = rda(pairs((symbol("d"), example())))


@pytest.mark.parametrize("end", range(0, len(GOOD) - 1, 7))
def test_cut_short(end):
    with pytest.raises(InputError, match=r"d\.rda"):
        read_frame(GOOD[:end], "d", what="d.rda")


@pytest.mark.parametrize(
    ("saved", "says"),
    [
        (i4(3), "kind 3, which no plain table needs"),  # a function
        (i4(4), "kind 4"),  # an environment
        (i4(6), "kind 6"),  # a call
        (i4(14, 2**31 - 1), "beyond what we read"),
        (i4(14, -1), "beyond what we read"),
        (i4(19, 2**30), "beyond what we read"),
        (i4(16, -5), "beyond what we read"),
        (i4((9 << 8) | 255), "a name that it never gave"),
        (b"".join(i4(19, 1) for _ in range(200)), "nested too deeply"),
        (i4(0x402) * 5000, "nested too deeply"),
        (i4(0x402) + symbol("d") + i4(254) + i4(13), "does not end"),
        (i4(254), "no data frame 'd'"),
        (pairs((symbol("e"), example())), "no data frame 'd'"),
        (pairs((symbol("d"), reals(1.0))), "no data frame 'd'"),
        (pairs((symbol("d"), frame(["a"], [reals(1.0), reals(2.0)]))), "columns differ"),
        (pairs((symbol("d"), frame(["a", "b"], [reals(1.0), reals(2.0, 3.0)]))), "columns differ"),
        (pairs((symbol("d"), i4(19, 1) + reals(1.0))), "lack names"),
    ],
)
def test_what_is_no_plain_table_is_refused(saved, says):
    with pytest.raises(InputError, match=says):
        read_frame(rda(saved), "d", what="d.rda")


@pytest.mark.parametrize("junk", [b"", b"RDX2\nX\n", b"RDA2\nA\n2\n", b"\x80\x04.", b"x" * 100])
def test_junk(junk):
    with pytest.raises(InputError, match=r"d\.rda"):
        read_frame(junk, "d", what="d.rda")


def test_random_damage_never_escapes():
    rng = np.random.default_rng(0)
    for _ in range(1500):
        content = bytearray(GOOD)
        for place in rng.integers(0, len(GOOD), rng.integers(1, 5)):
            content[place] = rng.integers(256)
        with suppress(InputError):
            read_frame(bytes(content), "d", what="d.rda")
