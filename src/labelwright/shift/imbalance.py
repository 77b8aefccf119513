"""Train a network such that rare classes are not lost between common ones (Kim et al., 2025)."""

from collections.abc import Callable
from functools import partial
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from labelwright.errors import InputError, need
from labelwright.parts import class_gaussians as gaussians
from labelwright.parts import contrastive, self_training
from labelwright.progress import progress
from labelwright.shift.rows import labelled_rows


class ImbalanceAwarePretrainer(ClassifierMixin, BaseEstimator):
    """Train on pairs of a row and one of a class drawn the other way round, and if asked again on rows far off.

    Each epoch has one or two steps. In the first every row meets a partner, whose class is the rarer the more likely;
    both are classified, and their features are drawn together where the classes agree and apart up to a margin where
    not. In the second every row that lies far from its class meets that class's most typical row.

    Parameters
    ----------
    net : callable, optional
        ``net(d, k) -> torch.nn.Module`` whose last layer is `out`, a `Linear`, and which gives its input with
        ``return_features=True``; by default `labelwright.nets.MLP` with layers of 64, 64 and 32.
    lam : float in [0, 1], default 0.4
        Weight of classifying; the rest is for distances.
    margin : float, default 1.0
        Distance that rows of different classes should keep.
    border : float or None, default None
        A row is far from its class where its Mahalanobis distance is larger, 3 in the paper; None leaves the second
        step out. In d dimensions a typical row is at about sqrt(d), so that 3 means most rows, common classes first:
        on the long tails of our claims it took back half or more of what the first step had won.
    epochs : int, default 40
    batch_size : int, default 32
        Pairs a step.
    lr : float, optional
        Rate of AdamW, 0.002 unless given; it falls along a cosine.
    device : str or Fabric, default "auto"
    random_state : int or None, default 0
    show : bool, optional
        Progress; by default on terminals.

    Attributes
    ----------
    classes_ : ndarray (k,)
    epoch_ : labelwright.nets.Epoch
        The trained net (`epoch_.net`).
    outputs_ : ndarray (k,) of int
        Which of `classes_` each output of the net stands for: they are numbered as they first occur among the training
        rows, so that other names give the same net.
    statistics_ : ClassGaussians
        Of the training rows' features, in the order of `outputs_`; the common covariance counts as d rows.
    n_border_ : list of int
        Rows far from their class, epoch by epoch.

    Notes
    -----
    Source: S100 (OASIS). Features are the last hidden layer. Departs from the paper: the second step only where it is
    asked for; rows are shuffled within an epoch;
    covariances are shrunk and, as rare classes have fewer rows than features, joined with the common one; AdamW.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> X, y = load_wine(return_X_y=True)
    >>> rare = np.flatnonzero((y != 2) | (np.arange(len(y)) % 8 == 0))  # 6 rows of the last class
    >>> model = ImbalanceAwarePretrainer(epochs=20, batch_size=32, show=False).fit(X[rare], y[rare])
    >>> float(model.score(X, y)) > 0.9
    True
    """

    cites = ("kim2025oasis",)

    def __init__(
        self,
        net: Callable[[int, int], Any] | None = None,
        *,
        lam: float = 0.4,
        margin: float = 1.0,
        border: float | None = None,
        epochs: int = 40,
        batch_size: int = 32,
        lr: float | None = None,
        device: Any = "auto",
        random_state: int | None = 0,
        show: bool | None = None,
    ):
        self.net, self.lam, self.margin, self.border = net, lam, margin, border
        self.epochs, self.batch_size, self.lr, self.device = epochs, batch_size, lr, device
        self.random_state, self.show = random_state, show

    def fit(self, X: Any, y: Any) -> Self:
        """Train on rows (n, d) and labels (n,); rows without a label (None, NaN) are left out.

        Raises
        ------
        InputError
            When lengths differ, an option is out of range, or a class has fewer than two rows.
        """
        rows, codes, self.classes_ = labelled_rows(self, X, y, reset=True)
        self._check(codes)
        self.outputs_ = np.unique(codes, return_index=True)[1].argsort()
        self.mean_, spread = rows.mean(axis=0), rows.std(axis=0)
        self.spread_ = np.where(spread > 0, spread, 1.0)
        self._train(self._scaled(rows), self.outputs_.argsort()[codes])
        return self

    def features(self, X: Any) -> np.ndarray:
        """Last hidden layer (n, h) of rows (n, d)."""
        check_is_fitted(self, "epoch_")
        return self.epoch_.features(self._scaled(validate_data(self, X, dtype=np.float64, reset=False)))

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(class | row): (n, k), in the order of `classes_`."""
        check_is_fitted(self, "epoch_")
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        probs = self.epoch_.predict(self._scaled(rows)).astype(np.float64)
        return np.asarray((probs / probs.sum(axis=1, keepdims=True))[:, self.outputs_.argsort()])

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row."""
        probs = self.predict_proba(X)
        return np.asarray(self.classes_[probs.argmax(axis=1)])

    @classmethod
    def contract_examples(cls) -> list[Any]:
        """A small one for the contract suite: a convex problem, so that hardly anything depends on chance."""
        return [cls(_flat, border=None, epochs=40, batch_size=256, lr=0.03, device="cpu", show=False)]

    def _check(self, codes: np.ndarray) -> None:
        counts = np.bincount(codes, minlength=len(self.classes_))
        if counts.min() < 2:
            name = self.classes_.tolist()[int(counts.argmin())]
            raise InputError(
                f"class {name!r} has {int(counts.min())} row, which has no covariance; give each class 2 rows or more"
            )
        if self.border is not None and not self.border > 0:
            raise InputError(f"border={self.border!r} must be above 0, or None to leave the second step out")
        if not isinstance(self.epochs, int | np.integer) or self.epochs < 1:
            raise InputError(f"epochs={self.epochs!r} must be a whole number, 1 or more")

    def _train(self, rows: np.ndarray, codes: np.ndarray) -> None:
        need("torch", extra="torch", purpose="ImbalanceAwarePretrainer")
        from labelwright.nets import Epoch, Twin, seeded

        k, rng = len(self.classes_), np.random.default_rng(self.random_state)
        seed = int(rng.integers(2**31))
        make = _mlp if self.net is None else self.net
        net = seeded(lambda: make(rows.shape[1], k), seed)
        self.epoch_ = Epoch(net, rows, device=self.device, random_state=seed, show=False)
        paired = Epoch(
            Twin(net), rows[:1, None].repeat(2, axis=1),
            loss=partial(contrastive.of_pairs, lam=self.lam, margin=self.margin),
            link=_as_they_are, lr=self.lr, epochs=self.epochs * (1 if self.border is None else 2),
            batch_size=self.batch_size, device=self.device, random_state=seed, show=False,
        )  # fmt: skip
        chances = self_training.inverse_shares(codes, k)
        members = [np.flatnonzero(codes == c) for c in range(k)]
        self.n_border_: list[int] = []
        with progress("training", total=self.epochs, show=self.show) as tick:
            for _ in range(self.epochs):
                drawn = rng.choice(k, len(codes), p=chances)
                partners = np.array([members[c][rng.integers(len(members[c]))] for c in drawn])
                self._learn(paired, rows, codes, np.arange(len(codes)), partners)
                if self.border is not None:
                    self._statistics(rows, codes)
                    far = self._own[np.arange(len(codes)), codes]
                    typical = np.array([m[far[m].argmin()] for m in members])[codes]
                    border = np.flatnonzero((far > self.border) & (typical != np.arange(len(codes))))
                    self.n_border_.append(len(border))
                    if len(border):
                        self._learn(paired, rows, codes, typical[border], border)
                tick()
        self._statistics(rows, codes)
        del self._own

    def _learn(
        self, paired: Any, rows: np.ndarray, codes: np.ndarray, one: np.ndarray, two: np.ndarray
    ) -> None:
        hot = np.eye(len(self.classes_))
        same = codes[one] == codes[two]
        paired.renew(np.stack([rows[one], rows[two]], axis=1))
        paired(np.column_stack([hot[codes[one]], hot[codes[two]], same]))

    def _statistics(self, rows: np.ndarray, codes: np.ndarray) -> None:
        seen = self.epoch_.features(rows)
        self.statistics_ = gaussians.class_gaussians(
            seen, codes, len(self.classes_), pooled_rows=seen.shape[1]
        )
        self._own = gaussians.mahalanobis(seen, self.statistics_)

    def _scaled(self, rows: np.ndarray) -> np.ndarray:
        return ((rows - self.mean_) / self.spread_).astype(np.float32)


def _mlp(d: int, k: int) -> Any:
    from labelwright.nets import MLP

    return MLP(d, k, hidden=(64, 64, 32))


def _flat(d: int, k: int) -> Any:
    """No hidden layer, and weights that begin at 0."""
    from torch.nn.init import zeros_

    from labelwright.nets import MLP

    net = MLP(d, k, hidden=())
    zeros_(net.out.weight)
    zeros_(net.out.bias)
    return net


def _as_they_are(outputs: Any) -> Any:
    return outputs
