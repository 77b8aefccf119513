"""A classifier of the true classes, whose hidden layer describes items to the models of experts."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np


def embedding(
    X: np.ndarray, y: np.ndarray, k: int, *, hidden: int, epochs: int, batch_size: int, lr: float | None,
    views: Sequence[Any] | None, device: Any, seed: int,
) -> Any:  # fmt: skip
    """Train a `labelwright.nets.MLP` with two layers of `hidden` on items (n, d) and codes (n,), and return it.

    Examples
    --------
    >>> X, y = np.array([[-1.0], [1.0]] * 20, dtype=np.float32), np.array([0, 1] * 20)
    >>> body = embedding(X, y, 2, hidden=4, epochs=1, batch_size=8, lr=None, views=None, device="cpu", seed=0)
    >>> body.out.in_features
    4
    """
    from labelwright.nets import MLP, Epoch, seeded

    body = seeded(lambda: MLP(X.shape[1], k, hidden=(hidden, hidden)), seed)
    epoch = Epoch(
        body, X, views=views_of(views), lr=lr, epochs=epochs, batch_size=batch_size, device=device,
        random_state=seed, show=False,
    )  # fmt: skip
    for _ in range(epochs):
        epoch(np.eye(k, dtype=np.float32)[y])
    return body


def views_of(views: Sequence[Any] | None) -> Sequence[Any]:
    """Return the views, by default a little noise, and more of it with a fifth of the numbers set to 0."""
    from labelwright.nets.views import jitter

    return (partial(jitter, drop=0.0), partial(jitter, noise=0.2, drop=0.2)) if views is None else views
