"""The demonstration on real sentences, whose truth is known."""

import json
import re
from pathlib import Path

import pytest

from .messy import RESULTS, command


@pytest.mark.slow
@pytest.mark.network
def test_the_demo_finds_real_errors(tmp_path: Path) -> None:
    ran = command("demo", "--out", tmp_path / "out", "--json")
    assert ran.code == 0
    said = json.loads(ran.out)
    # Of a random 100 sentences 3 are wrong; the plainest method of all finds 29 (one model, its own confidence).
    assert said["wrong_in_first_100"] >= 30
    assert 0.02 < said["true_error_rate"] < 0.05
    shown = re.search(r"first 100: (\d+) wrong, (\d+) times as many as in a random 100", ran.err)
    assert shown is not None
    assert int(shown[1]) == said["wrong_in_first_100"]
    assert {p.name for p in (tmp_path / "out").iterdir()} == RESULTS | {"corrected.csv", "sentences.csv"}
