"""A classifier that knows when to ask, whoever the expert is (Ramgolam et al., 2025; Tailor et al., 2024)."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from labelwright.combine.deferral.embedding import embedding, views_of
from labelwright.combine.deferral.experts import Context
from labelwright.combine.deferral.report import DEFER, DeferralReport, deferral_report
from labelwright.combine.deferral.told import Told, as_points, hidden, read_context, shown, split, told
from labelwright.errors import InputError, need
from labelwright.parts import deferral
from labelwright.progress import progress

ENCODERS = ("mlp", "attn", None)


class PopulationDeferral(BaseEstimator):
    """Decide for each item whether the classifier answers or an expert does, known by a small context: L2D-Pop.

    One net has a logit for each class and one to defer. The last depends on the item and on a description of the
    expert, made from items that the expert has answered, so it works for experts that training never saw.

    Parameters
    ----------
    encoder : {"mlp", "attn", None}, default "attn"
        Whether points of a context are averaged, or items attend to them; None ignores who the expert is.
    surrogate : callable, optional
        ``(logits, targets) -> (n,)`` of `labelwright.parts.deferral`: `softmax` unless given, or `one_vs_all`.
    views : two views, optional
        Of standardised items; the second is what the net learns from, `labelwright.nets.views.jitter` unless given.
    hidden : int, default 64
        Width of all layers; a multiple of 4.
    context : int, default 50
        Most answers of an expert that make a context in training, and half of those there are.
    epochs : int, default 100
        Of the classifier alone, which comes first, and of all together.
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
    history_ : list of float
        Mean loss by epoch, nats.

    Notes
    -----
    Source: S040. Answers that are missing say nothing about the expert, while the item teaches the classes. With the
    answers of `ExpertiseModel.pseudo_labels` none are missing.

    Departs from the paper: items and points are compared by one projection, a rotation at first, for with ten experts
    to learn from two of them did not generalise to new ones; the context is drawn anew each epoch and not asked about
    in that epoch; the encoder is told whether an answer was right, not which it was; one rate for body and heads; AdamW
    along a cosine; nats.

    Examples
    --------
    >>> from labelwright.combine.deferral import contexts, draw_experts
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(90) % 3
    >>> X = np.column_stack([y == 0, rng.normal(size=90)])  # the classifier cannot tell 1 from 2
    >>> experts = draw_experts(6, range(3), rng, strong=(2, 2), p_out=0.0)
    >>> said = np.column_stack([expert.answer(y, range(3), rng) for expert in experts])
    >>> model = PopulationDeferral(hidden=16, epochs=30, lr=0.01, device="cpu").fit(X[:60], y[:60], said[:60])
    >>> known = contexts(X[:60], y[:60], said[:60])
    >>> decisions = model.predict(X[60:], known[0])
    >>> decisions.shape, model.report(X[60:], y[60:], said[60:], known).system.shape
    ((30,), (6,))
    """

    cites = ("ramgolam2025defer",)

    def __init__(
        self,
        *,
        encoder: str | None = "attn",
        surrogate: Callable[..., Any] | None = None,
        views: Sequence[Any] | None = None,
        hidden: int = 64,
        context: int = 50,
        epochs: int = 100,
        batch_size: int = 64,
        lr: float | None = None,
        device: Any = "auto",
        random_state: int | None = 0,
        show: bool | None = None,
    ):
        self.encoder = encoder
        self.surrogate = surrogate
        self.views = views
        self.hidden = hidden
        self.context = context
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.device = device
        self.random_state = random_state
        self.show = show

    def fit(self, X: Any, y: Any, answers: Any) -> Self:
        """Learn from items (n, d), true classes (n,), and answers (n, E) with None or NaN where there is none.

        Raises
        ------
        InputError
            When shapes differ, a true class is missing, an answer is no class, or an expert has fewer than two answers.
        """
        if self.encoder not in ENCODERS:
            raise InputError(f"encoder={self.encoder!r} must be 'mlp', 'attn' or None")
        if self.context < 1:
            raise InputError(f"context={self.context} must be at least 1")
        from sklearn.preprocessing import StandardScaler

        X = validate_data(self, X, dtype="numeric")
        have = told(X, y, answers)
        self.classes_ = have.classes
        self.scaler_ = StandardScaler().fit(X)
        self._train(self._scaled(X), have)
        self.history_ = self.epoch_.history
        return self

    def predict(self, X: Any, context: Context, *, budget: float | None = None) -> np.ndarray:
        """A class or `DEFER` for each item (n,), as objects, when this expert can be asked.

        Parameters
        ----------
        X : array (n, d)
        context : Context
            What is known of the expert. It must not hold the items that are decided.
        budget : float in [0, 1], optional
            Largest share of the items to defer, those where it helps most first.

        Raises
        ------
        InputError
            When the context is empty, holds classes that `fit` did not see, or its lengths differ.
        """
        if budget is not None and not 0 <= budget <= 1:
            raise InputError(f"budget={budget} must lie in [0, 1]")
        logits = self._logits(X, [context])[:, 0]
        gap = logits[:, -1] - logits[:, :-1].max(axis=1)
        asked = gap > 0
        if budget is not None:
            asked[np.argsort(-gap, kind="stable")[int(budget * len(gap)) :]] = False
        found = self.classes_[logits[:, :-1].argmax(axis=1)].astype(object)
        found[asked] = DEFER
        return found

    def report(
        self, X: Any, y: Any, answers: Any, contexts: Sequence[Context], *, budget: float | None = None
    ) -> DeferralReport:
        """Decide for each expert and score the result: items (n, d), true classes (n,), answers (n, E), E contexts."""
        made = [self.predict(X, context, budget=budget) for context in contexts]
        return deferral_report(np.column_stack(made), y, answers)

    def _train(self, items: np.ndarray, have: Told) -> None:
        need("torch", extra="torch", purpose="PopulationDeferral")
        from labelwright.combine.deferral._nets import ContextEncoder, ExpertNet, ExpertScorer
        from labelwright.nets import Epoch, seeded

        k, h = len(have.classes), self.hidden
        seed, draws = np.random.SeedSequence(self.random_state).generate_state(2).tolist()
        body = embedding(
            items, have.y, k, hidden=h, epochs=self.epochs, batch_size=self.batch_size, lr=self.lr,
            views=self.views, device=self.device, seed=seed,
        )  # fmt: skip

        def make() -> Any:
            encoder = None if self.encoder is None else ContextEncoder(h, k, h, self.encoder == "attn")
            return ExpertNet(body, ExpertScorer(h, h, encoder), answers=True)

        net = seeded(make, seed)
        surrogate = deferral.softmax if self.surrogate is None else self.surrogate
        self.epoch_ = Epoch(
            net, items, views=views_of(self.views), loss=_EachExpert(surrogate, k), link=_as_it_is, lr=self.lr,
            epochs=self.epochs, batch_size=self.batch_size, device=self.device, random_state=seed, show=False,
        )  # fmt: skip
        rng, labels = np.random.default_rng(draws), np.eye(k)[have.y]
        with progress("learning to defer", self.epochs, show=self.show) as tick:
            for _ in range(self.epochs):
                rows = split(have.right, self.context, rng)
                net.show(shown(items, have, rows))
                self.epoch_(_targets(labels, hidden(have.right, rows)))
                tick()
        net.show(None)

    def _logits(self, X: Any, contexts: Sequence[Context]) -> np.ndarray:
        """Logits (n, E, k + 1), the last to defer."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype="numeric", reset=False)
        parts = [read_context(context, self.classes_, self._scaled) for context in contexts]
        net: Any = self.epoch_.net
        net.show(as_points(parts))
        found = self.epoch_.predict(self._scaled(X)).reshape(len(X), len(parts), -1)
        net.show(None)
        return found

    def _scaled(self, X: Any) -> np.ndarray:
        return self.scaler_.transform(np.asarray(X)).astype(np.float32)

    @classmethod
    def contract_examples(cls) -> list[Self]:
        """A small one for the contract suite."""
        return [cls(hidden=8, epochs=2, device="cpu")]


class _EachExpert:
    """The mean over experts of a surrogate, from logits and targets (b, E * (k + 1))."""

    def __init__(self, surrogate: Callable[..., Any], k: int):
        self.surrogate, self.width = surrogate, k + 1

    def __call__(self, logits: Any, targets: Any) -> Any:
        each = self.surrogate(logits.reshape(-1, self.width), targets.reshape(-1, self.width))
        return each.reshape(len(logits), -1).mean(dim=1)


def _targets(labels: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Labels (n, k) and who is right (n, E) as (n, E * (k + 1))."""
    n, e = right.shape
    whole = np.concatenate([np.repeat(labels[:, None], e, axis=1), right[:, :, None]], axis=2)
    return whole.reshape(n, -1)


def _as_it_is(logits: Any) -> Any:
    return logits
