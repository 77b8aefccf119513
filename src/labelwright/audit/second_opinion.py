"""Ask a judge about the most doubtful labels, learn how far to believe it, and weigh what it says with the rest."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from labelwright.audit.ensemble import JudgeEnsemble, costs_frame
from labelwright.audit.judges import Judge
from labelwright.audit.verdicts import Verdicts, rival
from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, Noisy, decode
from labelwright.loops.cross_fit import take
from labelwright.parts import adjust

ROWS = 200  # a small model on two cores takes about a minute for these
CONTROLS = 0.25  # of the rows, drawn from all labels to learn how far to believe the judge
POWERS = np.linspace(0, 1, 41)  # a judge counts once at most
LEAST = 1e-6


@dataclass(frozen=True)
class SecondOpinion:
    """What a judge said of some rows, and how far it is believed.

    Attributes
    ----------
    name : str
    rows : ndarray (m,) of int
        Rows it was asked about.
    probs : ndarray (m, k)
        What it said, columns in the order of the audit's classes.
    weight : float
        From 0, where it says nothing that the models do not say as well, to 1.
    agrees : float
        Share of these rows whose given label it finds most probable. Agreement, not accuracy.
    costs : frame
        One row a judge: `judge`, `items`, `calls`, `cached`, `prompt_tokens`, `completion_tokens`, `seconds`.
    controls : int
        Rows drawn from all labels.
    """

    name: str
    rows: np.ndarray
    probs: np.ndarray
    weight: float
    agrees: float
    costs: Any
    controls: int


def ask(
    judge: Judge,
    X: Any,
    told: Evidence,
    verdicts: Verdicts,
    rows: int,
    rng: np.random.Generator,
    *,
    like: Any = None,
) -> tuple[Verdicts, SecondOpinion]:
    """Weigh what a judge says of the most doubtful rows with what models that did not see them say.

    A quarter of the rows is drawn from all labels. There, the power ``w`` of what the judge says is fitted, in the
    product ``P(class | models) * judge(class) ** w``, to the given labels heard through the noise matrix: a judge that
    adds nothing gets a power near 0, and one that repeats the models is not counted twice. Its liking for some classes
    is divided out.

    Parameters
    ----------
    judge : Judge
    X : items (n,)
    told : Exact
    verdicts : Verdicts
    rows : int
        How many to ask about; all labelled rows where there are fewer.
    rng : numpy.random.Generator
        Draws the controls.

    Returns
    -------
    Verdicts
        With `p_wrong`, `suggested` and `leads` of the rows that were asked about; rates and matrices stay as they are.
    SecondOpinion
    """
    if not isinstance(told, Exact) or verdicts.clean is None:
        raise InputError(f"a judge needs one label per item (Exact), not {type(told).__name__}")
    if rows < 4:
        raise InputError(
            f"judge_rows={rows!r} must be at least 4: a judge is compared with the labels on some of them"
        )
    order = _columns(judge, told)
    known = np.flatnonzero(told.known)
    control = known if rows >= len(known) else rng.choice(known, max(1, int(rows * CONTROLS)), replace=False)
    others = np.setdiff1d(known, control)
    doubtful = others[np.argsort(-verdicts.p_wrong[others], kind="stable")][: max(rows - len(control), 0)]
    asked = np.sort(np.concatenate([control, doubtful]))
    opinion = judge.judge(take(X, asked))
    probs = np.asarray(opinion.probs, dtype=np.float64)[:, order]
    drawn = np.isin(asked, control)
    even = np.full(told.n_classes, 1 / told.n_classes)
    evidence = adjust.reprior(np.clip(probs, LEAST, 1), np.clip(probs[drawn].mean(axis=0), LEAST, 1), even)
    clean, heard = verdicts.clean[asked], told[asked]
    weight = _weight(clean[drawn], evidence[drawn], heard[drawn], verdicts.noise_matrix)
    before = _joined(clean, evidence, weight)
    truth = Noisy(heard, verdicts.noise_matrix).posterior(before)
    at, own = np.arange(len(asked)), heard.codes
    best = rival(truth, heard)
    p_wrong, suggested, leads = verdicts.p_wrong.copy(), verdicts.suggested.copy(), verdicts.leads.copy()
    p_wrong[asked] = 1 - truth[at, own]
    suggested[asked] = decode(best, told.classes)
    leads[asked] = before[at, best] > before[at, own]
    costs = judge.costs(like=like) if isinstance(judge, JudgeEnsemble) else None
    return replace(
        verdicts, p_wrong=p_wrong, marks_wrong=p_wrong, suggested=suggested, leads=leads
    ), SecondOpinion(
        name=judge.name,
        rows=asked,
        probs=probs,
        weight=weight,
        agrees=float((probs.argmax(axis=1) == own).mean()),
        costs=costs_frame([judge.name], [opinion], like=like) if costs is None else costs,
        controls=len(control),
    )


def said(second: SecondOpinion) -> str:
    """What a reader has to know of it, in one sentence."""
    doubtful = len(second.rows) - second.controls
    which = (
        f"about the {doubtful:,} most doubtful labels and {second.controls:,} drawn blindly"
        if doubtful
        else f"about all {len(second.rows):,} labels"
    )
    agreed = f"it agreed with {second.agrees:.0%} of them"
    return f"The judge {second.name} was asked {which}; {agreed}, and counts with weight {second.weight:.2f} of 1."


def _columns(judge: Judge, told: Exact) -> list[int]:
    """Where the judge has each of the audit's classes."""
    here = [c.item() if isinstance(c, np.generic) else c for c in judge.classes]
    missing = [c for c in told.classes.tolist() if c not in here]
    if missing or len(here) != told.n_classes:
        raise InputError(
            f"judge {judge.name!r} knows the classes {here[:8]}, the labels are {told.classes.tolist()[:8]}; "
            "they must be the same"
        )
    return [here.index(c) for c in told.classes.tolist()]


def _joined(clean: np.ndarray, evidence: np.ndarray, power: float) -> np.ndarray:
    table = np.clip(clean, LEAST, 1) * evidence**power
    return table / table.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


def _weight(clean: np.ndarray, evidence: np.ndarray, told: Exact, matrix: np.ndarray) -> float:
    """Mean of the power given the told labels, all powers from 0 to 1 being as likely beforehand."""
    rows = np.arange(len(told))
    logs = np.array(
        [np.log(adjust.forward(_joined(clean, evidence, p), matrix)[rows, told.codes]).sum() for p in POWERS]
    )
    likely = np.exp(logs - logs.max())
    return float(likely @ POWERS / likely.sum())
