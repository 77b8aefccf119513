"""Priors of a stream: followed, alarmed about, and not without cause."""

import numpy as np
import pytest

from labelwright import InputError
from labelwright.shift import PriorStream


def drawn(n, rng, k=3, sure=1.6):
    """Posteriors too sure of themselves, and labels."""
    probs = rng.dirichlet(np.full(k, 0.3), n)
    codes = (rng.random((n, 1)) > probs.cumsum(axis=1)).sum(axis=1).clip(0, k - 1)
    probs = probs**sure
    return probs / probs.sum(axis=1, keepdims=True), codes


@pytest.mark.parametrize("priors", ["mlls", "mlls-plain"])
def test_false_alarms_are_as_rare_as_promised(priors):
    alarms, rows = 0, 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        probs, codes = drawn(1000, rng)
        alarms += len(PriorStream(priors, run_length=500).fit(probs, codes).update(drawn(4000, rng)[0]))
        rows += 4000
    assert alarms * 500 <= rows


def test_a_change_is_found_and_followed():
    delays = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        probs, codes = drawn(2000, rng)
        stream = PriorStream(memory=300).fit(probs, codes)
        before = stream.update(drawn(1000, rng)[0])
        new, labels = drawn(6000, rng)
        rows = np.flatnonzero((labels == 0) | (rng.random(6000) < 0.15))
        raised = stream.update(new[rows])
        assert raised
        assert stream.alarms_ == before + raised
        delays.append(raised[0].row - 1000)
        np.testing.assert_allclose(stream.priors_, np.bincount(labels[rows]) / len(rows), atol=0.12)
        assert stream.weights_ @ stream.source_priors_ == pytest.approx(1)
    assert np.median(delays) < 150


def test_blocks_do_not_matter():
    rng = np.random.default_rng(0)
    probs, codes = drawn(500, rng)
    new = drawn(900, rng)[0][:, [1, 0, 2]] ** 0.5
    new /= new.sum(axis=1, keepdims=True)
    whole, parts = (PriorStream(run_length=50).fit(probs, codes) for _ in range(2))
    raised = whole.update(new)
    pieces = [alarm for at in range(0, 900, 7) for alarm in parts.update(new[at : at + 7])]
    assert [a.row for a in raised] == [a.row for a in pieces]
    np.testing.assert_allclose(whole.priors_, parts.priors_)
    assert whole.n_seen_ == parts.n_seen_ == 900
    assert whole.evidence_ == pytest.approx(parts.evidence_)
    assert whole.update(new[:0]) == []


def test_rebase_makes_the_new_balance_the_reference():
    rng = np.random.default_rng(1)
    probs, codes = drawn(3000, rng)
    stream = PriorStream(memory=500).fit(probs, codes)
    new, labels = drawn(12_000, rng)
    rows = np.flatnonzero((labels == 0) | (rng.random(12_000) < 0.2))
    assert stream.update(new[rows[:2000]])
    stream.rebase()
    assert len(stream.update(new[rows[2000:4000]])) <= 1
    assert stream.update(drawn(3000, rng)[0])  # back to the balance of the source is a change now


def test_corrected_probabilities_follow():
    rng = np.random.default_rng(2)
    probs, codes = drawn(1000, rng)
    stream = PriorStream("mlls-plain", memory=100).fit(probs, codes)
    np.testing.assert_allclose(stream.correct(probs), probs, atol=1e-9)
    stream.update(np.tile([[0.9, 0.05, 0.05]], (400, 1)))
    assert (stream.correct(probs)[:, 0] >= probs[:, 0] - 1e-12).all()


def test_a_class_without_source_rows_keeps_its_place():
    rng = np.random.default_rng(3)
    probs, codes = drawn(600, rng)
    with pytest.warns(UserWarning, match="no row of 1 classes"):
        stream = PriorStream().fit(probs[codes != 1], codes[codes != 1], [0, 1, 2])
    stream.update(probs[:50])
    assert stream.priors_[1] == 0
    assert np.isfinite(stream.priors_).all()


def test_bad_input_is_named():
    rng = np.random.default_rng(4)
    probs, codes = drawn(100, rng)
    for options, says in (({"memory": 0}, "memory=0"), ({"run_length": 1}, "run_length=1")):
        with pytest.raises(InputError, match=says):
            PriorStream(**options).fit(probs, codes)
    with pytest.raises(InputError, match="sum to 1"):
        PriorStream().fit(probs, codes).update(probs * 0.5)
