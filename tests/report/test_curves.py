"""Lines and slopes: marks stand where their numbers are, texts are harmless, nothing is coloured for one theme only."""

import re

import numpy as np
import pytest

from labelwright.report import Line, Mark, curves, slopes

X = np.linspace(0.1, 0.9, 5)


def points(drawn):
    return [
        [tuple(map(float, p.split(","))) for p in found.split()]
        for found in re.findall(r'<polyline points="([^"]+)"', drawn)
    ]


def test_points_stand_where_their_numbers_are():
    drawn = curves(
        [Line("a", X, X), Line("b", X, 1 - X, X * 0, X * 0 + 1)], x="x", y="y", label="l",
        marks=[Mark(0.5, 0.5, "they meet")],
    )  # fmt: skip
    one, other = points(drawn)
    assert [p[0] for p in one] == [p[0] for p in other]
    assert np.ptp([one[i][1] + other[i][1] for i in range(5)]) < 0.2  # mirror images
    assert one[0][1] > one[-1][1]  # up is up
    x, y = map(float, re.search(r'<path d="M([\d.]+) ([\d.]+)l6 6', drawn).groups())
    assert (x, y + 6) == pytest.approx(one[2], abs=0.1)
    assert drawn.count("<polygon") == 1
    assert "they meet" in drawn


def test_a_scale_can_begin_at_zero():
    drawn = curves([Line("a", X, X + 5)], x="x", y="y", label="l", from_zero=True)
    assert ">0\u00a0%<" in drawn
    flat = curves([Line("a", X, X * 0)], x="x", y="y", label="l")
    assert "nan" not in flat


def test_names_are_text_and_do_not_cover_each_other():
    lines = [Line(f"<b>{i}</b>" * 9, X, X * 0 + 0.5 + i * 1e-4) for i in range(12)]
    drawn = curves(lines, x="<x>", y="&y", label='"l"')
    assert "<b>" not in drawn
    assert "&lt;x&gt;" in drawn
    places = sorted(float(y) for y in re.findall(r'<text x="569.0" y="([\d.-]+)"', drawn))
    assert len(places) == 12
    assert min(np.diff(places)) > 14
    assert "\n\n" not in drawn  # a blank line would end a block of HTML in Markdown


def test_slopes_join_ranks():
    before = np.array([[1.0, 2.0, 3.0], [1.0, 1.0, 3.0], [2.0, 3.0, 3.0]])
    after = before[:, [1, 0, 2]]
    drawn = slopes(["a", "b", "<c>"], before, after, left="given", right="corrected", label="l")
    lines = [
        tuple(map(float, v))
        for v in re.findall(
            r'<line x1="230" x2="490" y1="([\d.]+)" y2="([\d.]+)" [^>]*stroke-width="2"', drawn
        )
    ]
    assert len(lines) == 2  # two change places, one stays
    assert lines[0] == lines[1][::-1]
    assert "&lt;c&gt;" in drawn
    assert "a: rank 1 (1 to 2), then 2 (1 to 3)" in drawn


def test_colours_are_those_of_the_page():
    drawn = curves([Line("a", X, X)], x="x", y="y", label="l") + slopes(
        ["a"], np.ones((3, 1)), np.ones((3, 1)), left="l", right="r", label="l"
    )
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', drawn)) <= {"currentColor", "none"}
