"""What every evidence type must keep."""

import itertools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence import Evidence
from labelwright.testing.promise import name_of, promise, same, unchanged

MOST_LABELINGS = 20_000


def enumerate_labels(evidence: Evidence, probs: ArrayLike) -> tuple[np.ndarray, float]:
    """Bayes by brute force: weigh every labeling of all items with ``evidence.likelihood_of``.

    Parameters
    ----------
    evidence : Evidence
        Few items and classes: all labelings are tried, and more than 20,000 are refused.
    probs : array (n, k), or (n, L) for tags

    Returns
    -------
    posterior : ndarray of the shape of `probs`
    log_evidence : float
        Log-probability (nats) of everything that was told.

    Raises
    ------
    InputError
        When there are too many labelings.

    Examples
    --------
    >>> from labelwright import Exact
    >>> posterior, told = enumerate_labels(Exact(["a", None]), [[1.0], [1.0]])
    >>> posterior.tolist(), told
    ([[1.0], [1.0]], 0.0)
    """
    table = np.asarray(probs, dtype=np.float64)
    tags = is_about_tags(evidence)
    cells, states = (table.size, 2) if tags else (len(table), table.shape[1])
    if states**cells > MOST_LABELINGS:
        raise InputError(
            f"evidence has {states}**{cells} labelings, more than {MOST_LABELINGS} to go through; take fewer items"
        )
    each = np.stack([1 - table.ravel(), table.ravel()], axis=1) if tags else table
    mass, total = np.zeros((cells, states)), 0.0
    for labeling in itertools.product(range(states), repeat=cells):
        labels = np.array(labeling, dtype=np.intp)
        weight = float(np.prod(each[np.arange(cells), labels]))
        if weight:
            weight *= evidence.likelihood_of(labels.reshape(table.shape) if tags else labels)
        total += weight
        mass[np.arange(cells), labels] += weight
    with np.errstate(divide="ignore", invalid="ignore"):
        posterior = mass / total
        return (posterior[:, 1].reshape(table.shape) if tags else posterior), float(np.log(total))


def is_about_tags(evidence: Evidence) -> bool:
    """Whether items have tags (each with a state of its own) and not one class."""
    return len(evidence.states) == 2


def check_evidence(evidence: Evidence, *, random_state: int = 0) -> None:
    """Check one instance: Bayes by enumeration, slices, order, edges.

    Posteriors are probabilities; with few enough items they and the log-evidence equal the enumeration of all
    labelings; taking whole groups commutes with Bayes, and cutting one apart is refused; for evidence about
    single items slices and order commute, rows of which nothing was told give `probs` back, and impossible evidence
    is refused by row; `update` keeps items and classes; nothing that was given changes.

    Raises
    ------
    ContractError
        Says which promise is broken.

    Examples
    --------
    >>> from labelwright import Candidates
    >>> check_evidence(Candidates([[True, False], [True, True]]))
    """
    rng = np.random.default_rng(random_state)
    probs = random_probs(evidence, rng)
    _shapes(evidence, probs)
    _enumeration(evidence, probs)
    _groups(evidence, probs, rng)
    if evidence.unit == "item":
        _rows(evidence, probs, rng)
        _impossible(evidence, probs)
    _support(evidence, probs)
    again = evidence.update(evidence.posterior(probs))
    promise(
        isinstance(again, Evidence),
        evidence,
        "update returns evidence",
        f"it returned {type(again).__name__}",
    )
    promise(len(again) == len(evidence), evidence, "update keeps the items", f"{len(again)} are left")
    same(again.classes, evidence.classes, evidence, "update keeps the classes")


def random_probs(evidence: Evidence, rng: np.random.Generator) -> np.ndarray:
    """Probabilities of the shape the evidence takes, none of them zero."""
    n, k = len(evidence), evidence.n_classes
    return (
        rng.uniform(0.05, 0.95, (n, k))
        if is_about_tags(evidence)
        else rng.dirichlet(np.ones(k), n) * 0.9 + 0.1 / k
    )


def _shapes(evidence: Evidence, probs: np.ndarray) -> None:
    promise(len(evidence.classes) == evidence.n_classes, evidence, "n_classes counts the classes")
    with unchanged(evidence, probs=probs):
        posterior = evidence.posterior(probs)
    with unchanged(evidence, probs=probs):
        told = evidence.log_evidence(probs)
    promise(
        posterior.shape == probs.shape,
        evidence,
        "posterior has the shape of probs",
        f"it has {posterior.shape}",
    )
    inside = np.isfinite(posterior) & (posterior >= 0) & (posterior <= 1 + 1e-9)
    promise(inside.all(), evidence, "posteriors lie in [0, 1]", f"one is {posterior[~inside][:1]}")
    if not is_about_tags(evidence):
        same(posterior.sum(axis=1), np.ones(len(evidence)), evidence, "rows of the posterior sum to 1")
    promise(
        told.shape == (len(evidence),),
        evidence,
        "log_evidence has one number per item",
        f"it has {told.shape}",
    )
    promise((told <= 0).all(), evidence, "log_evidence is at most 0", f"the largest is {told.max(initial=0)}")


def _enumeration(evidence: Evidence, probs: np.ndarray) -> None:
    states, width = (2, evidence.n_classes) if is_about_tags(evidence) else (evidence.n_classes, 1)
    most = len(evidence)
    while most and states ** (most * width) > MOST_LABELINGS:
        most -= 1
    if most < len(evidence):
        rows = np.flatnonzero(np.isin(evidence.groups, evidence.groups[:most]))
        while len(rows) > most:  # leave out the group that does not fit
            rows = rows[evidence.groups[rows] != evidence.groups[rows[-1]]]
        if not len(rows):
            return
        evidence, probs = evidence[rows], probs[rows]
    posterior, told = enumerate_labels(evidence, probs)
    same(evidence.posterior(probs), posterior, evidence, "the posterior equals enumeration of all labelings")
    same(evidence.log_evidence(probs).sum(), told, evidence, "log_evidence adds up to the enumerated sum")


def _message(evidence: Evidence, probs: np.ndarray) -> np.ndarray:
    return evidence.message(np.stack([1 - probs, probs], axis=-1) if is_about_tags(evidence) else probs)


def _groups(evidence: Evidence, probs: np.ndarray, rng: np.random.Generator) -> None:
    """Whole groups may be taken in any order; a group may not be cut apart."""
    groups, n = evidence.groups, len(evidence)
    promise(groups.shape == (n,), evidence, "groups has one number per item", f"its shape is {groups.shape}")
    if evidence.unit == "item":
        promise(len(np.unique(groups)) == n, evidence, "items of row-wise evidence are groups of their own")
        return
    order = rng.permutation(n)
    rows = order[
        np.isin(groups[order], rng.permutation(np.unique(groups))[: max(1, len(np.unique(groups)) - 1)])
    ]
    part, posterior, told = evidence[rows], evidence.posterior(probs), evidence.log_evidence(probs)
    promise(
        type(part) is type(evidence), evidence, "taking groups keeps the type", f"it gives {name_of(part)}"
    )
    same(part.classes, evidence.classes, evidence, "taking groups keeps the classes")
    same(
        part.posterior(probs[rows]), posterior[rows], evidence, "posterior commutes with taking whole groups"
    )
    same(
        part.log_evidence(probs[rows]), told[rows], evidence, "log_evidence commutes with taking whole groups"
    )
    informed = evidence.informed
    promise(
        informed.shape == (n,) and informed.dtype == bool,
        evidence,
        "informed says of each item whether it was told of",
    )
    same(
        posterior[~informed], probs[~informed], evidence, "where nothing was told the posterior equals probs"
    )
    large = np.flatnonzero(np.bincount(groups)[groups] > 1)
    if len(large):
        try:
            evidence[np.arange(n) != large[0]]
        except InputError:
            return
        promise(False, evidence, f"cutting a {evidence.unit} apart raises InputError", "nothing was raised")


def _rows(evidence: Evidence, probs: np.ndarray, rng: np.random.Generator) -> None:
    n, posterior = len(evidence), evidence.posterior(probs)
    nothing = np.ptp(_message(evidence, probs), axis=-1) == 0 if n else np.zeros(0, dtype=bool)
    same(posterior[nothing], probs[nothing], evidence, "where nothing was told the posterior equals probs")
    chosen: dict[str, Any] = {
        "a new order": rng.permutation(n), "a slice": slice(n // 2, None), "a mask": np.arange(n) % 2 == 0,
        "nothing": slice(0, 0), "an empty list": np.zeros(0, dtype=np.intp),
        "a repeated item": np.zeros(min(n, 1) * 3, dtype=np.intp),
        **({"the last item": -1} if n else {}),
    }  # fmt: skip
    for how, items in chosen.items():
        rows = np.atleast_1d(np.arange(n)[items])
        part = evidence[items]
        promise(
            type(part) is type(evidence),
            evidence,
            f"taking {how} keeps the type",
            f"it gives {name_of(part)}",
        )
        promise(
            len(part) == len(rows),
            evidence,
            f"taking {how} keeps {len(rows)} items",
            f"there are {len(part)}",
        )
        same(part.classes, evidence.classes, evidence, f"taking {how} keeps the classes")
        same(part.posterior(probs[rows]), posterior[rows], evidence, f"posterior commutes with taking {how}")


def _impossible(evidence: Evidence, probs: np.ndarray) -> None:
    logs = _message(evidence, probs)
    ruled_out = np.argwhere(np.isneginf(logs))
    if not len(ruled_out):
        return
    row, *tag, state = ruled_out[0]
    certain = probs.copy()
    if tag:
        certain[row, tag[0]] = state
    else:
        certain[row] = np.eye(probs.shape[1])[state]
    for method in (evidence.posterior, evidence.log_evidence):
        try:
            method(certain)
        except InputError as problem:
            found = f"it says {str(problem)!r}"
            promise(
                f"first: row {row}" in str(problem),
                evidence,
                f"the error names row {row} as the first",
                found,
            )
        else:
            promise(
                False, evidence, "evidence the model calls impossible raises InputError", "nothing was raised"
            )


def _support(evidence: Evidence, probs: np.ndarray) -> None:
    try:
        support = evidence.support(probs)
    except InputError:
        return  # this type tells no label that could be doubted
    shape = probs.shape if is_about_tags(evidence) else (len(evidence),)
    promise(support.shape == shape, evidence, f"support has the shape {shape}", f"it has {support.shape}")
    inside = np.isnan(support) | ((support >= 0) & (support <= 1 + 1e-9))
    promise(inside.all(), evidence, "support lies in [0, 1] or is NaN", f"one is {support[~inside][:1]}")
