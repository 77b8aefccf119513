"""What the study of wrong test labels counts, and that its page says what was measured."""

import json
import re

import numpy as np
import pytest
from tests.docs.blocks import ROOT
from tests.docs.site import generate

from bench import corruption

MADE = ROOT / "bench" / "corruption.json"


def test_pairs_in_another_order():
    assert corruption.swapped(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.2, 0.3])) == 0
    assert corruption.swapped(np.array([1.0, 2.0, 3.0]), np.array([0.3, 0.2, 0.1])) == 1
    assert corruption.swapped(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.1, 0.3])) == pytest.approx(0.5 / 3)


def test_what_a_pick_costs():
    reference = np.array([0.9, 0.8, 0.7])
    assert corruption.cost(reference, np.array([3, 2, 1])) == 0
    assert corruption.cost(reference, np.array([1, 2, 3])) == pytest.approx(0.2)
    assert corruption.cost(reference, np.array([3, 3, 1])) == pytest.approx(0.05)  # either of two


def test_uniform_errors_are_as_many_as_asked():
    rng, truth = np.random.default_rng(0), np.random.default_rng(1).integers(0, 5, 4000)
    labels = corruption.spoil(truth, 5, 400, rng)
    assert (labels != truth).sum() == 400
    assert labels.min() >= 0
    assert labels.max() < 5
    assert (
        np.bincount((labels - truth)[labels != truth] % 5, minlength=5)[1:].min() > 70
    )  # of every other class


def test_real_and_uniform_errors_are_compared_on_the_same_rows():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 500)
    given = np.where(rng.random(500) < 0.2, (truth + 1) % 3, truth)
    said = np.stack([given, truth], axis=1)  # one copies the errors, one knows the truth
    split = corruption.Split(None, given, truth, None, given, truth, 3)
    found = corruption.one_set(split, said, np.arange(500), rng)
    assert found["real"]["swapped"] == 1
    assert found["real"]["cost"] == pytest.approx((given != truth).mean())
    assert found["uniform"]["swapped"] == 0


def test_every_family_has_twelve_models():
    assert len(corruption.word_models()) == len(corruption.vector_models()) == 12


@pytest.mark.skipif(not MADE.is_file(), reason="the study was not run in this checkout")
def test_the_page_says_what_was_measured():
    found = json.loads(MADE.read_text(encoding="utf-8"))
    page = generate.expand((ROOT / "docs" / "corruption.md").read_text(encoding="utf-8"))
    assert set(corruption.DRAWN) <= set(found) <= set(corruption.SETS)
    for name, s in found.items():
        assert f"| {s['n']:,} | {s['wrong']:,.0f} |" in page
        assert s["seeds"] == 6
        for share, t in s.get("shares", {}).items():
            row = next(
                line
                for line in page.partition(f"### {name}\n")[2].splitlines()
                if line.startswith(f"| {float(share):.1%} |")
            )
            for arm in ("real", "uniform", "fresh"):
                assert f"{t[arm]['swapped'][0]:.1%} ±" in row
    # What the page says in words, without numbers.
    for name in corruption.DRAWN:
        for t in found[name]["shares"].values():
            assert t["real - fresh"]["swapped"][2] < 0, (
                f"{name}: chance no longer changes more than errors do"
            )
    assert all(s["whole"]["real"]["cost"][0] < 0.005 for s in found.values())
    below = [
        -s["whole"]["real"]["level"][0] < s["wrong"] / s["n"] and s["whole"]["real"]["level"][0] < 0.001
        for s in found.values()
    ]
    assert all(below)
    assert page.count("<svg") == 4
    assert not re.search("<!-- generated", page)
