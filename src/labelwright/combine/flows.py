"""Learn a distribution over all labelings that weak signals allow (Lu et al., 2023)."""

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from labelwright.errors import DoubtfulInput, InputError, need
from labelwright.evidence import Votes
from labelwright.evidence.classes import class_array
from labelwright.progress import progress

CLIP = 1000.0


def weak_signal_bounds(W: Any, Y: ArrayLike) -> np.ndarray:
    """Return the expected error of each weak signal for each class, as labelled items show it: (m, k).

    ``b_jk = mean over items of y_ik (1 - w_ijk) + (1 - y_ik) w_ijk``, over the items of which signal j speaks.

    Parameters
    ----------
    W : array (n, m, k) or Votes
        What the signals say of items with known labels; NaN where a signal abstains.
    Y : array (n,) of int, or (n, k)
        Codes of the classes, or soft labels.

    Returns
    -------
    ndarray (m, k)
        In [0, 1].

    Raises
    ------
    InputError
        When shapes differ, or a signal says nothing about a class of any labelled item.

    Examples
    --------
    >>> W = np.array([[[0.9, 0.1]], [[0.4, 0.6]]])  # one signal, two items, two classes
    >>> weak_signal_bounds(W, [0, 1]).round(2).tolist()
    [[0.25, 0.25]]
    """
    signals = _signals(W)
    n, _, k = signals.shape
    truth = np.asarray(Y)
    if truth.ndim == 1 and truth.dtype.kind in "iu" and truth.size and 0 <= truth.min() <= truth.max() < k:
        truth = np.eye(k)[truth]
    if truth.shape != (n, k) or truth.dtype.kind not in "fiub":
        raise InputError(
            f"Y has shape {truth.shape}, expected codes below {k} of shape ({n},), or soft labels ({n}, {k})"
        )
    return _errors(signals, truth[:, None, :])


class LabelLearningFlow(BaseEstimator):
    """Learn labels from weak signals of which only the error rates are bounded: LLF.

    A conditional flow ``y = g_x(z)`` turns noise into a soft labelling. It is trained from noise to labels, so no label
    is needed: the labels it makes shall be likely under the flow itself, lie in [0, 1], sum to 1, and contradict each
    signal no more often than its bound allows. What the signals leave open stays spread over the samples.

    Parameters
    ----------
    n_flows : int, default 8
        Steps of the flow, two couplings each. A step narrows the noise to no less than 0.61 of it, so few steps leave
        labels spread out, and bounds unmet.
    hidden : int, default 64
        Width of the branches of a coupling.
    lambdas : four floats, default (10, 10, 10, 10)
        Weights of the penalties: labels below 0, above 1, sums other than 1, and signals over their bounds.
    lr : float, default 0.001
    epochs : int, default 500
        Steps of training; each sees all items.
    n_samples : int, default 10
        Labelings drawn and averaged for `predict_proba`.
    tolerance : float, default 0.05
        How far the expected error of a signal may end up above its bound before `fit` warns.
    device : str or Fabric, default "auto"
    random_state : int or None, default 0
    show : bool, optional
        Progress; by default on terminals.

    Attributes
    ----------
    classes_ : ndarray (k,)
    errors_ : ndarray (m, k)
        Expected error of each signal for each class, if the predictions for the training items were the truth.
    violation_ : ndarray (m, k)
        How far `errors_` lie above the bounds; 0 where they do not.
    history_ : list of float
        Objective by epoch: the negative log-density in bits a class, and the penalties.

    Notes
    -----
    Source: S091 (LLF). The constraint on a signal is about the mean over all items, so a step sees all of them, and the
    loss is one number for the batch that each item is charged with. Memory is items times width.

    Departs from the paper: AdamW with a rate that falls along a cosine, in place of Adam and exponential decay; more
    than two classes are moved by halves; ``log s = softsign / 2`` without the small constant under the root;
    gains of at most e^3, so that new items unlike the old ones stay finite; probabilities are scaled to sum to 1
    (samples are not).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 2
    >>> X = np.column_stack([y + 0.3 * rng.normal(size=60), rng.normal(size=60)])
    >>> right = np.where(rng.random((60, 3)) < 0.75, y[:, None], 1 - y[:, None])  # three votes, 25 % wrong
    >>> W = np.stack([1 - right, right], axis=2).astype(float)
    >>> flow = LabelLearningFlow(n_flows=6, hidden=8, epochs=50, lr=0.02, device="cpu").fit(X, W, bounds=0.4)
    >>> bool((flow.predict(X) == y).mean() > 0.8)
    True
    """

    cites = ("lu2023weakly",)

    def __init__(
        self,
        *,
        n_flows: int = 8,
        hidden: int = 64,
        lambdas: Sequence[float] = (10.0, 10.0, 10.0, 10.0),
        lr: float = 1e-3,
        epochs: int = 500,
        n_samples: int = 10,
        tolerance: float = 0.05,
        device: Any = "auto",
        random_state: int | None = 0,
        show: bool | None = None,
    ):
        self.n_flows = n_flows
        self.hidden = hidden
        self.lambdas = lambdas
        self.lr = lr
        self.epochs = epochs
        self.n_samples = n_samples
        self.tolerance = tolerance
        self.device = device
        self.random_state = random_state
        self.show = show

    def fit(self, X: Any, W: Any, bounds: ArrayLike, *, classes: Sequence[Any] | None = None) -> Self:
        """Learn from items and what weak signals say of them.

        Parameters
        ----------
        X : array (n, d)
        W : array (n, m, k) or Votes
            Probability of each class by each of m signals, NaN where a signal abstains. A vote counts as certain.
        bounds : float, array (m,) or (m, k)
            Largest expected error of each signal for each class, in [0, 1]; see `weak_signal_bounds`.
        classes : sequence (k,), optional
            Names; by default those of the votes, or 0 to k - 1.

        Raises
        ------
        InputError
            When shapes differ, signals are no probabilities, bounds leave [0, 1], a signal never speaks, or there are
            fewer than two items.
        """
        signals = _signals(W)
        X = validate_data(self, X, dtype="numeric")
        if len(X) != len(signals):
            raise InputError(f"X has {len(X)} rows and W speaks of {len(signals)} items; they must match")
        if len(X) < 2:
            raise InputError(
                f"X has {len(X)} row; at least 2 are needed, for the net scales by batch statistics"
            )
        k = signals.shape[2]
        limits = _limits(bounds, signals)
        self._options()
        self.classes_ = _names(classes, W, k)
        self._train(X, signals, limits)
        found = np.clip(self._draws(X, self.n_samples), 0, 1).mean(axis=0)
        self.errors_ = _errors(signals, found[:, None, :])
        self.violation_ = np.maximum(self.errors_ - limits, 0)
        self._warn()
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(class | item): (n, k), the mean of `n_samples` labelings clipped to [0, 1], scaled to sum to 1."""
        probs = np.clip(self.sample(X, self.n_samples), 0, 1).mean(axis=0)
        total = probs.sum(axis=1, keepdims=True)
        return np.where(total > 0, probs / np.where(total > 0, total, 1), 1 / probs.shape[1])

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each item (n,)."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def sample(self, X: Any, S: int) -> np.ndarray:
        """Draw `S` labelings (S, n, k); they may lie a little outside [0, 1], and are the same at each call."""
        check_is_fitted(self)
        if S < 1:
            raise InputError(f"S={S} must be at least 1")
        return self._draws(validate_data(self, X, dtype="numeric", reset=False), S)

    def _options(self) -> None:
        if len(self.lambdas) != 4 or not all(0 <= value < np.inf for value in self.lambdas):
            raise InputError(f"lambdas={self.lambdas!r} must be four numbers of at least 0")
        for name in ("n_flows", "hidden", "epochs", "n_samples"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}={getattr(self, name)} must be at least 1")

    def _train(self, X: np.ndarray, signals: np.ndarray, limits: np.ndarray) -> None:
        need("torch", extra="torch", purpose="LabelLearningFlow")
        from sklearn.preprocessing import StandardScaler

        from labelwright.nets import Epoch, seeded
        from labelwright.nets.flow import LabelFlow
        from labelwright.nets.views import identity

        (n, d), k = X.shape, signals.shape[2]
        entropy = np.random.SeedSequence(self.random_state).generate_state(2)
        seed, self._noise = int(entropy[0]), int(entropy[1])
        self.scaler_ = StandardScaler().fit(X)
        flow = seeded(lambda: LabelFlow(d, k, self.n_flows, self.hidden), seed)
        self.epoch_ = Epoch(
            flow, self._items(X, np.zeros((n, k))), views=(identity, _Redraw(k)),
            loss=_Objective(signals, limits, self.lambdas), link=_as_it_is, lr=self.lr, epochs=self.epochs,
            batch_size=n, clip=CLIP, device=self.device, random_state=seed, show=False,
        )  # fmt: skip
        nothing = np.zeros((n, k + 1), dtype=np.float32)  # the flow learns from no label
        with progress("learning labels", self.epochs, show=self.show) as tick:
            for _ in range(self.epochs):
                self.epoch_(nothing)
                tick()
        self.history_ = self.epoch_.history

    def _items(self, X: np.ndarray, noise: np.ndarray) -> np.ndarray:
        return np.column_stack([self.scaler_.transform(X), noise]).astype(np.float32)

    def _draws(self, X: np.ndarray, S: int) -> np.ndarray:
        k, rng = len(self.classes_), np.random.default_rng(self._noise)
        items = self._items(X, np.zeros((len(X), k)))
        found = np.empty((S, len(X), k))
        for one in found:
            items[:, -k:] = rng.standard_normal((len(X), k))
            one[:] = self.epoch_.predict(items)[:, :k]
        return found

    def _warn(self) -> None:
        j, c = np.unravel_index(self.violation_.argmax(), self.violation_.shape)
        worst = self.violation_[j, c]
        if worst > self.tolerance:
            warnings.warn(
                f"bounds are not met: signal {j} errs on class {self.classes_[c]} in {self.errors_[j, c]:.3f} of the "
                f"items, {worst:.3f} above its bound ({(self.violation_ > self.tolerance).sum()} of "
                f"{self.violation_.size} bounds are exceeded by over {self.tolerance:g}); raise the bounds, "
                "for no labelling may satisfy them all, or train longer",
                DoubtfulInput,
                stacklevel=3,
            )

    @classmethod
    def contract_examples(cls) -> list[Self]:
        """A small one for the contract suite."""
        return [cls(n_flows=2, hidden=8, epochs=5, device="cpu")]


class _Redraw:
    """A view that gives each item new noise in its last `k` columns."""

    def __init__(self, k: int):
        self.k = k

    def __call__(self, items: Any, generator: Any) -> Any:
        import torch

        noise = torch.randn(len(items), self.k, generator=generator, device=generator.device)
        return torch.cat([items[:, : -self.k], noise.to(items)], dim=1)


class _Objective:
    """Negative log-density and penalties of the labels that the flow made: one number for the batch, for each item."""

    def __init__(self, signals: np.ndarray, limits: np.ndarray, lambdas: Sequence[float]):
        self.signals, self.limits, self.lambdas = signals, limits, tuple(lambdas)

    def __call__(self, made: Any, targets: Any, rows: Any) -> Any:
        import torch

        y, density = made[:, :-1], made[:, -1]
        below, above, total, over = self.lambdas
        each = -density / (y.shape[1] * np.log(2))
        each = (
            each + below * torch.relu(-y).square().sum(dim=1) + above * torch.relu(y - 1).square().sum(dim=1)
        )
        each = each + total * (y.sum(dim=1) - 1).square()
        signals = torch.as_tensor(self.signals[rows.cpu().numpy()], dtype=y.dtype, device=y.device)
        spoken = ~signals.isnan()
        # (1 - y) w + y (1 - w) = y + w (1 - 2 y), with nothing where the signal abstains.
        wrong = torch.where(spoken, y[:, None] + signals.nan_to_num() * (1 - 2 * y[:, None]), 0.0)
        errors = wrong.sum(dim=0) / spoken.sum(dim=0).clamp(min=1)
        limits = torch.as_tensor(self.limits, dtype=y.dtype, device=y.device)
        return each + over * torch.relu(errors - limits).square().sum()


def _as_it_is(made: Any) -> Any:
    return made


def _signals(W: Any) -> np.ndarray:
    """Weak signals (n, m, k), NaN where nothing was said."""
    if isinstance(W, Votes):
        codes = W.wide()
        signals = np.eye(W.n_classes)[codes]
        signals[codes < 0] = np.nan
    else:
        signals = np.asarray(W)
        if signals.ndim != 3 or signals.dtype.kind not in "fiub":
            raise InputError(
                f"W has shape {signals.shape} and dtype {signals.dtype}, expected probabilities (n, m, k) "
                "with NaN where a signal abstains, or Votes"
            )
        signals = signals.astype(np.float64)
    if signals.shape[1] < 1 or signals.shape[2] < 2:
        raise InputError(f"W has shape {signals.shape}; at least 1 signal and 2 classes are needed")
    outside = (signals < 0) | (signals > 1)
    if outside.any():
        i, j, c = np.argwhere(outside)[0]
        raise InputError(
            f"W[{i}, {j}, {c}] is {signals[i, j, c]:.4g}; signals are probabilities in [0, 1], NaN to abstain"
        )
    silent = np.argwhere(np.isnan(signals).all(axis=0))
    if len(silent):
        j, c = silent[0]
        raise InputError(f"signal {j} says nothing of class {c} on any of {len(signals)} items; leave it out")
    return signals


def _limits(bounds: ArrayLike, signals: np.ndarray) -> np.ndarray:
    _, m, k = signals.shape
    limits = np.asarray(bounds, dtype=np.float64)
    if limits.shape not in ((), (m,), (m, k)):
        raise InputError(f"bounds have shape {limits.shape}, expected one number, ({m},) or ({m}, {k})")
    if not ((limits >= 0) & (limits <= 1)).all():
        raise InputError(f"bounds are error rates in [0, 1], found {limits.min():.4g} to {limits.max():.4g}")
    return np.broadcast_to(limits[:, None] if limits.ndim == 1 else limits, (m, k)).copy()


def _errors(signals: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Expected error (m, k) of signals (n, m, k) if the labels are y (n, 1, k)."""
    return np.nanmean(y + signals * (1 - 2 * y), axis=0)


def _names(classes: Sequence[Any] | None, W: Any, k: int) -> np.ndarray:
    names = (
        W.classes if classes is None and isinstance(W, Votes) else range(k) if classes is None else classes
    )
    if len(names) != k:
        raise InputError(f"classes has {len(names)} names, but W speaks of {k} classes")
    return class_array(names)
