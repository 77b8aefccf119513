"""Each check notices a broken promise and says which, in a sentence."""

import inspect

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from labelwright import Candidates, Exact, InputError, Marks, Noisy
from labelwright.audit import ConfidentLearning
from labelwright.evidence import Evidence, RowEvidence
from labelwright.parts import noise, pools, scores
from labelwright.testing import (
    ContractError,
    check_evidence,
    check_method,
    check_noise,
    check_pool,
    check_score,
    contract_examples,
    public_classes,
)


def broken(check, thing, message, **options):
    with pytest.raises(ContractError, match=message) as caught:
        check(thing, **options)
    sentence = str(caught.value)
    assert ": " in sentence
    assert "\n" not in sentence
    return sentence


class Bad(Candidates):
    """Candidates with one method spoiled."""

    def __init__(self, allowed=((True, True, False), (False, True, True), (True, True, True)), classes=None):
        super().__init__(allowed, classes)


class Unnormalised(Bad):
    def posterior(self, probs):
        return super().posterior(probs) * 0.9


class Forgetful(Bad):
    def posterior(self, probs):
        return np.asarray(probs, dtype=float)


class Positive(Bad):
    def log_evidence(self, probs):
        return super().log_evidence(probs) + 5


class Scaled(Bad):
    def log_evidence(self, probs):
        return super().log_evidence(probs) * 8


class Meddling(Bad):
    def posterior(self, probs):
        result = super().posterior(probs)
        probs *= 2
        return result


class Misplaced(Bad):
    def __getitem__(self, items):
        return super().__getitem__(np.sort(np.atleast_1d(np.arange(len(self))[items])))


class Lenient(Bad):
    def _refuse_impossible(self, top):
        pass


class Nameless(Bad):
    def _refuse_impossible(self, top):
        if np.isneginf(top).any():
            raise InputError("something is impossible")


class Loose(Bad):
    def support(self, probs):
        return super().support(probs) + 1


class Shrinking(Bad):
    def update(self, targets):
        return self[:1]


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (Unnormalised, "Unnormalised: rows of the posterior sum to 1, but at"),
        (Forgetful, "Forgetful: the posterior equals enumeration of all labelings, but at"),
        (Positive, "Positive: log_evidence is at most 0, but the largest"),
        (Scaled, "Scaled: log_evidence adds up to the enumerated sum"),
        (Meddling, "Meddling: it must not change probs"),
        (Misplaced, "Misplaced: posterior commutes with taking a new order"),
        (Lenient, "Lenient: evidence the model calls impossible raises InputError, but nothing"),
        (Nameless, "Nameless: the error names row 0 as the first, but it says"),
        (Loose, r"Loose: support lies in \[0, 1\]"),
        (Shrinking, "Shrinking: update keeps the items, but 1 are left"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_broken_evidence_is_noticed(cls, message):
    check_evidence(Bad())
    broken(check_evidence, cls(), message)


class WrongTags(Marks):
    def posterior(self, probs):
        return 1 - super().posterior(probs)


def test_broken_tags_are_noticed():
    broken(check_evidence, WrongTags([[1, 0, -1]]), "enumeration")


def test_long_evidence_is_checked_on_its_first_items():
    check_evidence(Exact(np.arange(40) % 7))
    broken(check_evidence, Forgetful(np.tile([[True, False]], (40, 1))), "enumeration")


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (lambda p, y: 1 - scores.doubt(p, y), "planted wrong labels rank above chance"),
        (lambda p, y: 2 * scores.doubt(p, y), r"scores lie in \[0, 1\]"),
        (lambda p, y: np.nan_to_num(scores.doubt(p, y)), "NaN where nothing was told"),
        (lambda p, y: scores.doubt(p, y)[:-1], "have shape"),
        (
            lambda p, y: np.where(np.arange(len(p)) == 0, 0.5, scores.doubt(p, y).T).T,
            "follow their items|NaN",
        ),
        (lambda p, y: np.asarray(p)[:, 0], "do not depend on the order of the classes"),
    ],
)
def test_broken_scores_are_noticed(score, message):
    broken(check_score, score, message)


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        (lambda s: np.nansum(s, axis=1), "NaN"),
        (lambda s: np.nan_to_num(pools.mean(s)), "without a known tag is NaN"),
        (lambda s: 2 * pools.worst(s), "between"),
        (
            lambda s: pools.mean(np.where(np.isnan(s).all(axis=1)[:, None], s, np.nan_to_num(s))),
            "unknown tags are left out|between",
        ),
        (lambda s: np.where(np.isnan(s[:, 0]), pools.mean(s), s[:, 0]), "order of the tags|left out"),
        (lambda s: np.asarray(s), "one number per item"),
    ],
)
def test_broken_pools_are_noticed(pool, message):
    broken(check_pool, pool, message)


@pytest.mark.parametrize(
    ("estimate", "message"),
    [
        (lambda p, y: noise.confident_joint(p, y)[:1], "has shape"),
        (lambda p, y: noise.confident_joint(p, y) - 5, "at least 0"),
        (lambda p, y: noise.confident_joint(p, y) + 1, "diagonal"),
        (lambda p, y: noise.confident_joint(p, y) * np.arange(1, np.shape(p)[1] + 1), "order of the classes"),
        (lambda p, y: np.diag(y.counts), "contradicts"),
        (lambda p, y: noise.confident_joint(p, y) * len(y), "without a label"),
    ],
)
def test_broken_noise_is_noticed(estimate, message):
    broken(check_noise, estimate, message)


class Plain(ClassifierMixin, BaseEstimator):
    """Logistic regression by another name.

    Parameters
    ----------
    model : classifier
    random_state : int, optional

    Examples
    --------
    >>> Plain()
    Plain()
    """

    cites = ("nobody2024nothing",)

    def __init__(self, model=None, *, random_state=None):
        self.model, self.random_state = model, random_state

    def fit(self, X, y):
        self.model_ = LogisticRegression().fit(X, y)
        self.classes_, self.n_features_in_ = self.model_.classes_, self.model_.n_features_in_
        return self

    def predict_proba(self, X):
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        return self.model_.predict_proba(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def predict(self, X):
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]


def with_doc(cls):
    cls.__doc__ = cls.__doc__ or Plain.__doc__
    return cls


@with_doc
class Renaming(Plain):
    def __init__(self, model=None, *, random_state=None):
        super().__init__(model or LogisticRegression(), random_state=random_state)


@with_doc
class Eager(Plain):
    def __init__(self, model=None, *, random_state=None):
        super().__init__(model, random_state=random_state)
        self.model_ = None


class Undocumented(Plain):
    """Says nothing about itself."""


@with_doc
class Uncited(Plain):
    cites = "nobody2024nothing"


@with_doc
class Overconfident(Plain):
    def fit(self, X, y):
        super().fit(X, y)
        X *= 2
        return self


@with_doc
class Ignorant(Plain):
    def predict_proba(self, X):
        return np.roll(super().predict_proba(X), 1, axis=1)


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (Undocumented, "the docstring has a section Examples"),
        (Uncited, "cites is a tuple of keys"),
        (Renaming, "the constructor keeps model as it was given"),
        (Eager, "nothing is fitted before fit, but there is model_"),
        (Overconfident, "check_estimator|must not change X"),
        (Ignorant, "check_estimator|no worse|beats chance"),
    ],
)
def test_broken_classifiers_are_noticed(cls, message):
    broken(check_method, cls(), message)


def test_a_good_classifier_passes():
    check_method(LogisticRegression())
    check_method(Plain(LogisticRegression()))


@with_doc
class Untagged(Plain):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags


def test_an_expected_failure_is_passed_over_with_its_reason():
    broken(check_method, Untagged(), "check_estimator passes, but it says: .*sparse")
    check_method(
        Untagged(), expected_failures={"check_estimator_sparse_tag": "takes sparse rows all the same"}
    )


class Finder(ConfidentLearning):
    __doc__ = ConfidentLearning.__doc__


class FlagsAll(Finder):
    def fit(self, probs, labels, **options):
        super().fit(probs, labels, **options)
        self.issues_ = np.ones(len(probs), dtype=bool)
        return self


class FlagsRight(Finder):
    def fit(self, probs, labels, **options):
        super().fit(probs, labels, **options)
        self.issues_ = self.support_ > 0.9
        self.ranking_ = np.flatnonzero(self.issues_)
        return self


class Swallows(Finder):
    def fit(self, probs, labels, **options):
        if len(probs) != len(labels):
            return self
        return super().fit(probs, labels, **options)


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (FlagsAll, "ranking_ holds every flagged item once"),
        (FlagsRight, "flags hit above the base rate"),
        (Swallows, "one row of probs too few: a ValueError, but nothing was raised"),
    ],
)
def test_broken_finders_are_noticed(cls, message):
    check_method(Finder())
    broken(check_method, cls(), message)


def test_public_classes_walks():
    names = [c.__name__ for c in public_classes("labelwright.evidence")]
    assert {"Exact", "Votes", "Noisy", "Evidence", "RowEvidence"} <= set(names)
    assert len(names) == len(set(names))
    found = public_classes()
    assert ConfidentLearning in found
    assert not [c for c in found if c.__name__.startswith("_")]
    assert not [c for c in found if not c.__module__.startswith("labelwright.")]


def test_examples_by_convention():
    assert contract_examples(Evidence) == contract_examples(RowEvidence) == ()
    assert len(contract_examples(ConfidentLearning)) == 1
    assert {type(e.evidence).__name__ for e in contract_examples(Noisy)} >= {
        "Exact",
        "Votes",
        "Marks",
        "Noisy",
    }

    class Needy:
        def __init__(self, something):
            pass

    class Empty:
        @classmethod
        def contract_examples(cls):
            return []

    with pytest.raises(
        ContractError, match=r"Needy cannot be built without arguments .* classmethod contract_examples"
    ):
        contract_examples(Needy)
    with pytest.raises(ContractError, match="is empty"):
        contract_examples(Empty)


def test_the_suite_needs_no_test_runner():
    import labelwright.testing.discover as discover
    import labelwright.testing.evidence as evidence
    import labelwright.testing.methods as methods
    import labelwright.testing.parts as parts

    for module in (discover, evidence, methods, parts):
        source = inspect.getsource(module)
        assert "import pytest" not in source
        assert "hypothesis" not in source
