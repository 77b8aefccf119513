"""Every posterior and every log-evidence equals going through all labelings."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from tests.evidence import small

from labelwright import InputError
from labelwright.testing import enumerate_labels

SLOWLY = settings(derandomize=True, deadline=None, max_examples=60)


def enumerate_slowly(case, probs):
    """Posterior, log-evidence and mass of every labeling, from the likelihoods written out in `small`."""
    n, k = probs.shape
    if case.tags:
        cells = [(i, t) for i in range(n) for t in range(k)]
        weigh = [[(1 - probs[c], probs[c])[s] * case.likelihood(*c, s) for s in (0, 1)] for c in cells]
    else:
        weigh = [[probs[i, s] * case.likelihood(i, s) for s in range(k)] for i in range(n)]
    states = len(weigh[0])
    total, mass = 0.0, np.zeros((len(weigh), states))
    for labels in itertools.product(range(states), repeat=len(weigh)):
        p = np.prod([w[s] for w, s in zip(weigh, labels)])
        total += p
        mass[np.arange(len(weigh)), labels] += p
    if total == 0:
        return None, -np.inf
    posterior = mass / total
    return posterior[:, 1].reshape(n, k) if case.tags else posterior, np.log(total)


@pytest.mark.parametrize("kind", small.ONE_CLASS + small.TAGS, ids=lambda k: k.__name__)
def test_posterior_and_log_evidence_equal_enumeration(kind):
    possible = []

    @SLOWLY
    @given(small.cases((kind,)))
    def check(drawn):
        case, probs = drawn
        posterior, told = enumerate_slowly(case, probs)
        if posterior is None:
            with pytest.raises(InputError, match="impossible"):
                case.evidence.posterior(probs)
            return
        np.testing.assert_allclose(case.evidence.posterior(probs), posterior, atol=1e-9)
        np.testing.assert_allclose(case.evidence.log_evidence(probs).sum(), told, atol=1e-8)
        possible.append(case)

    check()
    assert len(possible) > 10


@SLOWLY
@given(small.cases())
def test_likelihood_of_a_labeling_equals_the_slow_product(drawn):
    case, probs = drawn
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=probs.shape) if case.tags else rng.integers(case.k, size=case.n)
    slow = np.prod(
        [case.likelihood(*c, labels[c]) for c in np.ndindex(*probs.shape)]
        if case.tags
        else [case.likelihood(i, labels[i]) for i in range(case.n)]
    )
    assert case.evidence.likelihood_of(labels) == pytest.approx(slow, abs=1e-12)


@SLOWLY
@given(small.cases())
def test_the_public_enumeration_agrees_with_the_slow_one(drawn):
    case, probs = drawn
    expected, told = enumerate_slowly(case, probs)
    assume(expected is not None)
    posterior, found = enumerate_labels(case.evidence, probs)
    np.testing.assert_allclose(posterior, expected, atol=1e-9)
    assert found == pytest.approx(told)


@SLOWLY
@given(small.cases())
def test_log_evidence_is_at_most_zero_and_never_nan(drawn):
    case, probs = drawn
    try:
        told = case.evidence.log_evidence(probs)
    except InputError:
        assume(False)
    assert told.shape == (case.n,)
    assert (told <= 0).all()


def test_enumeration_of_too_much_is_refused():
    case = small.exact(np.random.default_rng(0), 5, 4)
    with pytest.raises(InputError, match="labelings, more than"):
        enumerate_labels(case.evidence[np.arange(5).repeat(4)], np.full((20, 4), 0.25))
