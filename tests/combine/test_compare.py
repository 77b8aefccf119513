"""Whether a label model helps, from votes it has not seen."""

import numpy as np
import pytest

from labelwright import InputError, Votes
from labelwright.combine.compare import gain_over_majority, not_identified
from labelwright.combine.dawid_skene import DawidSkene
from labelwright.combine.methods import METHODS, method


def crowd(skills, n=800, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    return np.where(rng.random((n, len(skills))) < skills, truth[:, None], 1 - truth[:, None])


def test_unequal_sources_are_worth_a_model():
    gain = gain_over_majority(DawidSkene(), Votes(crowd([0.95, 0.95, 0.55, 0.5, 0.5])))
    assert gain.low > 0
    assert "nats a vote" in str(gain)


def test_equal_sources_are_not():
    gain = gain_over_majority(DawidSkene(), Votes(crowd([0.75] * 6)))
    assert abs(gain.value) < 0.01
    assert gain.low < gain.value < gain.high


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_label_model_can_be_compared(name):
    votes = Votes(crowd([0.95, 0.95, 0.9, 0.55, 0.5, 0.5]))
    gain = gain_over_majority(method(name), votes)
    assert gain.low <= gain.value <= gain.high
    if name not in ("majority", "weighted-majority", "triplet", "hyper"):
        assert gain.value > 0
    if name == "weighted-majority":
        assert gain.value == 0


def test_it_is_the_same_each_time_and_leaves_the_model_alone():
    votes, model = Votes(crowd([0.9, 0.8, 0.6])), DawidSkene()
    assert gain_over_majority(model, votes) == gain_over_majority(model, votes)
    assert not hasattr(model, "votes_")


def test_too_few_items_with_two_votes():
    with pytest.raises(InputError, match="2 items have two votes or more"):
        gain_over_majority(DawidSkene(), Votes([[0, 1], [1, 0], [0, -1]]))


@pytest.mark.parametrize(
    ("wide", "reason"),
    [
        ([[0], [1]], "there is one source only"),
        ([[0, -1], [1, -1]], "there is one source only"),
        ([[0, 1], [1, 1]], "two sources only"),
        (np.where(np.eye(60, dtype=int) == 1, 1, -1), "only 0.0% of the votes"),
        ([[0, 1, -1], [0, -1, 1], [1, 1, 0], [1, 0, -1]] * 5, ""),
        ([[0, 1, 1], [0, -1, 1], [0, 1, 1]], "3 of 3 sources only ever say one class"),
        (crowd([0.9, 0.8, 0.7]), ""),
    ],
)
def test_what_agreement_cannot_tell(wide, reason):
    found = not_identified(Votes(wide, [0, 1]))
    assert found.startswith(reason) if reason.startswith("there") else reason in found
    assert bool(found) == bool(reason)
