"""Weak rules that vote where they apply and abstain elsewhere."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.data.simulate.checks import Labels, coded, rates, table, whole
from labelwright.data.simulate.checks import rate as checked
from labelwright.data.simulate.draws import even_sample, seed
from labelwright.errors import InputError
from labelwright.evidence import Votes


class Rules(NamedTuple):
    """Votes of rules, and what the rules are like.

    Attributes
    ----------
    evidence : Votes
        A rule that does not apply abstains.
    truth : int array (n,)
        Position of the true class in ``evidence.classes``.
    coverage : float array (r,)
        Chance that a rule applies.
    accuracy : float array (r,)
        Chance that a rule is right where it applies.
    correlation : float array (r, r)
        Correlation of two rules' being right where both apply; NaN where there is none, as with a rule that
        is always right.
    """

    evidence: Votes
    truth: np.ndarray
    coverage: np.ndarray
    accuracy: np.ndarray
    correlation: np.ndarray


def weak_rules(
    labels: Labels,
    n_rules: int,
    rng: np.random.Generator,
    *,
    coverage: ArrayLike = 0.3,
    accuracy: ArrayLike = 0.75,
    correlation: float = 0.0,
    n_classes: int | None = None,
) -> Rules:
    """Simulate rules with a coverage, an accuracy and a correlation that are known.

    A rule applies by chance, and names the true class with chance `accuracy`, else any other one alike. For every
    item there is one common draw of luck; a rule takes it with chance ``sqrt(correlation)``, otherwise one of its
    own, and says what that draw says.

    Known exactly: the truth, and the chances behind every vote: coverage, accuracy, and the correlation of every
    two rules, which is ``correlation * (min(a, b) - a b) / sqrt(a (1 - a) b (1 - b))`` for accuracies a and b,
    and so just `correlation` where they are equal.

    Keeps: whether a rule applies tells nothing about the truth; errors are alike for all classes.

    Breaks: that rules are independent of each other given the truth, where there is correlation.

    Parameters
    ----------
    labels : array-like (n,) or Exact
        Clean labels, of any sortable type; whole numbers below `n_classes` where that is given.
    n_rules : int
        Number of rules.
    rng : numpy.random.Generator
    coverage : float in [0, 1], or array-like (n_rules,), default 0.3
        Chance that a rule applies to an item.
    accuracy : float in [0, 1], or array-like (n_rules,), default 0.75
        Chance that a rule is right where it applies.
    correlation : float in [0, 1], default 0
        Chance that two rules share their luck about an item.
    n_classes : int, optional
        Number of classes, where not every class occurs.

    Examples
    --------
    >>> told = weak_rules(["a", "b"] * 1000, 3, np.random.default_rng(0), coverage=0.5, accuracy=0.8, correlation=0.4)
    >>> told.correlation.round(2).tolist()[0], bool(abs(told.evidence.n_votes / 6000 - 0.5) < 0.03)
    ([1.0, 0.4, 0.4], True)
    """
    codes, classes, _ = coded(labels, n_classes)
    n, k, r = len(codes), len(classes), whole(n_rules, "n_rules", 1)
    applies, right = rates(coverage, r, "coverage"), rates(accuracy, r, "accuracy")
    shared = np.sqrt(checked(correlation, "correlation"))
    luck, turn = rng.random(n), rng.integers(1, k, n)
    votes = np.full((n, r), -1, np.int32)
    for j in range(r):
        common = rng.random(n) < shared
        mine = np.where(common, luck, rng.random(n))
        other = (codes + np.where(common, turn, rng.integers(1, k, n))) % k
        votes[:, j] = np.where(rng.random(n) < applies[j], np.where(mine < right[j], codes, other), -1)
    spread = np.sqrt(right * (1 - right))
    with np.errstate(invalid="ignore", divide="ignore"):
        most = (np.minimum.outer(right, right) - np.outer(right, right)) / np.outer(spread, spread)
    exact = np.where(np.eye(r, dtype=bool), most, correlation * most)
    return Rules(Votes(votes, classes), codes, applies.copy(), right.copy(), exact)


def stump_rules(
    X: Any,
    labels: Labels,
    n_rules: int,
    rng: np.random.Generator,
    *,
    coverage: float = 0.3,
    n_seen: int = 20,
    n_classes: int | None = None,
) -> Rules:
    """Write rules such as "malignant where the radius is large", each learned from a few rows of a real table.

    Every rule is a decision stump: a threshold on one column, the best of a random few, chosen on `n_seen` rows drawn
    class by class. On either side it names the class that was most frequent there, and it abstains for rows near the
    threshold, so that about the share `coverage` is labelled.

    Known exactly: the truth; coverage, accuracy and correlation of every rule, counted on this very table.

    Breaks: what most label models take for granted: rules on one column err together, errors differ from class to
    class, and whether a rule applies tells something about the truth.

    Parameters
    ----------
    X : array or sparse matrix (n, d)
        Features.
    labels : array-like (n,) or Exact
        Clean labels, of any sortable type; whole numbers below `n_classes` where that is given.
    n_rules : int
        Number of rules.
    rng : numpy.random.Generator
    coverage : float in (0, 1], default 0.3
        Share of rows that a rule is to label. Rows with equal values stand or fall together, so that columns with
        few values can miss it by far; see `Rules.coverage`.
    n_seen : int, default 20
        Rows that a rule is learned from, at least one a class; fewer make worse rules.
    n_classes : int, optional
        Number of classes, where not every class occurs.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> told = stump_rules(X, y, 8, np.random.default_rng(0))
    >>> told.evidence, bool((told.accuracy > 0.6).all())
    (Votes(n=569, sources=8, classes=2, votes=1368), True)
    """
    codes, classes, _ = coded(labels, n_classes)
    n, k, r = len(codes), len(classes), whole(n_rules, "n_rules", 1)
    X = table(X, n)
    if X.ndim == 1:
        X = X[:, None]
    if not 0 < coverage <= 1:
        raise InputError(f"coverage must lie above 0 and at most at 1, not {coverage}")
    whole(n_seen, "n_seen", len(np.unique(codes)), n)
    votes = np.full((n, r), -1, np.int32)
    for j in range(r):
        votes[:, j] = _stump(X, codes, even_sample(codes, k, n_seen, rng), coverage, rng)
    return Rules(Votes(votes, classes), codes, *_measured(votes, codes))


def _stump(
    X: Any, codes: np.ndarray, seen: np.ndarray, coverage: float, rng: np.random.Generator
) -> np.ndarray:
    """Votes (n,) of one rule; none where the rows seen do not differ."""
    from sklearn.tree import DecisionTreeClassifier

    stump = DecisionTreeClassifier(max_depth=1, max_features="sqrt", random_state=seed(rng))
    stump.fit(X[seen], codes[seen])
    column, threshold = int(stump.tree_.feature[0]), float(stump.tree_.threshold[0])
    if column < 0:
        return np.full(len(codes), -1)
    values = X[:, [column]].toarray()[:, 0] if hasattr(X, "toarray") else X[:, column]
    far = np.abs(values - threshold)
    cut = np.quantile(far, 1 - coverage, method="higher")
    inside = [far >= cut, far > cut]  # rows at the very cut all count, or none does
    applies = min((i for i in inside if i.any()), key=lambda i: abs(float(i.mean()) - coverage))
    return np.where(applies, stump.predict(X), -1)


def _measured(votes: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coverage (r,), accuracy (r,) and correlation (r, r) as they are on these items."""
    applies = (votes >= 0).astype(float)
    right = (votes == codes[:, None]).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        both = applies.T @ applies
        mean = right.T @ applies / both  # of the row's rule, where both apply
        cov = right.T @ right / both - mean * mean.T
        spread = np.sqrt(mean * (1 - mean))
        correlation = cov / (spread * spread.T)
        accuracy = right.sum(axis=0) / applies.sum(axis=0)
    return applies.mean(axis=0), accuracy, np.where(np.isfinite(correlation), correlation, np.nan)
