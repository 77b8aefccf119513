"""Let a network follow a stream without labels, where its own word can be trusted (Kim et al., 2025)."""

from typing import Any, Literal, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from labelwright.errors import InputError
from labelwright.parts import class_gaussians as gaussians
from labelwright.parts import self_training
from labelwright.shift.imbalance import ImbalanceAwarePretrainer
from labelwright.shift.newcomers import Newcomers
from labelwright.shift.rows import labelled_rows

KNOWN, GAUSSIAN = (
    0.95,
    0.999,
)  # shares of held-out rows, and of a Gaussian's, nearer than what is called unknown


class AdaptReport(NamedTuple):
    """What became of one batch; the last four counts add up to `n_rows`.

    Attributes
    ----------
    updated : bool
    reason : str
        Why there was no update; empty where there was one.
    similarity : float
        Cosine between the mean predictions of this batch and of the one before.
    n_rows, n_sure, n_pseudo, n_doubtful, n_unknown : int
        All rows; those too sure to be learned from; those with a pseudo-label; those that no rule could label;
        those far from every class, which were put aside.
    new_classes : tuple
        Names of classes that were found with this batch.

    Examples
    --------
    >>> report = AdaptReport(True, "", 0.9, 100, 50, 40, 10, 0, ())
    >>> report.n_sure + report.n_pseudo + report.n_doubtful + report.n_unknown
    100
    """

    updated: bool
    reason: str
    similarity: float
    n_rows: int
    n_sure: int
    n_pseudo: int
    n_doubtful: int
    n_unknown: int
    new_classes: tuple[Any, ...]


class OpenWorldAdapter(ClassifierMixin, BaseEstimator):
    """Train on labelled rows, then follow batches without labels: only when they changed, only by rows worth it.

    Of a batch whose mean prediction moved, rows of which the model is unsure get a pseudo-label, from the model where
    its entropy is still low, else from the nearest class where that is much nearer than the next, and the last layer
    learns them through a correction of low rank. Nothing else of the network changes.

    Parameters
    ----------
    model : ImbalanceAwarePretrainer, optional
        Trained by `fit`; with ``held_out="prefit"`` already trained, on other rows than those that `fit` gets.
    held_out : float in (0, 1) or "prefit", default 0.2
        Share of each class's rows that are not trained on but set the thresholds.
    phi_ent, phi_pred : float in [0, 1], default 0.5 and 0.75
        Quantiles of the entropy of held-out rows. From the first on a row is worth learning; up to the second the
        model's own word is taken.
    phi_md : float in [0, 1], default 0.5
        Quantile of how much nearer held-out rows are to the nearest class than to the next, from which on that is
        believed.
    phi_cos : float, default 0.98
        A batch at least so similar to the one before changes nothing; above 1 every batch may.
    rank : int, default 4
        Of the correction.
    lr : float, default 0.1
        Rate of gradient descent.
    detect_unknown : bool, default False
        Whether rows far from all classes are put aside and may become new classes.
    min_unknown : int, default 30
        Rows put aside before new classes are looked for, and half of which make one.
    random_state : int or None, default 0

    Attributes
    ----------
    classes_ : ndarray (k,)
        Grows where classes are found.
    model_ : ImbalanceAwarePretrainer
    head_ : labelwright.nets.LowRank
    outputs_ : ndarray (k,) of int
        Which of `classes_` each output of the head stands for, as in the model; new ones come last.
    statistics_ : ClassGaussians
        In the order of `outputs_`.
    entropy_from_, entropy_below_, gap_from_ : float
    reports_ : list of AdaptReport

    Notes
    -----
    Source: S100 (OASIS). Departs from the paper: thresholds are quantiles of held-out rows; the first batch is compared
    with these; both batches of a comparison are seen by the model of now, so that a batch that comes again never
    changes anything. The paper's rule for unknown classes is not known to us. Ours: rows farther from every class
    than 95 of 100 held-out ones, and than 999 of 1000 rows of a Gaussian, are put aside; dense groups among them
    (HDBSCAN) become outputs of their own.

    Learning from one's own word may fail: where the balance of the classes is all that moves, `LabelShiftClassifier`
    answers in closed form, and `PriorStream` follows it.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> X, y = load_wine(return_X_y=True)
    >>> model = ImbalanceAwarePretrainer(epochs=10, show=False)
    >>> adapter = OpenWorldAdapter(model).fit(X[::2], y[::2])
    >>> report = adapter.partial_adapt(X[1::2][:40])  # almost all of one class
    >>> report.n_rows == report.n_sure + report.n_pseudo + report.n_doubtful + report.n_unknown
    True
    >>> again = adapter.partial_adapt(X[1::2][:40])
    >>> again.updated, again.reason
    (False, 'the batch is like the one before')
    """

    cites = ("kim2025oasis",)
    _before: np.ndarray
    _newcomers: Newcomers

    def __init__(
        self,
        model: Any = None,
        *,
        held_out: float | Literal["prefit"] = 0.2,
        phi_ent: float = 0.5,
        phi_pred: float = 0.75,
        phi_md: float = 0.5,
        phi_cos: float = 0.98,
        rank: int = 4,
        lr: float = 0.1,
        detect_unknown: bool = False,
        min_unknown: int = 30,
        random_state: int | None = 0,
    ):
        self.model, self.held_out = model, held_out
        self.phi_ent, self.phi_pred, self.phi_md, self.phi_cos = phi_ent, phi_pred, phi_md, phi_cos
        self.rank, self.lr, self.detect_unknown, self.min_unknown = rank, lr, detect_unknown, min_unknown
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Train on rows (n, d) with labels (n,), set the thresholds on some of them, and begin a stream.

        Raises
        ------
        InputError
            When an option is out of range, lengths differ, or a class has fewer than two rows.
        """
        self._check()
        if self.held_out == "prefit":
            check_is_fitted(self.model, "statistics_")
            self.model_ = self.model
            self.n_features_in_ = self.model.n_features_in_
            held, _, self.classes_ = labelled_rows(self, X, y, reset=False, classes=self.model.classes_)
        else:
            rows, codes, self.classes_ = labelled_rows(self, X, y, reset=True)
            test = _some_of_each(codes, float(self.held_out), np.random.default_rng(self.random_state))
            held = rows[test] if test.any() else rows
            base = ImbalanceAwarePretrainer() if self.model is None else clone(self.model)
            self.model_ = base.set_params(random_state=self.random_state).fit(rows[~test], codes[~test])
        self.statistics_, self.outputs_ = self.model_.statistics_, self.model_.outputs_
        self._begin(self.model_.features(held))
        return self

    def partial_adapt(self, X: Any) -> AdaptReport:
        """Take the next batch (m, d) without labels, learn from it if that is worth it, and say what was done."""
        check_is_fitted(self, "head_")
        seen = self.model_.features(validate_data(self, X, dtype=np.float64, reset=False))
        probs = self._probs(seen)
        far = gaussians.mahalanobis(seen, self.statistics_)
        known = np.ones(len(seen), dtype=bool)
        if self.detect_unknown:
            known = far.min(axis=1) <= self._newcomers.beyond
        worth = known & (self_training.surprise(probs) >= self.entropy_from_)
        codes = np.where(
            worth,
            self_training.pseudo_labels(probs, far, trust=self.entropy_below_, nearer=self.gap_from_),
            -1,
        )
        similarity = self_training.alike(probs, self._probs(self._before))
        self._before = seen
        reason = ""
        if similarity >= self.phi_cos:
            reason = "the batch is like the one before"
        elif not (codes >= 0).any():
            reason = "no row is both worth learning from and sure of its label"
        else:
            self._learn(seen[codes >= 0], codes[codes >= 0])
        found = self._newcomers.take(seen[~known]) if self.detect_unknown else []
        for rows in found:
            self._grow(rows)
        report = AdaptReport(
            not reason, reason, similarity, len(seen), int((known & ~worth).sum()), int((codes >= 0).sum()),
            int((worth & (codes < 0)).sum()), int((~known).sum()),
            tuple(self.classes_.tolist()[len(self.classes_) - len(found) :]) if found else (),
        )  # fmt: skip
        self.reports_.append(report)
        return report

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(class | row): (n, k), in the order of `classes_` as they are now."""
        check_is_fitted(self, "head_")
        seen = self.model_.features(validate_data(self, X, dtype=np.float64, reset=False))
        return self._probs(seen)[:, self.outputs_.argsort()]

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row."""
        probs = self.predict_proba(X)
        return np.asarray(self.classes_[probs.argmax(axis=1)])

    @classmethod
    def contract_examples(cls) -> list[Any]:
        """A small one for the contract suite."""
        return [cls(model) for model in ImbalanceAwarePretrainer.contract_examples()]

    def _check(self) -> None:
        for name in ("phi_ent", "phi_pred", "phi_md"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name}={getattr(self, name)!r} is a quantile and must lie between 0 and 1")
        if self.held_out != "prefit" and not (
            isinstance(self.held_out, float | np.floating) and 0 < self.held_out < 1
        ):
            raise InputError(f"held_out={self.held_out!r} must be 'prefit' or lie between 0 and 1")
        if not isinstance(self.rank, int | np.integer) or self.rank < 1 or not self.lr > 0:
            raise InputError(f"rank={self.rank!r} must be at least 1 and lr={self.lr!r} above 0")
        if self.min_unknown < 4:
            raise InputError(f"min_unknown={self.min_unknown!r} must be at least 4")

    def _begin(self, held: np.ndarray) -> None:
        from labelwright.nets import LowRank
        from labelwright.nets.seeds import seed_of

        out: Any = getattr(self.model_.epoch_.net, "out", None)
        if getattr(out, "bias", None) is None:
            raise InputError("the net's last layer must be `out`, a Linear with a bias, which is what adapts")
        self._seed: int = seed_of(self.random_state)
        self._wrap(LowRank(out, self.rank, self._seed))
        entropies = self_training.surprise(self._probs(held))
        far = gaussians.mahalanobis(held, self.statistics_)
        self.entropy_from_ = float(np.quantile(entropies, self.phi_ent))
        self.entropy_below_ = float(np.quantile(entropies, self.phi_pred))
        self.gap_from_ = float(np.quantile(gaussians.gap(far), self.phi_md))
        self._before = held
        self._newcomers = Newcomers.beside(
            far.min(axis=1), (KNOWN, GAUSSIAN), held.shape[1], self.min_unknown
        )
        self.reports_: list[AdaptReport] = []

    def _wrap(self, head: Any) -> None:
        from torch.optim import SGD

        from labelwright.nets import Epoch

        self.head_ = head
        self._epoch = Epoch(
            head, np.zeros((1, head.base.in_features), dtype=np.float32),
            optimizer=lambda parameters: SGD(parameters, lr=self.lr), schedule=None, batch_size=100_000,
            device=self.model_.device, random_state=self._seed, show=False,
        )  # fmt: skip

    def _learn(self, seen: np.ndarray, codes: np.ndarray) -> None:
        """One step on the pseudo-labels through the correction, which then becomes part of the layer."""
        self._epoch.renew(seen)
        self._epoch(np.eye(len(self.classes_))[codes])
        self.head_.merge()

    def _grow(self, rows: np.ndarray) -> None:
        """One more class and output, whose weights tell these rows (m, h) from rows like the known classes'."""
        import torch

        from labelwright.nets import LowRank

        rng = np.random.default_rng([self._seed, len(self.classes_)])
        replay = gaussians.sampled(self.statistics_, max(20, len(rows)), rng)
        both = np.vstack([rows, replay])
        inside = np.arange(len(both)) < len(rows)
        weights, bias = self_training.new_output(both, inside, self._logits(both))
        old = self.head_.base
        layer = torch.nn.Linear(old.in_features, old.out_features + 1)
        with torch.no_grad():
            layer.weight.copy_(torch.cat([old.weight.cpu(), torch.as_tensor(weights).float()[None]]))
            layer.bias.copy_(torch.cat([old.bias.cpu(), torch.tensor([bias]).float()]))
        self._wrap(LowRank(layer, self.rank, self._seed + len(self.classes_)))
        self.statistics_ = gaussians.added(self.statistics_, rows)
        self.outputs_ = np.append(self.outputs_, len(self.classes_))
        self.classes_ = _one_more(self.classes_)

    def _logits(self, seen: np.ndarray) -> np.ndarray:
        weight, bias = (
            p.detach().cpu().numpy().astype(np.float64)
            for p in (self.head_.base.weight, self.head_.base.bias)
        )
        return seen @ weight.T + bias

    def _probs(self, seen: np.ndarray) -> np.ndarray:
        from scipy.special import softmax

        return np.asarray(softmax(self._logits(seen.astype(np.float64)), axis=1))


def _some_of_each(codes: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Mask of held-out rows: this share of each class, but two rows of it stay."""
    held, drawn = np.zeros(len(codes), dtype=bool), rng.random(len(codes))  # whatever classes are called
    for c in np.unique(codes):
        rows = np.flatnonzero(codes == c)
        rows = rows[drawn[rows].argsort()]
        held[rows[: max(0, min(round(share * len(rows)), len(rows) - 2))]] = True
    return held


def _one_more(classes: np.ndarray) -> np.ndarray:
    """The classes and a name that none of them has: the next number, or "new 1"."""
    if classes.dtype.kind in "iu":
        return np.append(classes, classes.max() + 1)
    taken, number = set(classes.tolist()), 1
    while f"new {number}" in taken:
        number += 1
    names = np.empty(len(classes) + 1, dtype=object)
    names[:-1], names[-1] = classes, f"new {number}"
    return names if classes.dtype.kind == "O" else names.astype(str)
