"""Learn one task after the other with one network, and still know the earlier ones."""

from collections.abc import Callable, Hashable
from copy import deepcopy
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from labelwright.errors import InputError, need
from labelwright.shift.classifier import class_codes
from labelwright.shift.memories import Memory
from labelwright.shift.relevance_maps import RelevanceMaps


class ContinualNet(ClassifierMixin, BaseEstimator):
    """Train a network on tasks that come one after the other, and predict for any of them, named or not.

    Tasks share the hidden layers; each has a last layer of its own. What keeps a new task from overwriting the old
    ones is the `memory`.

    Parameters
    ----------
    memory : RelevanceMaps, FisherPenalty, Replay or Memory, optional
        By default `RelevanceMaps()`, which forgets nothing. ``Replay(0)`` is plain fine-tuning, ``Replay(None)`` trains
        on all tasks seen so far.
    hidden : sequence of int, default (100, 100)
        Widths of the hidden layers.
    body : callable, optional
        ``body(shape) -> torch.nn.Module``, from items of that shape to features (b, d), in place of hidden layers. With
        `RelevanceMaps` it must be built of `labelwright.nets.RelevanceLinear` and `RelevanceConv2d` alone.
    epochs : int, default 30
        For each task.
    batch_size : int, default 64
    lr : float, default 0.005
        Rate of Adam, the same throughout.
    device : str or Fabric, default "auto"
    random_state : int or None, default 0
    show : bool, optional
        Progress; by default on terminals.

    Attributes
    ----------
    tasks_ : list
        Names of the tasks in the order they came.
    classes_ : ndarray (k,)
        Classes of all tasks, sorted.
    net_ : labelwright.nets.TaskNet
    memory_ : Memory
    capacity_used_ : list of float
        After each task, share of the hidden weights that are no longer free (`RelevanceMaps`).

    Notes
    -----
    Source: S115. Where the task is not named, it is the one whose last layer is surest, by the entropy of its
    probabilities over the largest it could have; the rule is ours. Numbers are centred and scaled by one mean and one
    spread, those of the first task.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> net = ContinualNet(epochs=10, device="cpu", show=False)
    >>> _ = net.fit_task(X[:100], y[:100], "first two").fit_task(X[50:], y[50:], "last two")
    >>> net.tasks_, float((net.predict(X[:100], "first two") == y[:100]).mean()) > 0.9
    (['first two', 'last two'], True)
    """

    cites = ("kaushik2021understanding",)

    def __init__(
        self,
        memory: Memory | None = None,
        *,
        hidden: Any = (100, 100),
        body: Callable[[tuple[int, ...]], Any] | None = None,
        epochs: int = 30,
        batch_size: int = 64,
        lr: float = 5e-3,
        device: Any = "auto",
        random_state: int | None = 0,
        show: bool | None = None,
    ):
        self.memory, self.hidden, self.body, self.epochs = memory, hidden, body, epochs
        self.batch_size, self.lr, self.device = batch_size, lr, device
        self.random_state, self.show = random_state, show

    def fit(self, X: Any, y: Any) -> Self:
        """Forget everything and learn a first task."""
        for name in ("tasks_", "classes_", "n_features_in_"):
            self.__dict__.pop(name, None)
        return self.fit_task(X, y)

    def fit_task(self, X: Any, y: Any, task: Hashable = None) -> Self:
        """Learn a further task.

        Parameters
        ----------
        X : array (n, ...)
            Items of the shape that the first task had.
        y : array (n,)
            Labels, any hashable names; rows without one (None, NaN) are left out. Tasks may share classes.
        task : hashable, optional
            Its name; by default its number.

        Raises
        ------
        InputError
            When a task of this name is known, one class occurs, or the memory has no room for a further task.
        """
        need("torch", extra="torch", purpose="ContinualNet")
        from labelwright.nets import Epoch
        from labelwright.nets.seeds import forked, seed_of

        first = not getattr(self, "tasks_", None)
        items, codes, names = self._checked(X, y, first)
        number = 0 if first else len(self.tasks_)
        task = number if task is None else task
        if not first and task in self.tasks_:
            raise InputError(f"task={task!r} is known already; give the further task another name")
        seed = int(np.random.SeedSequence(self.random_state).generate_state(1)[0])
        import torch

        with forked(torch.device("cpu"), seed_of(seed, number)):
            if first:
                self._start(items)
            items = self._scaled(items)
            if first:
                self.net_ = self._net(items)
            net = self.net_.to("cpu")
            self.memory_.begin(net)
            net.add(len(names))
        lesson = self.memory_.lesson(net, items, codes)
        epoch = Epoch(
            net.at(lesson.task), lesson.items, loss=lesson.loss, optimizer=self._adam, schedule=None,
            epochs=self.epochs, batch_size=self.batch_size, device=self.device,
            random_state=seed_of(seed, number, 1) >> 1, show=self.show,
        )  # fmt: skip
        for done in range(self.epochs):
            epoch(lesson.targets)
            self.memory_.after_epoch(net, self.epochs - done - 1)
        self.memory_.end(net.at(number), items, codes, np.random.default_rng([seed, number]))
        self._epoch = epoch
        self.tasks_.append(task)
        self._names.append(names)
        self.classes_ = np.unique(np.concatenate(self._names))
        self.capacity_used_.append(self.memory_.used(net))
        return self

    def predict_proba(self, X: Any, task: Hashable = None) -> np.ndarray:
        """P(class | item): (n, k) in the order of `classes_`, those of other tasks 0.

        Parameters
        ----------
        X : array (n, ...)
        task : hashable, optional
            Name of the task of these items; without it each item's is inferred.
        """
        items = self._known(X)
        if task is not None:
            return self._probs(items, self._number(task))
        said, chosen = self._all(items)
        return np.asarray(said[chosen, np.arange(len(items))])

    def predict(self, X: Any, task: Hashable = None) -> np.ndarray:
        """The most probable class of each item."""
        probs = self.predict_proba(X, task)
        return np.asarray(self.classes_[probs.argmax(axis=1)])

    def infer_task(self, X: Any) -> list[Any]:
        """Name of the task that each item seems to belong to."""
        _, chosen = self._all(self._known(X))
        return [self.tasks_[t] for t in chosen]

    def _all(self, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What each task says, (tasks, n, k), and the number of the task that is surest of each item (n,)."""
        from labelwright.parts import scores

        said = np.stack([self._probs(items, t) for t in range(len(self.tasks_))])
        widths = [len(names) for names in self._names]
        doubt = [scores.entropy(probs) / np.log(width) for probs, width in zip(said, widths, strict=True)]
        return said, np.argmin(doubt, axis=0)

    def _probs(self, items: np.ndarray, number: int) -> np.ndarray:
        self.net_.at(number)
        probs = self._epoch.predict(items).astype(np.float64)
        found = np.zeros((len(items), len(self.classes_)))
        place = np.searchsorted(self.classes_, self._names[number])
        found[:, place] = probs / probs.sum(axis=1, keepdims=True)
        return found

    def _number(self, task: Hashable) -> int:
        if task not in self.tasks_:
            raise InputError(f"task={task!r} is not known; there are {', '.join(map(repr, self.tasks_))}")
        return self.tasks_.index(task)

    def _start(self, items: np.ndarray) -> None:
        self.memory_ = deepcopy(self.memory) if self.memory is not None else RelevanceMaps()
        self.tasks_: list[Any] = []
        self.capacity_used_: list[float] = []
        self._names: list[np.ndarray] = []
        self.mean_, self.spread_ = float(items.mean()), float(items.std()) or 1.0

    def _net(self, items: np.ndarray) -> Any:
        import torch
        from torch import nn

        from labelwright.nets import TaskNet

        if self.body is not None:
            body = self.body(items.shape[1:])
            with torch.no_grad():
                d = body.eval()(torch.from_numpy(items[:1])).shape[1]
            return TaskNet(body, d)
        widths = [int(np.prod(items.shape[1:])), *self.hidden]
        layers = [
            part
            for before, after in pairwise(widths)
            for part in (self.memory_.linear(before, after), nn.ReLU())
        ]
        return TaskNet(nn.Sequential(nn.Flatten(), *layers), widths[-1])

    def _adam(self, parameters: Any) -> Any:
        import torch

        return self.memory_.optimizer(self.net_, torch.optim.Adam(parameters, lr=self.lr))

    def _checked(self, X: Any, y: Any, first: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Items with labels, codes, and the names of the classes."""
        items = self._table(X, reset=first)
        codes, names = class_codes(self, y)
        if len(items) != len(codes):
            raise InputError(f"X has {len(items)} rows and y {len(codes)} labels; they must match")
        if len(names) < 2:
            raise InputError(
                f"y holds {len(names)} class ({names.tolist()}); at least 2 are needed to tell items apart"
            )
        if not (codes >= 0).any():
            raise InputError("y tells nothing: all labels are missing; label a few rows of each class")
        if not first and items.shape[1:] != self._shape:
            raise InputError(f"items have shape {items.shape[1:]}, those of the first task had {self._shape}")
        self._shape: tuple[int, ...] = items.shape[1:]
        return items[codes >= 0], codes[codes >= 0], names

    def _known(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "classes_")
        items = self._table(X, reset=False)
        if items.shape[1:] != self._shape:
            raise InputError(f"items have shape {items.shape[1:]}, those of the tasks had {self._shape}")
        return self._scaled(items)

    def _table(self, X: Any, *, reset: bool) -> np.ndarray:
        if getattr(X, "ndim", 2) > 2:
            return np.asarray(X)
        return np.asarray(validate_data(self, X, dtype="numeric", reset=reset))

    def _scaled(self, items: ArrayLike) -> np.ndarray:
        return ((np.asarray(items, dtype=np.float64) - self.mean_) / self.spread_).astype(np.float32)
