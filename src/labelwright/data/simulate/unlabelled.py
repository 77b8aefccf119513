"""Some positives are labelled, and nothing else is."""

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np

from labelwright.data.simulate.boundary import boundary_probs
from labelwright.data.simulate.checks import Labels, choice, coded, table
from labelwright.data.simulate.checks import rate as checked
from labelwright.data.simulate.draws import scaled
from labelwright.errors import InputError
from labelwright.evidence.positives import SCENARIOS, Positives


class LabelledPositives(NamedTuple):
    """Labelled positives among unlabelled items, and how they were chosen.

    Attributes
    ----------
    evidence : Positives
        It knows the share of positives; ``Positives(evidence.labelled)`` does not.
    truth : int array (m,)
        1 for a positive, 0 for a negative: positions in ``evidence.classes``.
    rows : int array (m,)
        Rows of the table that are left, in order: all of them, unless `scenario` is ``"case-control"``.
    chances : float array (m,)
        Chance that each row had to be labelled, 0 for negatives.
    """

    evidence: Positives
    truth: np.ndarray
    rows: np.ndarray
    chances: np.ndarray


def positives(
    labels: Labels,
    positive: Hashable,
    labelled: float,
    rng: np.random.Generator,
    *,
    X: Any = None,
    bias: float = 0.0,
    scenario: str = "single",
    n_classes: int | None = None,
) -> LabelledPositives:
    """Label some of the positives and nothing else.

    A positive is labelled with chance ``e = min(1, c · exp(bias · z))``, where z tells how typical it looks among the
    positives (mean 0, variance 1) and c makes the mean of e over them equal `labelled`.

    Known exactly: the truth, the share of positives, and every item's chance to be labelled.

    Keeps: without `bias`, labelled positives are a fair sample of all (selected completely at random, SCAR).

    Breaks: that, with `bias`: the chance to be labelled depends on the item (selected at random given the item, SAR).

    Source: the constant chance is that of Elkan and Noto (2008).

    Parameters
    ----------
    labels : array-like (n,) or Exact
        Clean labels, of any sortable type; whole numbers below `n_classes` where that is given.
    positive : class, or list or set of classes
        What counts as positive.
    labelled : float in [0, 1]
        Share of the positives that are labelled, on average.
    rng : numpy.random.Generator
    X : array (n,), or array or sparse matrix (n, d), optional
        What the selection looks at, needed for a `bias`: one column, or features of which a logistic regression
        makes the log-odds of being positive, for rows it has not seen.
    bias : float, default 0
        How much likelier typical positives (large z) are labelled; below 0 untypical ones are. ``exp(bias)`` per
        standard deviation.
    scenario : {"single", "case-control"}, default "single"
        ``"single"``: of one sample some positives are labelled, the rest is unlabelled. ``"case-control"``: a
        random part of the table is set aside, from which only labelled positives are kept, so that the unlabelled
        rows are a fair sample of the table. Without a bias the part is `labelled` of the rows and all its positives
        are labelled; with one it is the root of that, as is the share of its positives that are labelled.
    n_classes : int, optional
        Number of classes, where not every class occurs.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> told = positives(y, 0, 0.3, np.random.default_rng(0))
    >>> told.evidence
    Positives(n=569, labelled=65, labelling_chance=0.307)
    >>> bool(told.truth[told.evidence.labelled].all()), round(told.evidence.prior, 3)
    (True, 0.373)
    """
    codes, classes, _ = coded(labels, n_classes)
    choice(scenario, "scenario", SCENARIOS)
    truth = np.isin(codes, _places(positive, classes)).astype(np.intp)
    if not 0 < truth.sum() < len(truth):
        raise InputError(
            f"positive={positive!r} makes {truth.sum()} of {len(truth)} items positive; both kinds must occur"
        )
    share = checked(labelled, "labelled")
    part = 1.0 if scenario == "single" else share if bias == 0 else share**0.5  # of the rows, set aside
    yes = truth == 1
    chances = np.zeros(len(truth))
    inside = share / part if part else 0.0
    chances[yes] = inside if bias == 0 else scaled(bias * _typical(X, truth, rng), inside)
    aside = rng.random(len(truth)) < part
    told = aside & (rng.random(len(truth)) < chances)
    rows = np.arange(len(truth)) if scenario == "single" else np.flatnonzero(told | ~aside)
    among = truth if scenario == "single" else truth[~aside]
    if not among.any():
        raise InputError(f"labelled={labelled} leaves no unlabelled row that is positive; label fewer")
    names = (False, True) if len(classes) > 2 else classes[np.argsort(np.isin(classes, classes[codes[yes]]))]
    evidence = Positives(told[rows], prior=float(among.mean()), scenario=scenario, classes=names)  # type: ignore[arg-type]
    return LabelledPositives(evidence, truth[rows], rows, part * chances[rows])


def _places(positive: Hashable, classes: np.ndarray) -> list[int]:
    """Positions of the positive classes."""
    wanted = list(positive) if isinstance(positive, (list, set, frozenset)) else [positive]
    place = {name: i for i, name in enumerate(classes.tolist())}
    strange = [name for name in wanted if name not in place]
    if strange:
        raise InputError(f"positive={strange[0]!r} is not among the {len(classes)} classes")
    return [place[name] for name in wanted]


def _typical(X: Any, truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How typical each positive looks: mean 0, variance 1."""
    features = table(X, len(truth))
    if features.ndim == 1:
        looks = features
    else:
        probs = boundary_probs(features, truth, rng).clip(1e-12)
        looks = np.log(probs[:, 1] / probs[:, 0])
    looks = looks[truth == 1]
    spread = looks.std()
    if spread == 0:
        raise InputError("X is the same for all positives; a bias needs something to look at")
    found: np.ndarray = (looks - looks.mean()) / spread
    return found
