import re
from html.parser import HTMLParser

import numpy as np
import pytest
from markupsafe import Markup

from labelwright.report import bars, heat_map, interval_bar, plain_table, range_cell, reliability
from labelwright.report.charts import ceiling

BAD = '"><img src=x onerror=alert(1)>'


class Balance(HTMLParser):
    """Every element that opens closes, in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.attributes += [name for name, _ in attrs]
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def drawn():
    rng = np.random.default_rng(0)
    matrix = rng.dirichlet(np.ones(4), size=4)
    one = rng.random(5)
    return {
        "interval": interval_bar(0.031, 0.026, 0.037, label=BAD),
        "range": range_cell(0.03, 0.02, 0.04, 0.1),
        "bars": bars([(BAD, 3, BAD), ("b", 0, "0")], label=BAD),
        "heat": heat_map(
            matrix, [BAD, "b", "", "d" * 300], rows=BAD, columns=BAD, caption=BAD, counts=matrix * 50
        ),
        "reliability": reliability(one, one, one * 0.9, one, one * 100, x=BAD, y=BAD),
        "table": plain_table(["a", BAD], [[BAD, BAD]], caption=BAD),
    }


@pytest.mark.parametrize("name", list(drawn()))
def test_charts_are_whole_and_escaped(name):
    html = drawn()[name]
    assert isinstance(html, Markup)
    assert not {a for a in Balance(html).attributes if a.startswith("on")}
    assert "<img" not in html


@pytest.mark.parametrize("name", ["interval", "heat", "reliability"])
def test_charts_say_in_words_what_they_show(name):
    assert re.search('aria-label="[^"]{8,}"', drawn()[name])


def test_unknown_numbers_leave_no_nan_on_the_page():
    nan = float("nan")
    bad = np.array([nan, 0.5]), np.array([0.5, nan]), np.zeros(2), np.ones(2), np.array([3, 0])
    html = "".join(
        [
            interval_bar(nan, nan, nan, label="x"),
            interval_bar(0.2, nan, nan, label="x"),
            range_cell(nan, 0, 1, 1),
            range_cell(0.1, nan, nan, 0.5),
            bars([("a", nan, "-")], label="x"),
            reliability(*bad, x="x", y="y"),
            heat_map(
                np.full((2, 2), nan),
                ["a", "b"],
                rows="r",
                columns="c",
                caption="x",
                counts=np.full((2, 2), nan),
            ),
        ]
    )
    assert "nan" not in html.lower()


@pytest.mark.parametrize("k", [2, 12, 13, 30])
def test_heat_map_has_a_cell_for_each_pair(k):
    html = heat_map(np.eye(k), [str(i) for i in range(k)], rows="is", columns="said", caption="c")
    assert html.count("<td") == k * k + 1
    assert html.count('class="same"') == k


def test_nothing_to_show_is_a_sentence():
    assert "None yet." in bars([], label="x", empty="None yet.")
    assert "None yet." in plain_table(["a"], [], caption="x", empty="None yet.")
    assert "Too few" in reliability(*[np.array([])] * 5, x="x", y="y")


@pytest.mark.parametrize("value", [1e-9, 1e-4, 0.0099, 0.01, 0.037, 0.5, 0.79, 0.81, 1.0])
def test_ceiling_leaves_room(value):
    assert value <= ceiling(value) <= 1
