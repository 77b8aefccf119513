"""Train a network on labels that only narrow down the truth (Chen et al., 2024)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from labelwright.errors import need
from labelwright.learn.base import check_fit, check_predict
from labelwright.loops import em, flat, possible


class ImpreciseNet(ClassifierMixin, BaseEstimator):
    """Train a network on any evidence: expectation-maximisation batch by batch, with weak and strong views.

    Each batch conditions the predictions of the weak view on the evidence, and the strong views learn the result;
    after each epoch the evidence learns its own parameters (a channel, confusions, a prior). The gradient of the
    log-evidence is the posterior less the prediction, so were both views the same, such a step would climb the
    likelihood of what was told; with a strong view it also draws the views together.

    Parameters
    ----------
    net : callable, optional
        ``net(shape, k) -> torch.nn.Module`` with logits (b, k) for items of that shape, (d,) or (channels, height,
        width); by default `labelwright.nets.MLP` with two layers of 128. To a net of your own, whole numbers (n, t) go
        as they are, for they are ids of words.
    views : sequence of views, optional
        The weak one, then the strong ones, from `labelwright.nets.views`. By default numbers are jittered, and pictures
        shifted and partly erased.
    loss : ``(logits, targets) -> (b,)``, optional
        Any of `labelwright.parts.losses`; cross-entropy unless given.
    epochs : int, default 60
    batch_size : int, default 128
        Groups of grouped evidence stand in one batch, which may therefore exceed it.
    lr : float, optional
        Rate of AdamW, 0.002 unless given; it falls along a cosine.
    balance : float, default 0.1
        Weight of the term that keeps the mean prediction of a batch near equal shares of the classes. Set it
        to 0 where the classes are far from equal.
    clip : float, optional
        Largest norm of a gradient.
    device : str or Fabric, default "auto"
    random_state : int or None, default 0
    show : bool, optional
        Progress; by default on terminals.

    Attributes
    ----------
    classes_ : ndarray (k,)
    epoch_ : labelwright.nets.Epoch
        The trained net (`epoch_.net`), with `save` and `load`.
    targets_ : ndarray (n, k)
        Posterior of the training items' labels.
    evidence_ : Evidence
        With its own parameters as learned.
    trace_ : list of float
        Mean log-evidence by epoch, nats per item; it may fall, since an epoch is no exact M-step.
    n_iter_ : int

    Notes
    -----
    Source: S012 (ILL). Departs from the paper: one posterior serves all kinds of evidence, so the separate terms
    for candidates and noise (whose gradient it already is) are gone; a channel is learned by its exact M-step once
    an epoch, not by gradient; no distribution alignment; AdamW. Numbers (n, d) are standardised by feature, pictures
    as a whole.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from labelwright import Exact
    >>> X, y = load_wine(return_X_y=True)
    >>> told = np.where(np.random.default_rng(0).random(len(y)) < 0.3, (y + 1) % 3, y)  # 30 % wrong, one way
    >>> net = ImpreciseNet(epochs=30, batch_size=32).fit(X, Exact(told).noisy(0.2, learn=True))
    >>> float(net.score(X, y)) > 0.9
    True
    """

    cites = ("chen2024imprecise",)

    def __init__(
        self,
        net: Callable[[tuple[int, ...], int], Any] | None = None,
        *,
        views: Sequence[Any] | None = None,
        loss: Callable[..., Any] | None = None,
        epochs: int = 60,
        batch_size: int = 128,
        lr: float | None = None,
        balance: float = 0.1,
        clip: float | None = None,
        device: Any = "auto",
        random_state: int | None = 0,
        show: bool | None = None,
    ):
        self.net = net
        self.views = views
        self.loss = loss
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.balance = balance
        self.clip = clip
        self.device = device
        self.random_state = random_state
        self.show = show

    def fit(self, X: Any, y: Any) -> Self:
        """Train on items (n, ...) and evidence about them; plain labels are believed, None and NaN are missing."""
        X, evidence = check_fit(self, X, y, any_items=getattr(X, "ndim", 2) > 2)
        n, k = len(evidence), evidence.n_classes
        self.untrained(X, k, groups=None if evidence.unit == "item" else evidence.groups)
        found = em(
            evidence, lambda targets: possible(self.epoch_(targets)), flat(n, k),
            max_iter=self.epochs, tol=None, inside=True, name="training", show=self.show,
        )  # fmt: skip
        self.targets_, self.evidence_, self.trace_ = found.targets, found.evidence, found.trace
        self.n_iter_ = self.epochs
        return self

    def untrained(self, X: Any, k: int, *, groups: np.ndarray | None = None) -> Any:
        """Set up `epoch_`, a `labelwright.nets.Epoch` of a fresh net and these items, and return it.

        `fit` begins with it. With a loop of your own over it, `predict_proba` gives what that loop has learned.
        """
        need("torch", extra="torch", purpose="ImpreciseNet")
        from labelwright.nets import Epoch, seeded
        from labelwright.parts import losses

        items = self._standardise(X)
        seed = int(np.random.SeedSequence(self.random_state).generate_state(1)[0])
        make = _mlp if self.net is None else self.net
        self.epoch_ = Epoch(
            seeded(lambda: make(items.shape[1:], k), seed), items,
            views=_views(items) if self.views is None else self.views,
            loss=self.loss, terms=[(losses.balance, self.balance)] if self.balance else (), groups=groups,
            lr=self.lr, epochs=self.epochs, batch_size=self.batch_size, clip=self.clip, device=self.device,
            random_state=seed, show=False,
        )  # fmt: skip
        return self.epoch_

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(class | item): (n, k), in the order of `classes_`."""
        X = check_predict(self, X)
        probs = self.epoch_.predict(self._scaled(X)).astype(np.float64)
        return np.asarray(probs / probs.sum(axis=1, keepdims=True))

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each item."""
        probs = self.predict_proba(X)
        return np.asarray(self.classes_[probs.argmax(axis=1)])

    def _standardise(self, X: Any) -> np.ndarray:
        """Learn the mean and spread of numbers by feature, of pictures as a whole; ids of words stay."""
        items = _dense(X)
        axes = 0 if items.ndim == 2 else None
        self.ids_ = self.net is not None and items.ndim == 2 and items.dtype.kind in "iu"
        self.mean_, spread = items.mean(axis=axes), items.std(axis=axes)
        self.spread_ = np.where(spread > 0, spread, 1.0)
        return self._scaled(X)

    def _scaled(self, X: Any) -> np.ndarray:
        items = _dense(X)
        return items if self.ids_ else ((items - self.mean_) / self.spread_).astype(np.float32)

    @classmethod
    def contract_examples(cls) -> list[Self]:
        """A small one for the contract suite."""
        return [cls(epochs=30, batch_size=32, balance=0.0, device="cpu")]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _dense(X: Any) -> np.ndarray:
    items = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
    return items.astype(np.float64) if items.dtype.kind == "O" else items


def _mlp(shape: tuple[int, ...], k: int) -> Any:
    from torch import nn

    from labelwright.nets import MLP

    body = MLP(int(np.prod(shape)), k)
    return body if len(shape) == 1 else nn.Sequential(nn.Flatten(), body)


def _views(items: np.ndarray) -> Sequence[Any]:
    from labelwright.nets import views

    if items.ndim == 4:
        strong = views.compose(views.shift, partial(views.erase, side=max(2, items.shape[-1] // 4)))
        return (views.identity, strong)
    if items.dtype.kind == "f":
        return (partial(views.jitter, drop=0.0), partial(views.jitter, noise=0.2, drop=0.2))
    return (views.identity, views.word_dropout)
