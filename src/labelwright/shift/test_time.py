"""Adapt a trained network while it is used, to new conditions and to a new balance of the classes."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError, need
from labelwright.parts import priors as shares
from labelwright.shift.base import PriorEstimator

METHODS = ("none", "bn", "tent", "lame")
FLOOR = 1e-3  # least share of a class in the running priors: a share of 0 would never come back


class TestTimeAdapter:
    """Classify a stream of unlabelled batches, and let the network adapt to them.

    Each batch is first used to adapt, then classified under the balance as it is believed to be, then moves that
    belief. The given network stays as it was; `reset` goes back to it.

    ========= =================================================================================================
    method    what adapts
    ========= =================================================================================================
    "none"    nothing
    "bn"      batch normalisation takes the mean and variance of each batch
    "tent"    that, and one step on the scales and shifts of batch normalisation, towards surer predictions
    "lame"    the probabilities alone, so that neighbours within the batch agree
    ========= =================================================================================================

    Parameters
    ----------
    model : torch.nn.Module
        Takes ``return_features=True``, as those of `labelwright.nets` do.
    method : {"none", "bn", "tent", "lame"}, default "bn"
    adapter : LabelShiftAdapter, PriorCorrection or None, default None
        Corrects the logits for the balance of now; without one the balance plays no part. TENT's loss then looks at the
        corrected logits.
    priors : "mean", PriorEstimator or array (k,), default "mean"
        How the balance is believed to move: towards the mean of what was just said, or to what a fitted estimator, such
        as `MLLS`, says of the model's own probabilities of the last `window` rows. Or the balance, where it is known.
    prior_momentum : float in [0, 1), default 0.9
        How much of the belief stays with each batch.
    window : int, default 500
        Rows that an estimator sees.
    loss : ``(logits, targets) -> (b,)``, default `labelwright.parts.losses.entropy`
        What TENT lowers; `shifted_losses.reliable_entropy` leaves out what is unsure. Targets are zeros.
    lr : float, default 0.001
        Rate of TENT's step, by Adam.
    neighbours : int, default 5
        Of each item in LAME's graph.
    device : str or Fabric, default "auto"
    random_state : int or None, default 0

    Attributes
    ----------
    priors_ : ndarray (k,)
        The balance as it is believed to be; uniform before the first batch of a stream, then at least 0.001.
    n_seen_ : int

    Raises
    ------
    InputError
        When an option is none of those, or "bn" or "tent" meets a network without batch normalisation.

    Notes
    -----
    Source: S014 for how the base method and the adapter go together; TENT is Wang et al. (2021), LAME Boudiaf et al.
    (2022). Departs from TENT: the batch is classified after the step, not before it.

    Examples
    --------
    >>> from labelwright.nets import SmallCNN, seeded
    >>> from labelwright.shift import PriorCorrection
    >>> model = seeded(lambda: SmallCNN(1, 3, size=8, width=8, norm="batch"))
    >>> stream = TestTimeAdapter(model, "tent", adapter=PriorCorrection([0.6, 0.3, 0.1]), device="cpu")
    >>> batch = np.random.default_rng(0).normal(size=(20, 1, 8, 8))
    >>> probs = stream.step(batch)
    >>> probs.shape, stream.priors_.shape, stream.n_seen_
    ((20, 3), (3,), 20)
    """

    __test__ = False  # its name is no test's

    cites = ("park2023adapter", "wang2021tent", "boudiaf2022parameterfree")

    def __init__(
        self,
        model: Any,
        method: Literal["none", "bn", "tent", "lame"] = "bn",
        *,
        adapter: Any = None,
        priors: Literal["mean"] | PriorEstimator | ArrayLike = "mean",
        prior_momentum: float = 0.9,
        window: int = 500,
        loss: Callable[..., Any] | None = None,
        lr: float = 1e-3,
        neighbours: int = 5,
        device: Any = "auto",
        random_state: int | None = 0,
    ):
        need("torch", extra="torch", purpose="TestTimeAdapter")
        if method not in METHODS:
            raise InputError(f"method={method!r} must be one of {', '.join(map(repr, METHODS))}")
        if not 0 <= prior_momentum < 1 or not lr > 0 or neighbours < 1 or window < 1:
            raise InputError(
                f"prior_momentum={prior_momentum!r} must lie in [0, 1), lr={lr!r} above 0, neighbours={neighbours!r} "
                f"and window={window!r} be at least 1"
            )
        if isinstance(priors, str) and priors != "mean":
            raise InputError(f"priors={priors!r} must be 'mean', a fitted estimator of priors, or shares")
        if isinstance(priors, PriorEstimator) and not hasattr(priors, "source_priors_"):
            raise InputError(f"priors={priors!r} is not fitted; give MLLS().fit(probs, y), for example")
        self.model, self.method, self.adapter, self.priors = model, method, adapter, priors
        self.prior_momentum, self.window, self.loss, self.lr = prior_momentum, window, loss, lr
        self.neighbours, self.device, self.random_state = neighbours, device, random_state
        self.reset()

    def reset(self) -> None:
        """Forget the stream: the network, the optimiser and the balance are as they were before the first batch."""
        from copy import deepcopy

        from labelwright.nets import BatchStatistics, Corrected, Epoch
        from labelwright.nets.batchnorm import batch_norms

        net = deepcopy(self.model)
        if self.method == "tent":
            net.requires_grad_(False)
            for layer in batch_norms(net):
                layer.requires_grad_(True)
        if self.method in ("bn", "tent"):
            net = BatchStatistics(net)
        self._estimator = deepcopy(self.priors) if isinstance(self.priors, PriorEstimator) else None
        self._recent: list[np.ndarray] = []
        self.n_seen_ = 0
        self.__dict__.pop("priors_", None)
        self._epoch = Epoch(
            Corrected(net, self._correct), np.empty((0, 1)), loss=self.loss or _entropy(),
            optimizer=self._adam, schedule=None, batch_size=2**31, device=self.device, show=False,
            random_state=self.random_state,
        )  # fmt: skip

    def step(self, batch: Any) -> np.ndarray:
        """Adapt to the next batch (b, ...) and return its probabilities (b, k) of float64.

        Raises
        ------
        InputError
            When the batch is empty, not finite, or a single item where its statistics are needed.
        """
        from labelwright.nets.checks import as_items

        items = as_items(batch)
        if not len(items):
            raise InputError("batch is empty; give at least one item")
        if not hasattr(self, "priors_"):
            self.priors_ = self._first(self._epoch.logits_and_features(items)[0].shape[1])
        if self.method == "tent":
            self._epoch.step(items, np.zeros((len(items), len(self.priors_)), dtype=np.float32))
        logits, features = self._epoch.logits_and_features(items)
        probs = _softmax(self._corrected(logits, features))
        if self.method == "lame":
            probs = self._agreeing(probs, features)
        self.n_seen_ += len(items)
        self.priors_ = self._believed(probs, logits)
        return probs

    def _correct(self, logits: Any, features: Any) -> Any:
        return logits if self.adapter is None else self.adapter.logits(logits, features, self.priors_)

    def _corrected(self, logits: np.ndarray, features: np.ndarray) -> np.ndarray:
        import torch

        with torch.no_grad():
            return np.asarray(self._correct(torch.from_numpy(logits), torch.from_numpy(features)))

    def _agreeing(self, probs: np.ndarray, features: np.ndarray) -> np.ndarray:
        from labelwright.parts import graphs, neighbours

        near = neighbours.knn(features, min(self.neighbours, len(features) - 1), show=False)
        return graphs.adjust(neighbours.affinity(near, "binary"), probs)

    def _first(self, k: int) -> np.ndarray:
        """The balance before anything was seen: uniform, unless it is known."""
        if isinstance(self.priors, str | PriorEstimator):
            return np.full(k, 1 / k)
        known = shares.tempered(self.priors, 1.0)
        if known.shape != (k,):
            raise InputError(f"priors hold {len(known)} shares, the model has {k} classes; they must match")
        return known

    def _believed(self, probs: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """The balance after this batch."""
        if self._estimator is not None:
            self._recent.append(_softmax(logits))
            while sum(map(len, self._recent[1:])) >= self.window:
                self._recent.pop(0)
            moved = self._estimator.estimate(np.concatenate(self._recent))
        elif isinstance(self.priors, str):
            moved = self.prior_momentum * self.priors_ + (1 - self.prior_momentum) * probs.mean(axis=0)
        else:
            return self.priors_
        moved = np.maximum(moved, FLOOR)
        return np.asarray(moved / moved.sum())

    def _adam(self, parameters: Any) -> Any:
        import torch

        return torch.optim.Adam(parameters, lr=self.lr)


def _softmax(logits: np.ndarray) -> np.ndarray:
    from scipy.special import softmax

    return np.asarray(softmax(logits.astype(np.float64), axis=1))


def _entropy() -> Callable[..., Any]:
    from labelwright.parts import losses

    return losses.entropy
