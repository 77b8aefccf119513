"""Will this expert be right about this item? Learned from a few answers and many items without one."""

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from labelwright.combine.deferral.embedding import embedding, views_of
from labelwright.combine.deferral.experts import Context, other_class
from labelwright.combine.deferral.told import Told, as_points, hidden, read_context, shown, split, told
from labelwright.errors import DoubtfulInput, InputError, need
from labelwright.progress import progress


class ExpertiseModel(BaseEstimator):
    """Predict where each of many experts is right, for all experts at once.

    A classifier of the true classes describes the items; an encoder describes an expert by the items answered so far,
    their true classes, and whether the answers were right; a small net puts the two together. Pairs of item and expert
    without an answer teach too, as in FixMatch: where the weak view of the item is sure, the strong view learns it.

    Parameters
    ----------
    encoder : {"mlp", "attn"}, default "attn"
        Whether points of a context are averaged, or items attend to them.
    hidden : int, default 64
        Width of all layers; a multiple of 4.
    views : two views, optional
        The weak and the strong one, of standardised items; `labelwright.nets.views.jitter` unless given.
    sure : float in (0.5, 1], default 0.95
        Confidence from which a prediction is learned; 1 leaves pairs without an answer out.
    unlabelled : float, default 1.0
        Weight of all pairs without an answer against all with one.
    epochs : int, default 100
    batch_size : int, default 64
    lr : float, optional
        Rate of AdamW, 0.002 unless given.
    device : str or Fabric, default "auto"
    random_state : int or None, default 0
    show : bool, optional
        Progress; by default on terminals.

    Attributes
    ----------
    classes_ : ndarray (k,)
    right_ : ndarray (n, E)
        P(expert is right | item) for the training items, 0 and 1 where there is an answer.

    Notes
    -----
    Source: S040. Departs from the paper: the encoder is told whether an answer was right, not which it was; in each
    epoch half of an expert's answers (drawn anew) are the context, and only the others are asked, so that a net cannot
    look up what it is asked; one layer of attention; AdamW along a cosine; noise in place of changes to pictures.

    Examples
    --------
    >>> from labelwright.combine.deferral import draw_experts
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 3
    >>> X = np.eye(3)[y] + 0.2 * rng.normal(size=(60, 3))
    >>> experts = draw_experts(4, range(3), rng, strong=(1, 2), p_out=0.0)
    >>> full = np.column_stack([expert.answer(y, range(3), rng) for expert in experts])
    >>> few = np.where(rng.random(full.shape) < 0.4, full, np.nan)
    >>> model = ExpertiseModel(hidden=16, epochs=40, batch_size=20, lr=0.01, device="cpu").fit(X, few, y)
    >>> bool(((model.right_ > 0.5) == (full == y[:, None])).mean() > 0.8)
    True
    """

    cites = ("ramgolam2025defer",)

    def __init__(
        self,
        *,
        encoder: str = "attn",
        hidden: int = 64,
        views: Sequence[Any] | None = None,
        sure: float = 0.95,
        unlabelled: float = 1.0,
        epochs: int = 100,
        batch_size: int = 64,
        lr: float | None = None,
        device: Any = "auto",
        random_state: int | None = 0,
        show: bool | None = None,
    ):
        self.encoder = encoder
        self.hidden = hidden
        self.views = views
        self.sure = sure
        self.unlabelled = unlabelled
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.device = device
        self.random_state = random_state
        self.show = show

    def fit(self, X: Any, answers: Any, y: Any) -> Self:
        """Learn from items (n, d), experts' answers (n, E) with None or NaN where there is none, and true classes (n,).

        Raises
        ------
        InputError
            When shapes differ, a true class is missing, an answer is no class, or an expert has fewer than two answers.
        """
        if self.encoder not in ("mlp", "attn"):
            raise InputError(f"encoder={self.encoder!r} must be 'mlp' or 'attn'")
        if not 0.5 < self.sure <= 1 or self.unlabelled < 0:
            raise InputError(
                f"sure={self.sure} must lie in (0.5, 1] and unlabelled={self.unlabelled} be at least 0"
            )
        from sklearn.preprocessing import StandardScaler

        X = validate_data(self, X, dtype="numeric")
        have = told(X, y, answers)
        _one_sided(have.right)
        self.classes_, self._have = have.classes, have
        self.scaler_ = StandardScaler().fit(X)
        items = self._scaled(X)
        self._train(items, have)
        said = self._asked(items, shown(items, have, _answered(have.right)))
        self.right_ = np.where(np.isnan(have.right), said, have.right)
        return self

    def predict_right(self, X: Any, contexts: Sequence[Context]) -> np.ndarray:
        """P(expert is right | item) of items (n, d) for each of the contexts: (n, E)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype="numeric", reset=False)
        parts = [read_context(context, self.classes_, self._scaled) for context in contexts]
        return self._asked(self._scaled(X), as_points(parts))

    def pseudo_labels(self) -> np.ndarray:
        """What the training experts would have said of every training item: (n, E) classes.

        Given answers stay; where the model expects a right answer it is the true class, elsewhere a random other one.
        """
        check_is_fitted(self)
        rng = np.random.default_rng(self._seeds[2])
        codes = np.broadcast_to(self._have.y[:, None], self.right_.shape)
        wrong = other_class(codes, len(self.classes_), rng)
        filled = np.where(self.right_ > 0.5, codes, wrong)
        return np.asarray(self.classes_[np.where(self._have.said >= 0, self._have.said, filled)])

    def _train(self, items: np.ndarray, have: Told) -> None:
        need("torch", extra="torch", purpose="ExpertiseModel")
        import torch

        from labelwright.combine.deferral._nets import ContextEncoder, ExpertNet, ExpertScorer
        from labelwright.nets import Epoch, seeded

        k, h = len(have.classes), self.hidden
        self._seeds = np.random.SeedSequence(self.random_state).generate_state(3).tolist()
        body = embedding(
            items, have.y, k, hidden=h, epochs=self.epochs, batch_size=self.batch_size, lr=self.lr,
            views=self.views, device=self.device, seed=self._seeds[0],
        )  # fmt: skip
        net = seeded(
            lambda: ExpertNet(
                body, ExpertScorer(h, h, ContextEncoder(h, k, h, self.encoder == "attn")), answers=False
            ),
            self._seeds[0],
        )
        self.epoch_ = Epoch(
            net, items, views=views_of(self.views), loss=_PairLoss(have.right, self.unlabelled),
            link=torch.sigmoid, lr=self.lr, epochs=self.epochs, batch_size=self.batch_size, device=self.device,
            random_state=self._seeds[0], show=False,
        )  # fmt: skip
        rng = np.random.default_rng(self._seeds[1])
        with progress("learning expertise", self.epochs, show=self.show) as tick:
            for _ in range(self.epochs):
                rows = split(have.right, len(items), rng)
                net.show(shown(items, have, rows))
                self.epoch_(partial(self._targets, have.right, hidden(have.right, rows)))
                tick()

    def _targets(
        self, right: np.ndarray, asked: np.ndarray, rows: np.ndarray, probs: np.ndarray
    ) -> np.ndarray:
        """Answers that are asked; where there is none, what the weak view is sure of; NaN elsewhere."""
        guess = np.where(probs >= self.sure, 1.0, np.where(probs <= 1 - self.sure, 0.0, np.nan))
        if self.sure == 1:
            guess[:] = np.nan
        return np.where(np.isnan(right[rows]), guess, asked[rows])

    def _asked(self, items: np.ndarray, points: Any) -> np.ndarray:
        net: Any = self.epoch_.net
        net.show(points)
        found = self.epoch_.predict(items).astype(np.float64)
        net.show(None)
        return found

    def _scaled(self, X: Any) -> np.ndarray:
        return self.scaler_.transform(np.asarray(X)).astype(np.float32)

    @classmethod
    def contract_examples(cls) -> list[Self]:
        """A small one for the contract suite."""
        return [cls(hidden=8, epochs=2, device="cpu")]


class _PairLoss:
    """Logistic loss of each pair of item and expert; pairs with an answer and pairs without weigh as two groups do."""

    def __init__(self, right: np.ndarray, unlabelled: float):
        answered = ~np.isnan(right)
        n, with_one = len(right), max(answered.sum() / 2, 1)  # half of them are context
        without = max((~answered).sum(), 1)
        self.weights = np.where(answered, n / with_one, unlabelled * n / without).astype(np.float32)

    def __call__(self, logits: Any, targets: Any, rows: Any) -> Any:
        import torch

        from labelwright.parts import losses

        each = losses.binary_cross_entropy(logits.reshape(-1, 1), targets.reshape(-1, 1)).reshape(
            logits.shape
        )
        weights = torch.from_numpy(self.weights[rows.cpu().numpy()]).to(each.device)
        return (weights * each).sum(dim=1)


def _answered(right: np.ndarray) -> list[np.ndarray]:
    return [np.flatnonzero(~np.isnan(column)) for column in right.T]


def _one_sided(right: np.ndarray) -> None:
    mean = np.nanmean(right, axis=0)
    always = np.flatnonzero((mean == 0) | (mean == 1))
    if len(always):
        e = int(always[0])
        warnings.warn(
            f"{len(always)} experts were always right or always wrong (first: expert {e}, "
            f"{'right' if mean[e] else 'wrong'} {int((~np.isnan(right[:, e])).sum())} times); more of their answers "
            "would show where they differ",
            DoubtfulInput,
            stacklevel=3,
        )
