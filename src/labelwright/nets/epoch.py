"""The one training loop of the house: an epoch that turns soft targets into new probabilities."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from labelwright.errors import InputError, need
from labelwright.nets import checkpoint
from labelwright.nets.batches import batches, share
from labelwright.nets.blocks import in_blocks
from labelwright.nets.checks import as_groups, as_items, as_targets, as_weights
from labelwright.nets.objective import Answer, Loss, Objective
from labelwright.nets.pace import adamw, cosine
from labelwright.nets.seeds import forked, seed_of
from labelwright.nets.views import View, identity
from labelwright.progress import progress

if TYPE_CHECKING:
    from lightning_fabric import Fabric

BLOCK = 512  # rows predicted at once, at least


class Epoch:
    """Train a net on soft targets for one epoch at each call, and return its new probabilities.

    That is the `refit` of `labelwright.loops.em`. With b rows of a batch and V strong views, a step descends

    ``1 / b * sum_i w_i ( 1 / V * sum_v loss(net(view_v(x_i)), q_i) + sum_t a_t * term_t(net(weak(x_i))) )``

    where the weights w are scaled to average 1 over the rows that have any. Consistency between views needs no
    option: under cross-entropy, targets ``q + c * probs`` add c times the cross-entropy to the weak view.

    Parameters
    ----------
    net : Module
        ``net(x)`` gives logits (b, k). It is trained in place (`seeded` builds it reproducibly).
    X : array or Tensor (n, ...)
        Numbers become float32, whole numbers int64 (ids).
    views : sequence of two or more ``(x, generator) -> x``, default (identity, identity)
        The weak view, then the strong ones (`labelwright.nets.views`).
    loss : ``(logits, targets) -> (b,)``, default `labelwright.parts.losses.cross_entropy`
        Not reduced. Where it names an argument `groups` or `rows`, it also gets those of the batch (b,).
    terms : sequence of (``(logits) -> (b,)``, float), default ()
        Further losses of the weak view's logits with their weights a_t; may name `groups` and `rows` too.
    weak_too : bool, default False
        Whether the weak view learns from the targets as well, as one more of the V views.
    groups : array (n,) of int, optional
        Rows of a group stand in the same batch, which may therefore exceed `batch_size`.
    link : ``logits -> probs``, optional
        Softmax by default; `torch.sigmoid` for tags.
    optimizer : ``parameters -> Optimizer``, optional
        By default AdamW with rate `lr` and weight decay 0.01.
    lr : float, optional
        Rate of the default optimiser, 0.002 unless given.
    schedule : {"cosine", None}, default "cosine"
        Whether the rate falls along half a cosine, from step to step over `epochs`, to a hundredth, where it stays.
    epochs : int, default 30
        Number of calls that are planned; more are possible.
    batch_size : int, default 128
        Batches are as equal as possible and at most this large.
    clip : float, optional
        Largest norm of a step's gradient.
    device : str or Fabric, default "auto"
        ``"cpu"``, ``"cuda"`` ... A launched `lightning_fabric.Fabric` brings precision and several devices, which
        share each batch: the result is that of one device, but for views, dropout and losses across rows.
    random_state : int or None, default 0
        Decides order, views and dropout of every epoch; the process's own random state stays as it was.
    show : bool, optional
        Whether to show a progress bar; by default on terminals.

    Attributes
    ----------
    net : Module
    history : list of float
        Mean loss of each epoch.
    steps : int
        Steps taken by `step`.

    Raises
    ------
    InputError
        When shapes differ, a target or weight is not finite, or the loss is not (the epoch and batch are named).

    Notes
    -----
    On CPU the same seed gives the same bits; on GPU some kernels of torch do not promise that.

    Examples
    --------
    >>> from labelwright.nets import MLP, seeded
    >>> X = np.array([[-1.0], [1.0]] * 50)
    >>> epoch = Epoch(seeded(lambda: MLP(1, 2)), X, batch_size=10, epochs=5, device="cpu")
    >>> for _ in range(5):
    ...     probs = epoch(np.array([[1.0, 0.0], [0.0, 1.0]] * 50))
    >>> probs.shape, bool(probs[0, 0] > 0.9)
    ((100, 2), True)
    """

    def __init__(
        self,
        net: nn.Module,
        X: Any,
        *,
        views: Sequence[View] = (identity, identity),
        loss: Loss | None = None,
        terms: Sequence[tuple[Loss, float]] = (),
        weak_too: bool = False,
        groups: ArrayLike | None = None,
        link: Callable[[Tensor], Tensor] | None = None,
        optimizer: Callable[[Any], torch.optim.Optimizer] | None = None,
        lr: float | None = None,
        schedule: str | None = "cosine",
        epochs: int = 30,
        batch_size: int = 128,
        clip: float | None = None,
        device: "str | Fabric" = "auto",
        random_state: int | None = 0,
        show: bool | None = None,
    ):
        if schedule not in ("cosine", None):
            raise InputError(f"schedule={schedule!r} must be 'cosine' or None")
        if batch_size < 1 or epochs < 1:
            raise InputError(f"batch_size={batch_size} and epochs={epochs} must be at least 1")
        if optimizer is not None and lr is not None:
            raise InputError(
                f"lr={lr} is the rate of the default optimizer; give the rate to your own instead"
            )
        self.net, self.X = net, as_items(X)
        self.groups = as_groups(groups, len(self.X))
        self.objective = Objective(
            views, loss or _cross_entropy(), terms, weak_too, link or _softmax,
            None if self.groups is None else torch.from_numpy(self.groups),
        )  # fmt: skip
        self.schedule, self.epochs, self.batch_size = schedule, epochs, batch_size
        self.clip, self.show = clip, show
        self.history: list[float] = []
        self.steps = 0
        self._fabric = _fabric(device)
        self.seed = int(self._fabric.broadcast(seed_of(None) if random_state is None else random_state))
        self._net = self._fabric.setup_module(net)
        learning = [p for p in net.parameters() if p.requires_grad]
        made = adamw(learning, 2e-3 if lr is None else lr) if optimizer is None else optimizer(learning)
        self._optimizer = self._fabric.setup_optimizers(made)
        for group in made.param_groups:
            group.setdefault("initial_lr", group["lr"])

    def __call__(self, targets: ArrayLike | Answer, weights: ArrayLike | None = None) -> np.ndarray:
        """Train for one epoch and return the probabilities (n, k) of `X`, float32.

        Parameters
        ----------
        targets : array (n, k), or callable ``(rows, probs) -> (b, k)``
            What each row should get. A callable makes them for each batch, from the numbers of its rows (b,) and
            the weak view's probabilities (b, k), both NumPy; no gradient flows through it.
        weights : array (n,), optional
            At least 0; rows of weight 0 are not visited.
        """
        given = targets if callable(targets) else as_targets(targets, len(self.X))
        if not hasattr(self, "_optimizer"):
            raise InputError(
                "this Epoch was unpickled, and can only predict; train on from a file of save instead"
            )
        self._train(given, as_weights(weights, len(self.X)))
        return self.predict(self.X)

    def renew(self, X: Any) -> None:
        """Train on other items (n, ...) from the next call on; net, optimiser and schedule go on as they are.

        For items that are drawn or arrive anew, such as pairs or the batches of a stream.

        Examples
        --------
        >>> from labelwright.nets import MLP
        >>> epoch = Epoch(MLP(4, 3), np.zeros((2, 4)), device="cpu")
        >>> epoch.renew(np.zeros((5, 4)))
        >>> epoch(np.full((5, 3), 1 / 3)).shape
        (5, 3)
        """
        if self.groups is not None:
            raise InputError(
                "this Epoch has groups, which belong to the items it was made with; make another one"
            )
        self.X = as_items(X)

    def step(self, X: Any, targets: ArrayLike | Answer, weights: ArrayLike | None = None) -> float:
        """Take one step on rows that have just come, all in one batch, and return their mean loss.

        For streams: the rows are not those of `X`, are not kept, and count as no epoch; the rate is as it stands.

        Parameters
        ----------
        X : array or Tensor (b, ...)
        targets : array (b, k), or callable ``(rows, probs) -> (b, k)``
            Zeros where the loss takes none, such as `labelwright.parts.losses.entropy`.
        weights : array (b,), optional

        Examples
        --------
        >>> from labelwright.nets import MLP
        >>> from labelwright.parts import losses
        >>> epoch = Epoch(MLP(1, 2), np.zeros((0, 1)), loss=losses.entropy, device="cpu")
        >>> now = np.array([[-1.0], [1.0]])
        >>> first = epoch.step(now, np.zeros((2, 2)))
        >>> epoch.step(now, np.zeros((2, 2))) < first
        True
        """
        if self.groups is not None:
            raise InputError("groups speak of the rows of X; an Epoch with groups cannot step on other rows")
        rows = as_items(X)
        given = targets if callable(targets) else as_targets(targets, len(rows))
        rank = self._fabric.global_rank
        generator = torch.Generator(self._fabric.device).manual_seed(seed_of(self.seed, self.steps, rank, 3))
        self._net.train()
        with forked(self._fabric.device, seed_of(self.seed, self.steps, rank, 4)):
            loss = self._step(rows, np.arange(len(rows)), given, as_weights(weights, len(rows)), generator)
        if not math.isfinite(loss):
            raise InputError(f"the loss is {loss} in step {self.steps + 1}; lower lr, set clip, scale X")
        self.steps += 1
        return loss

    def predict(self, X: Any) -> np.ndarray:
        """Probabilities (n, k) of float32 for `X` as it is, without a view, dropout off.

        Examples
        --------
        >>> from labelwright.nets import MLP
        >>> epoch = Epoch(MLP(4, 3), np.zeros((2, 4)), device="cpu")
        >>> epoch.predict(np.zeros((5, 4))).shape
        (5, 3)
        """
        probs = self._of(X, lambda x: self.objective.link(self._net(x).float()))
        lost = np.flatnonzero(~np.isfinite(probs).all(axis=1))
        if len(lost):
            raise InputError(
                f"the net gives no finite numbers for {len(lost)} rows (first: row {lost[0]}); lower lr"
            )
        return probs

    def features(self, X: Any) -> np.ndarray:
        """Last hidden layer (n, d) of float32 for `X`; the net must take ``return_features=True``.

        Examples
        --------
        >>> from labelwright.nets import MLP
        >>> Epoch(MLP(4, 3, hidden=(8,)), np.zeros((2, 4)), device="cpu").features(np.zeros((5, 4))).shape
        (5, 8)
        """
        return self.logits_and_features(X)[1]

    def logits_and_features(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Logits (n, k) and the last hidden layer (n, d) in one pass, both of float32; as for `features`.

        Examples
        --------
        >>> from labelwright.nets import MLP
        >>> epoch = Epoch(MLP(4, 3, hidden=(8,)), np.zeros((2, 4)), device="cpu")
        >>> [part.shape for part in epoch.logits_and_features(np.zeros((5, 4)))]
        [(5, 3), (5, 8)]
        """
        widths: list[int] = []

        def both(x: Tensor) -> Tensor:
            logits, features = self._net(x, return_features=True)
            widths.append(logits.shape[1])
            return torch.cat([logits, features], dim=1).float()

        table = self._of(X, both)
        return table[:, : widths[0]], table[:, widths[0] :]

    def save(self, path: str | Path) -> None:
        """Write net, optimiser, history and random state into one safetensors file.

        `load` goes on from there as if nothing had happened, to the bit on CPU. For nets whose weights are all
        on each device (not sharded ones).
        """
        if self._fabric.is_global_zero:
            facts = {"seed": self.seed, "history": self.history, "steps": self.steps}
            checkpoint.save(path, self.net, self._optimizer.optimizer, facts)
        self._fabric.barrier()

    def load(self, path: str | Path) -> None:
        """Continue from a file that `save` wrote, with the same net and options.

        Raises
        ------
        InputError
            When the file is of another kind or belongs to another net.
        """
        facts = checkpoint.load(path, self.net, self._optimizer.optimizer)
        self.seed, self.history = facts["seed"], facts["history"]
        self.steps = facts.get("steps", 0)

    def _train(self, targets: Any, weights: np.ndarray) -> None:
        rank, done = self._fabric.global_rank, len(self.history)
        order = torch.Generator().manual_seed(seed_of(self.seed, done))  # the same in every process
        generator = torch.Generator(self._fabric.device).manual_seed(seed_of(self.seed, done, rank, 1))
        plan = batches(np.flatnonzero(weights), self.batch_size, order, self.groups)
        total = 0.0
        self._net.train()
        with (
            forked(self._fabric.device, seed_of(self.seed, done, rank, 2)),
            progress(f"epoch {done + 1}", total=len(plan), show=self.show) as tick,
        ):
            for i, batch in enumerate(plan):
                self._set_rate((done + i / len(plan)) / self.epochs)
                loss = self._step(self.X, batch, targets, weights, generator)
                if not math.isfinite(loss):
                    raise InputError(
                        f"the loss is {loss} in epoch {done + 1}, batch {i + 1} of {len(plan)} (first row {batch[0]}); "
                        "look for NaN in the targets and log(0) in the loss, or lower lr, set clip, scale X"
                    )
                total += loss * len(batch)
                tick()
        self.history.append(total / np.count_nonzero(weights))

    def __getstate__(self) -> dict[str, Any]:
        """What predicting needs: the net, not the items and the optimiser. To train on, use `save` and `load`."""
        left_out = ("_fabric", "_net", "_optimizer")
        return {k: v for k, v in self.__dict__.items() if k not in left_out} | {
            "X": self.X[:0],
            "groups": None,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._fabric = _fabric("auto")
        self._net = self._fabric.setup_module(self.net)

    def _step(
        self, items: Tensor, batch: np.ndarray, targets: Any, weights: np.ndarray, generator: torch.Generator
    ) -> float:
        """Descend once on these rows of the items and return their mean loss; if not finite, the net stays."""
        fabric = self._fabric
        rows = share(batch, fabric.global_rank, fabric.world_size, self.groups)
        places = torch.from_numpy(rows)
        x, weight, places = fabric.to_device((items[places], torch.from_numpy(weights[rows]), places))
        wanted = targets if callable(targets) else targets[rows]
        losses = self.objective(self._net, x, places, wanted, generator)
        loss = (weight * losses).sum() * fabric.world_size / len(batch)  # processes average their gradients
        mean = loss.detach()
        if fabric.world_size > 1:
            mean = fabric.all_reduce(mean.clone(), reduce_op="mean")
        if torch.isfinite(mean):
            self._optimizer.zero_grad()
            fabric.backward(loss)
            if self.clip is not None:
                fabric.clip_gradients(
                    self._net, self._optimizer, max_norm=self.clip, error_if_nonfinite=False
                )
            self._optimizer.step()
        return float(mean)

    def _set_rate(self, done: float) -> None:
        if self.schedule is not None:
            for group in self._optimizer.optimizer.param_groups:
                group["lr"] = group["initial_lr"] * cosine(done)

    def _of(self, X: Any, compute: Callable[[Tensor], Tensor]) -> np.ndarray:
        items = self.X if X is self.X else as_items(X)
        self._net.eval()
        return in_blocks(compute, items, max(self.batch_size, BLOCK), self._fabric)


def _fabric(device: Any) -> Any:
    fabric = need("lightning_fabric", extra="torch", purpose="Training nets")
    return fabric.Fabric(accelerator=device, devices=1) if isinstance(device, str) else device


def _cross_entropy() -> Loss:
    from labelwright.parts import losses

    return losses.cross_entropy


def _softmax(logits: Tensor) -> Tensor:
    return logits.softmax(dim=1)
