"""Ways to put doubtful labels in order, and how good an order is."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

FIRST = (100, 300)
FILTERS = (
    "prune_by_noise_rate", "prune_by_class", "both", "confident_learning", "predicted_neq_given",
    "low_self_confidence", "low_normalized_margin",
)  # fmt: skip
ORDERS = ("self_confidence", "normalized_margin")


@dataclass(frozen=True)
class Score:
    """How many wrong labels an order of rows finds, and how early.

    Attributes
    ----------
    listed : int
        Rows in the order.
    hits : mapping of int to int
        Known wrong labels among the first 100 and 300 rows.
    precision : mapping of int to float or None
        The same as a share of those rows whose truth is known; rows that a short list lacks count as misses.
    lift : mapping of int to float or None
        Precision over the base rate; None where not every row was checked.
    ap : float
        Average precision over the rows whose truth is known; wrong labels that are not listed count as never found.
    """

    listed: int
    hits: dict[int, int]
    precision: dict[int, float | None]
    lift: dict[int, float | None]
    ap: float


def score(order: np.ndarray, wrong: np.ndarray) -> Score:
    """Score an order of rows (most doubtful first) against `wrong` (n,): 1 wrong, 0 right, -1 not known."""
    base = (wrong == 1).sum() / max((wrong >= 0).sum(), 1)
    whole = bool((wrong >= 0).all())
    hits, precision, lift = {}, {}, {}
    for first in FIRST:
        said = wrong[order[:first]]
        hits[first] = int((said == 1).sum())
        known = first if whole else int((said >= 0).sum())
        precision[first] = hits[first] / known if known else None
        lift[first] = precision[first] / base if whole and precision[first] is not None else None
    known_order = wrong[order][wrong[order] >= 0] == 1
    found = np.cumsum(known_order)
    at = found / np.arange(1, len(found) + 1)
    return Score(len(order), hits, precision, lift, float(at[known_order].sum() / max((wrong == 1).sum(), 1)))


def labelwright(found: Any, probs: np.ndarray, codes: np.ndarray) -> dict[str, np.ndarray]:
    """The audit's list, the audit's order of all rows, and plain self-confidence on the same probabilities."""
    from labelwright import frames

    known = np.flatnonzero(~np.isnan(found.p_wrong))
    own = probs[np.arange(len(codes)), codes]
    return {
        "labelwright issues": np.asarray(frames.column(found.issues, "row")).astype(int),
        "labelwright p_wrong": known[np.argsort(-found.p_wrong[known], kind="stable")],
        "self-confidence": known[np.argsort(own[known], kind="stable")],
    }


def cleanlab(probs: np.ndarray, codes: np.ndarray) -> dict[str, np.ndarray]:
    """Every filter of cleanlab in both of its orders."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import order_label_issues

    orders = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in FILTERS:
            mask = find_label_issues(codes, probs, filter_by=name, n_jobs=1)
            for by in ORDERS:
                orders[f"cleanlab {name}, {by}"] = order_label_issues(mask, codes, probs, rank_by=by)
    return orders


def cleanlab_rates(probs: np.ndarray, codes: np.ndarray) -> dict[str, float]:
    """cleanlab's two estimates of the share of wrong labels: from the joint, and by counting its issues."""
    from cleanlab.count import estimate_joint, num_label_issues

    joint = estimate_joint(codes, probs)
    return {
        "joint": 1 - float(np.trace(joint)),
        "counted": float(num_label_issues(codes, probs)) / len(codes),
    }
