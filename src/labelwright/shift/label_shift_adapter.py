"""Learn once how a classifier's last layer should follow the balance of the classes (Park et al., 2023)."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from labelwright.errors import InputError, need
from labelwright.parts import priors as shares


class LabelShiftAdapter(BaseEstimator):
    """Learn, from the source alone, parameters of a classifier's last layer for any balance of the classes.

    Before anything is deployed, each item of the source is shown under balances drawn between that of the source and
    its reverse, and `shifted_losses.logit_adjusted` asks for the posterior under the balance drawn. The
    classifier stays as it is; what is learned maps one number, the degree of imbalance, to a scale and a shift of the
    features and to changes of the last layer (`labelwright.nets.AdaptedHead`). At test time `TestTimeAdapter` gives it
    the running estimate of the balance.

    Parameters
    ----------
    hidden : int, default 100
        Width of the network that sees the degree.
    delta_weights : bool, default True
        Whether the weights of the last layer change, or only its bias and the features.
    epochs : int, default 20
    lr : float, default 0.001
    batch_size : int, default 128
    device : str or Fabric, default "auto"
    random_state : int or None, default 0
    show : bool, optional
        Progress; by default on terminals.

    Attributes
    ----------
    source_priors_ : ndarray (k,)
    head_ : labelwright.nets.AdaptedHead
    history_ : list of float
        Mean loss of each epoch.

    Notes
    -----
    Source: S014. Departs from the paper: the degree projects log-shares on those of the source, so the order of the
    classes plays no part; it is drawn evenly from -1 to 1 for each item, where the paper has three balances.

    Examples
    --------
    >>> import torch
    >>> rng = np.random.default_rng(0)
    >>> y = (rng.random(400) < 0.05).astype(int)  # 19 : 1
    >>> features = np.column_stack([y + rng.normal(size=400), np.ones(400)]).astype(np.float32)
    >>> head = torch.nn.Linear(2, 2)
    >>> adapter = LabelShiftAdapter(epochs=30, lr=0.01, device="cpu").fit(features, y, head)
    >>> here = torch.tensor([[0.5, 1.0]])
    >>> odds = [adapter.logits(None, here, p)[0].diff().item() for p in ([0.95, 0.05], [0.5, 0.5], [0.05, 0.95])]
    >>> odds == sorted(odds)
    True
    """

    cites = ("park2023adapter",)

    def __init__(
        self,
        *,
        hidden: int = 100,
        delta_weights: bool = True,
        epochs: int = 20,
        lr: float = 1e-3,
        batch_size: int = 128,
        device: Any = "auto",
        random_state: int | None = 0,
        show: bool | None = None,
    ):
        self.hidden, self.delta_weights, self.epochs, self.lr = hidden, delta_weights, epochs, lr
        self.batch_size, self.device, self.random_state, self.show = batch_size, device, random_state, show

    def fit(self, features: ArrayLike, y: ArrayLike, head: Any) -> Self:
        """Learn from the source.

        Parameters
        ----------
        features : array (n, d)
            Last hidden layer of the classifier, such as `labelwright.nets.Epoch.features` gives.
        y : array (n,) of int
            The column of `head` of each item's class.
        head : torch.nn.Linear
            The classifier's last layer, d to k.

        Raises
        ------
        InputError
            When shapes differ, or a class of `head` has no item.
        """
        need("torch", extra="torch", purpose="LabelShiftAdapter")
        import torch

        from labelwright.nets import AdaptedHead, Epoch, seeded

        table, codes = np.asarray(features, dtype=np.float32), np.asarray(y)
        k, d = head.weight.shape
        self.source_priors_ = _counted(table, codes, k, d)
        seed = int(np.random.SeedSequence(self.random_state).generate_state(1)[0])
        self.head_ = seeded(lambda: AdaptedHead(head, self.hidden, delta_weights=self.delta_weights), seed)
        drawn = np.zeros(len(table))
        epoch = Epoch(
            self.head_.to("cpu"), np.column_stack([table, drawn]).astype(np.float32),
            loss=self._loss(lambda rows: drawn[rows]), epochs=self.epochs, lr=self.lr,
            batch_size=self.batch_size, device=self.device, random_state=seed, show=self.show,
        )  # fmt: skip
        rng, targets = np.random.default_rng(seed), np.eye(k, dtype=np.float32)[codes]
        for _ in range(self.epochs):
            drawn[:] = rng.uniform(-1, 1, len(drawn))
            epoch.X[:, -1] = torch.from_numpy(drawn)
            epoch(targets)
        self.head_.eval().requires_grad_(False)
        self.history_ = epoch.history
        return self

    def logits(self, logits: Any, features: Any, priors: ArrayLike) -> Any:
        """Logits (b, k) of features (b, d), tensors, under the balance `priors` (k,); the given logits play no part."""
        check_is_fitted(self, "head_")
        degree = shares.degree(priors, self.source_priors_)
        import torch

        more = torch.full_like(features[:, :1], degree)
        return self.head_.to(features.device)(torch.cat([features, more], dim=1))

    def _loss(self, degrees: Any) -> Any:
        from labelwright.parts import shifted_losses

        def adjusted(logits: Any, targets: Any, rows: Any) -> Any:
            wanted = shares.tempered(self.source_priors_, degrees(rows.cpu().numpy()))
            return shifted_losses.logit_adjusted(logits, targets, source=self.source_priors_, target=wanted)

        return adjusted


def _counted(table: np.ndarray, codes: np.ndarray, k: int, d: int) -> np.ndarray:
    """Shares of the classes; shapes and classes are checked."""
    if table.ndim != 2 or table.shape[1] != d:
        raise InputError(f"features have shape {table.shape}, expected (n, {d}): what the head takes")
    if codes.shape != (len(table),) or codes.dtype.kind not in "iu":
        raise InputError(
            f"y has shape {codes.shape} and dtype {codes.dtype}, expected ({len(table)},) whole numbers: the column of "
            "each item's class in the head"
        )
    if len(codes) and (codes.min() < 0 or codes.max() >= k):
        raise InputError(f"y holds {codes.min()} to {codes.max()}, the head has {k} classes, 0 to {k - 1}")
    counts = np.bincount(codes, minlength=k)
    if not counts.all():
        raise InputError(
            f"y holds no item of class {int(np.flatnonzero(counts == 0)[0])}; every class of the head needs one"
        )
    return np.asarray(counts / len(codes))
