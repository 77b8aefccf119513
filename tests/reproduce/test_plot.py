"""The picture of a claim says what the record says, and is a file of its own in light and dark."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from labelwright.reproduce.plot import COLOURS, STYLE, Axis, plot, save

SVG = "{http://www.w3.org/2000/svg}"


def record(**changes):
    return {
        "id": "S007", "claim": "toy", "says": "One <arm> beats & another.", "unit": "points", "verdict": "unclear",
        "arms": {
            "ours": {"mean": 2.0, "values": [1.0, 3.0]},
            "plain": {"mean": 1.0, "values": [0.5, 1.5]},
            "worse": {"mean": 0.75, "values": [0.5, 1.0]},
        },
        "comparisons": [
            {"arm": "ours", "of": "plain", "by": 0.5, "difference": 1.0, "low": 0.6, "high": 1.5, "verdict": "holds"},
            {"arm": "ours", "of": "worse", "by": 0.0, "difference": 1.25, "low": -0.5, "high": 2.0,
             "verdict": "unclear"},
        ],
    } | changes  # fmt: skip


def drawn(made):
    return ET.fromstring(plot(made, alone=True))


def places(tree):
    return [(float(c.get("cx")), float(c.get("cy"))) for c in tree.iter(f"{SVG}circle")]


def test_a_line_joins_the_dots_of_each_seed():
    tree, [first, second] = drawn(record()), [[], []]
    for i, place in enumerate(places(tree)):
        (first, second)[i % 2].append(place)
    lines = [
        [tuple(map(float, point.split(","))) for point in line.get("points").split()]
        for line in tree.iter(f"{SVG}polyline")
    ]
    assert lines == [first, second]


def test_intervals_lie_beside_zero_and_the_margin_where_their_numbers_are():
    made = record()
    paths = list(drawn(made).iter(f"{SVG}path"))
    bars = [p for p in paths if p.get("stroke") in COLOURS.values()]
    assert [p.get("stroke") for p in bars] == [COLOURS["holds"], COLOURS["unclear"]]
    ends = [re.match(r"M([\d.]+) [\d.]+H([\d.]+)", p.get("d")).groups() for p in bars]
    seen = [float(end) for pair in ends for end in pair]
    slope, zero = np.polyfit([c[key] for c in made["comparisons"] for key in ("low", "high")], seen, 1)
    assert slope > 0
    assert seen == pytest.approx([slope * v + zero for v in (0.6, 1.5, -0.5, 2.0)], abs=0.1)
    [margin] = [p for p in paths if p.get("stroke-dasharray")]
    solid = [p for p in paths if p.get("opacity") == "0.6"]
    starts = [float(re.match(r"M([\d.]+)", p.get("d"))[1]) for p in (margin, *solid)]
    assert starts == pytest.approx([slope * 0.5 + zero, zero], abs=0.1)
    means = [p for p in paths if p.get("fill") in COLOURS.values()]
    middles = [float(re.match(r"M([\d.]+)", p.get("d"))[1]) for p in means]
    assert middles == pytest.approx([slope * 1.0 + zero, slope * 1.25 + zero], abs=0.1)


def test_everything_stands_inside():
    for made in (record(), record(comparisons=[]), record(arms={"a": {"mean": 5.0, "values": [5.0] * 3}})):
        tree = drawn(made)
        left, top, width, height = map(float, tree.get("viewBox").split())
        for kind, across, down in (("circle", "cx", "cy"), ("text", "x", "y")):
            for thing in tree.iter(SVG + kind):
                assert left < float(thing.get(across)) < left + width
                assert top < float(thing.get(down)) < top + height


def test_ticks_are_round_and_few():
    rng = np.random.default_rng(0)
    for _ in range(300):
        low, size = rng.normal() * 10 ** rng.uniform(-3, 3), 10 ** rng.uniform(-4, 4)
        axis = Axis([low, low + size], 100)
        ticks = axis.ticks()
        assert 2 <= len(ticks) <= 7
        assert axis.low <= min(ticks)
        assert max(ticks) <= axis.high
    assert "-0" not in [f"{tick:g}" for tick in Axis([-1, 1], 0).ticks()]


def test_a_file_brings_its_colours_and_a_page_gives_its_own(tmp_path):
    path = save(record(), tmp_path / "new")
    assert path.name == "S007-toy.svg"
    text = path.read_text(encoding="utf-8")
    assert "prefers-color-scheme: dark" in text
    assert "S007 toy: unclear" in text
    assert "One &lt;arm&gt; beats &amp; another." in text
    assert not re.search(r"(href|src|url\()", text)  # nothing from elsewhere
    inside = plot(record())
    assert "<style" not in inside
    assert [line for line in inside.splitlines() if line.startswith("<circle")] == [
        line for line in text.splitlines() if line.startswith("<circle")
    ]
    assert "quick run" in plot(record(quick=True), alone=True)


def luminance(colour):
    full = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = np.array([int(full[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a, b):
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def test_colours_can_be_read_in_light_and_dark():
    found = re.findall(r"color: (#\w+); background: (#\w+)", STYLE)
    assert len(found) == 2
    for ink, paper in found:
        assert contrast(ink, paper) > 7
        assert all(contrast(colour, paper) > 3 for colour in COLOURS.values())
