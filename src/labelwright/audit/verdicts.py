"""Is the label of each item wrong, what should it be, and how many are wrong in all?"""

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from scipy.special import expit, logit

from labelwright.audit.result import Estimate
from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, Marks, Noisy, decode
from labelwright.parts import channel, noise, pools
from labelwright.progress import progress


@dataclass(frozen=True)
class Verdicts:
    """What the probabilities say about each label that was told.

    Attributes
    ----------
    p_wrong : ndarray (n,)
        Probability that the told label is wrong; for tags those of the marks pooled (`pools.ema`: the worst
        mark weighs most). NaN where nothing was told.
    marks_wrong : ndarray (n,) or (n, L)
        The same for every single mark.
    suggested : ndarray (n,) of object
        The most probable other label; for tags the list of tags after changing the doubtful ones.
    given : ndarray (n,) of object
        What was told, by name; None where nothing was.
    leads : ndarray (n,) or (n, L) of bool
        Where the model finds another answer more probable than the told one.
    error_rate : Estimate
    ceiling : float
        Share of labels off the diagonal of the confident joint.
    noise_matrix : ndarray (k, k) or (L, 2, 2)
        ``[true, told]``.
    joint : ndarray (k, k) or (L, 2, 2)
        Estimated counts ``[told, true]``.
    clean : ndarray (n, k) or None
        Probability of each class before the told label is heard; None for tags.
    """

    p_wrong: np.ndarray
    marks_wrong: np.ndarray
    suggested: np.ndarray
    given: np.ndarray
    leads: np.ndarray
    error_rate: Estimate
    ceiling: float
    noise_matrix: np.ndarray
    joint: np.ndarray
    clean: np.ndarray | None = None


@singledispatch
def judge(told: Evidence, probs: np.ndarray, rng: np.random.Generator) -> Verdicts:
    """Judge every label with the out-of-sample probabilities of a model."""
    raise InputError(f"an audit needs one label per item (Exact) or tags (Marks), not {type(told).__name__}")


@judge.register
def _(told: Exact, probs: np.ndarray, rng: np.random.Generator) -> Verdicts:
    found = channel.fit(probs, told, rng=rng)
    clean = found.clean(probs)
    truth = Noisy(told, found.matrix).posterior(clean)
    rows = np.arange(len(told))
    own = np.maximum(told.codes, 0)
    p_wrong = np.where(told.known, 1 - truth[rows, own], np.nan)
    joint = np.zeros((told.n_classes, told.n_classes))
    np.add.at(joint, own[told.known], truth[told.known])
    best = rival(truth, told)
    return Verdicts(
        p_wrong=p_wrong,
        marks_wrong=p_wrong,
        suggested=decode(best, told.classes),
        given=told.labels,
        leads=told.known & (probs[rows, best] > probs[rows, own]),
        error_rate=Estimate(*found.error_rate),
        ceiling=_ceiling(probs, told),
        noise_matrix=found.matrix,
        joint=joint,
        clean=clean,
    )


def rival(truth: np.ndarray, told: Exact) -> np.ndarray:
    """The most probable class of each row that is not the told one: (n,) codes."""
    rows = np.flatnonzero(told.known)
    rivals = truth.copy()
    rivals[rows, told.codes[rows]] = -1
    return rivals.argmax(axis=1)  # type: ignore[no-any-return]


@judge.register
def _(told: Marks, probs: np.ndarray, rng: np.random.Generator) -> Verdicts:
    wrong = np.full(told.marks.shape, np.nan)
    matrices, joint = np.empty((told.n_classes, 2, 2)), np.empty((told.n_classes, 2, 2))
    variance = 0.0
    with progress("judging tags", total=told.n_classes) as tick:
        for t in range(told.n_classes):
            one = Exact.from_codes(told.marks[:, t], [False, True])
            rows = np.flatnonzero(one.known)
            if one.counts.min() == 0:  # a tag that everybody has, or nobody, leaves nothing to compare
                matrices[t], joint[t], wrong[rows, t] = np.eye(2), np.diag(one.counts), 0.0
            else:
                states = np.column_stack([1 - probs[:, t], probs[:, t]])
                found = channel.fit(states, one, rng=rng)
                truth = found.posterior(states, one)
                wrong[rows, t] = 1 - truth[rows, one.codes[rows]]
                matrices[t] = found.matrix
                joint[t] = [truth[one.codes == m].sum(axis=0) for m in (0, 1)]
                _, low, high = found.error_rate
                variance += (len(rows) * (high - low) / (2 * 1.96)) ** 2
            tick()
    p_wrong = pools.ema(wrong)
    doubtful = (wrong > 0.5) | ((wrong == np.nanmax(wrong, axis=1, initial=0, keepdims=True)) & (wrong > 0))
    changed = np.where(doubtful, 1 - told.marks, told.marks)
    return Verdicts(
        p_wrong=p_wrong,
        marks_wrong=wrong,
        suggested=_names(changed, told.classes),
        given=_names(told.marks, told.classes),
        leads=told.known & ((probs > 0.5) != (told.marks == 1)),
        error_rate=_interval(float(np.nanmean(wrong)), np.sqrt(variance) / max(np.nansum(wrong), 1e-9)),
        ceiling=_ceiling(probs, told),
        noise_matrix=matrices,
        joint=joint,
    )


def _ceiling(probs: np.ndarray, told: Exact | Marks) -> float:
    """Share of labels that the models are confident should be others; what they get wrong themselves included."""
    found = noise.confident_joint(probs, told)
    right = np.diagonal(found, axis1=-2, axis2=-1)
    counts = (
        told.counts
        if isinstance(told, Exact)
        else np.stack([(told.marks == m).sum(axis=0) for m in (0, 1)], 1)
    )
    share = 1 - right / np.maximum(found.sum(axis=-1), 1)
    return float((share * counts).sum() / max(counts.sum(), 1))


def _interval(rate: float, relative: float) -> Estimate:
    """95 % interval on the log-odds scale from a relative standard deviation."""
    rate = float(np.clip(rate, 1e-9, 1 - 1e-9))
    low, high = expit(logit(rate) + np.array([-1.96, 1.96]) * relative / (1 - rate))
    return Estimate(rate, float(low), float(high))


def _names(marks: np.ndarray, tags: np.ndarray) -> np.ndarray:
    lists = np.empty(len(marks), dtype=object)
    lists[:] = [tags[row == 1].tolist() if (row >= 0).any() else None for row in marks]
    return lists
