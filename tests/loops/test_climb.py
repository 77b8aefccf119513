"""Expectation-maximisation on sums ends where that on tables of items ends."""

import numpy as np
import pytest

from labelwright.data import simulate
from labelwright.errors import InputError
from labelwright.evidence import Votes
from labelwright.loops import climb, em, flat
from labelwright.passes.votes import VoteCounts, posterior


def test_it_is_em_where_the_m_step_needs_sums_only():
    """Dawid and Skene by `em` (a table of items) and by `climb` (sums): the same confusions, round by round."""
    labels = np.random.default_rng(0).integers(0, 3, 200)
    crowd = simulate.annotators(labels, 5, np.random.default_rng(1), per_item=3)
    votes = Votes(crowd.evidence.wide(), [0, 1, 2], smoothing=0.5)
    rounds = 7
    by_table = em(
        votes, lambda t: np.tile(t.mean(axis=0), (len(t), 1)), flat(200, 3), max_iter=rounds, tol=None
    )

    def expect(now):
        sums = VoteCounts(*now).update(votes).result()
        return sums, sums.log_evidence

    def maximise(sums, now):
        counts = sums.votes + 0.5 * votes.confusion
        return counts / counts.sum(axis=-1, keepdims=True), sums.items / sums.items.sum()

    by_sums = climb(expect, maximise, (votes.confusion, np.full(3, 1 / 3)), max_iter=rounds, tol=0.0)
    np.testing.assert_allclose(by_sums.parameters[0], by_table.evidence.confusion, atol=1e-9)
    np.testing.assert_allclose(posterior(votes, *by_sums.parameters), by_table.targets, atol=1e-9)
    np.testing.assert_allclose(np.array(by_sums.trace) / 200, by_table.trace[:rounds], atol=1e-9)


def test_it_says_whether_it_converged():
    still = climb(lambda p: (p, 0.0), lambda s, p: p, 1.0)
    assert still.converged
    assert len(still.trace) == 2
    rising = climb(lambda p: (p, p), lambda s, p: p + 1, 0.0, max_iter=5)
    assert not rising.converged
    assert rising.trace == [0, 1, 2, 3, 4]


def test_rounds_are_needed():
    with pytest.raises(InputError, match="max_iter=0"):
        climb(lambda p: (p, 0.0), lambda s, p: p, 1.0, max_iter=0)
