"""The contract holds for every public class, score, pool and noise estimate found by walking the package."""

import inspect

import pytest
from sklearn.base import BaseEstimator

from labelwright import evidence
from labelwright.audit import Opinion
from labelwright.evidence import Evidence
from labelwright.parts import noise, pools, scores
from labelwright.testing import (
    check_evidence,
    check_judge,
    check_method,
    check_noise,
    check_pool,
    check_score,
    contract_examples,
    public_classes,
)


def answers_with(cls, verb, record):
    """Whether a class of ours, no protocol, has a method that returns such a record."""
    method = getattr(cls, verb, None)
    return (
        inspect.isfunction(method)
        and not getattr(cls, "_is_protocol", False)
        and inspect.signature(method).return_annotation is record
    )


CLASSES = public_classes()
EVIDENCE = [c for c in CLASSES if issubclass(c, Evidence) and not inspect.isabstract(c)]
JUDGES = [c for c in CLASSES if answers_with(c, "judge", Opinion) and not inspect.isabstract(c)]
METHODS = [c for c in CLASSES if issubclass(c, BaseEstimator)]
EXPECTED_FAILURES: dict[str, dict[str, str]] = {}  # class name -> check -> reason


def public_functions(module):
    """Functions a part file offers under its own name."""
    return [
        f
        for n, f in vars(module).items()
        if inspect.isfunction(f) and f.__module__ == module.__name__ and n[0] != "_"
    ]


def test_the_walk_finds_what_there_is():
    names = {c.__name__ for c in EVIDENCE}
    public = {n for n in evidence.__all__ if inspect.isclass(getattr(evidence, n))}
    assert names == public - {"Evidence", "RowEvidence"}
    assert {c.__name__ for c in JUDGES} >= {"FunctionJudge", "JudgeEnsemble", "ModelJudge"}
    assert "ConfidentLearning" in {c.__name__ for c in METHODS}


@pytest.mark.parametrize("cls", EVIDENCE, ids=lambda c: c.__name__)
def test_every_evidence_type(cls):
    for example in contract_examples(cls):
        check_evidence(example)


@pytest.mark.parametrize("cls", METHODS, ids=lambda c: c.__name__)
def test_every_method(cls):
    for example in contract_examples(cls):
        check_method(example, expected_failures=EXPECTED_FAILURES.get(cls.__name__))


@pytest.mark.parametrize("cls", JUDGES, ids=lambda c: c.__name__)
def test_every_judge(cls):
    for example in contract_examples(cls):
        check_judge(example)


@pytest.mark.parametrize("score", public_functions(scores), ids=lambda f: f.__name__)
def test_every_score(score):
    check_score(score)


@pytest.mark.parametrize("pool", public_functions(pools), ids=lambda f: f.__name__)
def test_every_pool(pool):
    check_pool(pool)


def test_the_noise_estimate():
    check_noise(noise.confident_joint)
