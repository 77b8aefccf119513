"""Learning the evidence's own parameters: slow M-steps, and EM that never goes down."""

import numpy as np
import pytest

from labelwright import Candidates, Exact, InputError, Marks, Noisy, Soft, Votes


def slow_confusion(said, targets, k, start, smoothing):
    """Dawid and Skene's M-step, vote by vote."""
    a = said.shape[1]
    counts = np.zeros((a, k, k))
    for i in range(len(said)):
        for j in range(a):
            if said[i, j] >= 0:
                for true in range(k):
                    counts[j, true, said[i, j]] += targets[i, true]
    counts += smoothing * start
    for j in range(a):
        for true in range(k):
            total = counts[j, true].sum()
            counts[j, true] = counts[j, true] / total if total > 0 else start[j, true]
    return counts


@pytest.mark.parametrize("smoothing", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("seed", range(3))
def test_votes_learn_as_the_slow_m_step_does(seed, smoothing):
    rng = np.random.default_rng(seed)
    said, targets = rng.integers(-1, 3, (20, 4)), rng.dirichlet(np.ones(3), 20)
    said[:, 3] = -1  # a source that never speaks
    start = rng.dirichlet(np.ones(3), (4, 3))
    votes = Votes(said, range(3), confusion=start, smoothing=smoothing)
    once = votes.update(targets)
    np.testing.assert_allclose(once.confusion, slow_confusion(said, targets, 3, start, smoothing), atol=1e-12)
    again = once.update(targets)  # smoothing goes by the first confusions, not by those learned
    np.testing.assert_allclose(again.confusion, once.confusion, atol=1e-12)
    np.testing.assert_allclose(votes.confusion, start)


def slow_channel(likelihood, targets, matrix):
    """How often each told state belongs to each true one: (n, s) likelihoods, (n, s) targets, (s, s)."""
    s = len(matrix)
    counts = np.zeros((s, s))
    for i in range(len(targets)):
        for true in range(s):
            share = [matrix[true, told] * likelihood[i, told] for told in range(s)]
            for told in range(s):
                if sum(share) > 0:
                    counts[true, told] += targets[i, true] * share[told] / sum(share)
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > 0, counts / np.where(total > 0, total, 1), matrix)


@pytest.mark.parametrize("kind", ["exact", "candidates", "soft", "votes"])
@pytest.mark.parametrize("seed", range(3))
def test_channels_learn_as_the_slow_m_step_does(seed, kind):
    rng = np.random.default_rng(seed)
    n, k = 15, 3
    matrix, targets = rng.dirichlet(np.ones(k), k), rng.dirichlet(np.ones(k), n)
    allowed = rng.random((n, k)) < 0.5
    allowed[:, 0] |= ~allowed.any(axis=1)
    base = {
        "exact": Exact.from_codes(rng.integers(-1, k, n), range(k)),
        "candidates": Candidates(allowed),
        "soft": Soft(rng.dirichlet(np.ones(k), n)),
        "votes": Votes(rng.integers(-1, k, (n, 3)), range(k), confusion=0.2),
    }[kind]
    likelihood = np.exp(base.log_likelihood())
    noisy = Noisy(base, matrix, learn=True)
    np.testing.assert_allclose(
        noisy.update(targets).matrix, slow_channel(likelihood, targets, matrix), atol=1e-12
    )
    assert noisy.update(targets).learn
    assert Noisy(base, matrix).update(targets).matrix is not None
    np.testing.assert_allclose(Noisy(base, matrix).update(targets).matrix, matrix)


def test_a_channel_keeps_rows_that_nothing_speaks_for():
    matrix = np.array([[0.7, 0.3], [0.4, 0.6]])
    learned = Noisy(Exact([0, 0], classes=[0, 1]), matrix, learn=True).update([[1, 0], [1, 0]])
    np.testing.assert_allclose(learned.matrix, [[1, 0], [0.4, 0.6]])


def test_tags_learn_one_channel_each_or_one_for_all():
    rng = np.random.default_rng(0)
    marks, targets = rng.integers(-1, 2, (30, 3)), rng.random((30, 3))
    each = rng.dirichlet(np.ones(2), (3, 2))
    learned = Noisy(Marks(marks), each, learn=True).update(targets)
    shared = Noisy(Marks(marks), each[0], learn=True).update(targets)
    assert shared.matrix.shape == (2, 2)
    told = np.exp(Marks(marks).log_likelihood())
    states = np.stack([1 - targets, targets], axis=-1)
    for t in range(3):
        np.testing.assert_allclose(
            learned.matrix[t], slow_channel(told[:, t], states[:, t], each[t]), atol=1e-12
        )
    pooled = slow_channel(told.reshape(-1, 2), states.reshape(-1, 2), each[0])
    np.testing.assert_allclose(shared.matrix, pooled, atol=1e-12)


def total_log_evidence(evidence, probs, rounds=25):
    trace = []
    for _ in range(rounds):
        trace.append(evidence.log_evidence(probs).sum())
        evidence = evidence.update(evidence.posterior(probs))
    return np.array(trace), evidence


@pytest.mark.parametrize("seed", range(5))
def test_em_never_lowers_the_log_evidence(seed):
    rng = np.random.default_rng(seed)
    n, k = 60, 3
    truth = rng.integers(k, size=n)
    probs = 0.3 + 0.7 * np.eye(k)[truth]
    probs /= probs.sum(axis=1, keepdims=True)
    said = np.where(rng.random((n, 5)) < 0.6, truth[:, None], rng.integers(-1, k, (n, 5)))
    codes = np.where(rng.random(n) < 0.7, truth, rng.integers(-1, k, n))
    allowed = (rng.random((n, k)) < 0.3) | np.eye(k, dtype=bool)[np.maximum(codes, 0)]
    tags = rng.integers(-1, 2, (n, k))
    start = rng.dirichlet(np.ones(k) * 3, k)
    for evidence, table in [
        (Votes(said, range(k), smoothing=0.0), probs),
        (Noisy(Exact.from_codes(codes, range(k)), start, learn=True), probs),
        (Noisy(Candidates(allowed), start, learn=True), probs),
        (Noisy(Votes(said, range(k)), start, learn=True), probs),
        (Noisy(Marks(tags), 0.3, learn=True), probs),
        (Noisy(Marks(tags), np.stack([[[0.8, 0.2], [0.3, 0.7]]] * k), learn=True), probs),
    ]:
        trace, _ = total_log_evidence(evidence, table)
        assert (np.diff(trace) > -1e-9).all(), repr(evidence)
        assert trace[-1] > trace[0] + 1e-3, repr(evidence)


def test_smoothed_votes_never_lower_the_penalised_log_evidence():
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=40)
    said = np.where(rng.random((40, 4)) < 0.7, truth[:, None], rng.integers(-1, 3, (40, 4)))
    votes, probs, trace = Votes(said, range(3), smoothing=2.0), np.full((40, 3), 1 / 3), []
    start = votes.confusion
    for _ in range(20):
        trace.append(votes.log_evidence(probs).sum() + 2.0 * (start * np.log(votes.confusion)).sum())
        votes = votes.update(votes.posterior(probs))
    assert (np.diff(trace) > -1e-9).all()


def test_em_finds_the_bad_source():
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=300)
    right = rng.random((300, 4)) < [0.95, 0.9, 0.85, 0.5]
    votes = Votes(np.where(right, truth[:, None], 1 - truth[:, None]))
    _, learned = total_log_evidence(votes, np.full((300, 2), 0.5))
    skill = np.diagonal(learned.confusion, axis1=1, axis2=2).mean(axis=1)
    np.testing.assert_allclose(skill, [0.95, 0.9, 0.85, 0.5], atol=0.07)


def test_evidence_without_parameters_stays_as_it_is():
    for evidence in (Exact([0, 1]), Candidates([[True, True]]), Soft([[0.5, 0.5]]), Marks([[1, 0]])):
        assert evidence.update(np.full((len(evidence), 2), 0.5)) is evidence


def test_a_smoothed_channel_is_the_learned_one_with_pseudo_items():
    start = np.array([[0.8, 0.2], [0.3, 0.7]])
    told, targets = Exact([0, 0, 1], classes=[0, 1]), np.eye(2)[[0, 1, 1]]
    plain, smoothed = (Noisy(told, start, learn=True, smoothing=s).update(targets) for s in (0, 4))
    counts = np.array([1, 2])[:, None]
    np.testing.assert_allclose(smoothed.matrix, (plain.matrix * counts + 4 * start) / (counts + 4))
    again = smoothed[:2].update(targets[:2])
    np.testing.assert_allclose(
        again.matrix, (np.array([[1, 0], [1, 0]]) + 4 * start) / 5
    )  # pulled to the start
    with pytest.raises(InputError, match="smoothing=-1"):
        Noisy(told, start, smoothing=-1)
