import json
import math

import numpy as np
import pytest

from labelwright.report.text import DASH, NBSP, about, count, percent, percents, plain, script_json


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "none"),
        ("", "(empty)"),
        ("  ", "(empty)"),
        (1, "1"),
        (1.0, "1"),
        (1.5, "1.5"),
        (np.int64(3), "3"),
        (np.float64(2), "2"),
        (True, "True"),
        (("a", 1), "('a', 1)"),
        (b"\xc3\xa9t\xc3\xa9", "été"),
        (math.inf, "inf"),
        ("a\x00b", "a␀b"),
        ("\u202eabc", "⟨RLO⟩abc"),
        ("\ud83d", "\ufffd"),
        ("a\x85b", "a\ufffdb"),
        ("tab\tstays", "tab\tstays"),
    ],
)
def test_plain_shows_any_value(value, shown):
    assert plain(value) == shown


def test_plain_survives_a_value_that_cannot_be_written():
    class Broken:
        def __str__(self):
            raise RuntimeError

    assert plain(Broken()) == "<Broken>"


def test_plain_cuts():
    assert plain("x" * 1_000_000, 400) == "x" * 399 + "…"
    assert plain("x" * 400, 400) == "x" * 400


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "\u2028\u2029", "&lt;", "\x00", '"\\'])
def test_script_json_reads_back_and_holds_nothing_the_parser_acts_on(text):
    written = script_json({text: [text]})
    assert json.loads(written) == {text: [text]}
    assert not set("<>&\u2028\u2029") & set(written)


def test_script_json_can_always_be_encoded():
    script_json("\ud83d").encode()


def test_numbers():
    assert percent(0.0314) == f"3.1{NBSP}%"
    assert percents(0.001, 0.0005, 0.002) == [f"0.10{NBSP}%", f"0.05{NBSP}%", f"0.20{NBSP}%"]
    assert percents(0, 0, 0.088) == [f"0{NBSP}%", f"0{NBSP}%", f"8.8{NBSP}%"]
    assert [about(x) for x in (0, 0.4, 1, 99.6, 538, math.nan)] == ["0", "0", "1", "100", "540", DASH]
    assert count(1234567.4) == "1,234,567"
