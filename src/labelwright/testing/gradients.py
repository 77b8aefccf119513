"""What every loss, target and weight must keep, for NumPy and torch alike; without torch only NumPy is checked."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any, NamedTuple

import numpy as np

from labelwright.testing.promise import promise, same, unchanged

STEP = 1e-5  # of the finite differences: central ones err by about STEP ** 2 and rounding / STEP


class Batch(NamedTuple):
    """Logits and targets of a few items, and a group for each."""

    logits: np.ndarray
    targets: np.ndarray
    groups: np.ndarray

    def take(self, items: np.ndarray) -> "Batch":
        """These items, in this order."""
        return Batch(self.logits[items], self.targets[items], self.groups[items])

    def as_type(self, dtype: Any) -> "Batch":
        """In another precision."""
        return Batch(self.logits.astype(dtype), self.targets.astype(dtype), self.groups)


def soft_batch(rng: np.random.Generator, n: int = 12, k: int = 4, *, tags: bool = False) -> Batch:
    """Logits; targets that are one-hot, soft, uniform, and soft with zeros (tags: yes, no, soft, unknown).

    Examples
    --------
    >>> soft_batch(np.random.default_rng(0)).targets.sum(axis=1).round(6).tolist() == [1.0] * 12
    True
    """
    logits, targets = 2 * rng.normal(size=(n, k)), rng.dirichlet(np.ones(k), n)
    if tags:
        targets = rng.choice([0.0, 1.0, 0.3, np.nan], size=(n, k))
        targets[0] = np.nan
    else:
        targets[::3] = np.eye(k)[rng.integers(k, size=len(targets[::3]))]
        targets[1], targets[2] = 1 / k, np.arange(k) < 2
        targets[2] /= targets[2].sum()
    return Batch(logits, targets, rng.permutation(np.arange(n) // 3) * 5 - 5)


def check_loss(
    function: Callable[..., Any],
    *,
    batch: bool = False,
    tags: bool = False,
    classes: int = 4,
    random_state: int = 0,
) -> None:
    """Check a loss: ``(logits, targets) -> (n,)``, never reduced.

    Values and gradients are finite for logits of 10,000 either way, in single and double precision, and single stays
    single. Items are independent (with `groups` in the signature: groups are) and follow their order; nothing given is
    changed. With torch installed, it agrees with NumPy within 1e-6 and its gradient with finite differences.

    Parameters
    ----------
    function : callable
        Options bound, such as ``partial(losses.focal, gamma=1.0)``; one that takes `groups` gets them.
    batch : bool, default False
        The loss looks at the whole batch, so items need not be independent.
    tags : bool, default False
        Give it targets per tag, with NaN where unknown, instead of rows on the simplex.
    classes : int, default 4
        Size of the example, for a loss that has a matrix bound.

    Raises
    ------
    ContractError

    Examples
    --------
    >>> from labelwright.parts import losses
    >>> check_loss(losses.cross_entropy)
    """
    rng = np.random.default_rng(random_state)
    example = soft_batch(rng, k=classes, tags=tags)
    n = len(example.logits)
    grouped = "groups" in signature(function).parameters

    def loss(given: Batch) -> Any:
        beside = {"groups": given.groups} if grouped else {}
        return function(given.logits, given.targets, **beside)

    with unchanged(function, logits=example.logits, targets=example.targets, groups=example.groups):
        values = np.asarray(loss(example))
    promise(
        values.shape == (n,), function, f"losses have shape ({n},), one per item", f"it is {values.shape}"
    )
    extreme = _extreme(rng, example)
    for given in (example, extreme, extreme.as_type(np.float32)):
        found = np.asarray(loss(given))
        kind = given.logits.dtype
        promise(
            found.dtype == kind,
            function,
            f"logits in {kind} give losses in {kind}",
            f"they are {found.dtype}",
        )
        row = np.flatnonzero(~np.isfinite(found))
        promise(
            not len(row),
            function,
            f"losses are finite ({kind})",
            f"logits {given.logits[row[:1]].tolist()} give {found[row[:1]].tolist()}",
        )
    order = rng.permutation(n)
    same(loss(example.take(order)), values[order], function, "losses follow their items")
    if not batch:
        units = example.groups if grouped else np.arange(n)
        what = (
            "the groups of a batch do not touch each other"
            if grouped
            else "the items of a batch do not touch each other"
        )
        for unit in np.unique(units):
            items = np.flatnonzero(units == unit)
            same(loss(example.take(items)), values[items], function, what)
    if (torch := _torch()) is not None:
        _loss_in_torch(function, loss, torch, example, extreme)


def _extreme(rng: np.random.Generator, example: Batch) -> Batch:
    """The same with logits of 0 and 10,000 either way; some rows are flat or certain."""
    logits = rng.choice([-1e4, 0.0, 1e4], size=example.logits.shape)
    logits[0], logits[1] = 1e4, 0
    logits[2] = np.where(np.arange(logits.shape[1]) == 0, 1e4, -1e4)
    return example._replace(logits=logits)


def _loss_in_torch(
    function: Callable[..., Any], loss: Callable[[Batch], Any], torch: Any, example: Batch, extreme: Batch
) -> None:
    def in_torch(given: Batch) -> Any:
        try:
            return loss(given)
        except (TypeError, RuntimeError) as problem:
            first = str(problem).partition("\n")[0]
            promise(False, function, "it takes tensors", f"it raised {type(problem).__name__} ({first})")

    def with_gradient(given: Batch, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits = torch.tensor(given.logits, requires_grad=True)
        values = in_torch(Batch(logits, torch.tensor(given.targets), torch.tensor(given.groups)))
        promise(
            isinstance(values, torch.Tensor),
            function,
            "tensors give a tensor",
            f"it is {type(values).__name__}",
        )
        promise(values.requires_grad, function, "gradients flow from the losses to the logits")
        (values * torch.tensor(weights, dtype=values.dtype)).sum().backward()
        return values.detach().numpy(), logits.grad.numpy()

    weights = np.linspace(0.5, 1.5, len(example.logits))  # so that items cannot trade gradients
    values, slope = with_gradient(example, weights)
    same(values, loss(example), function, "torch and NumPy agree", atol=1e-6)
    differences = np.empty_like(slope)
    for place in np.ndindex(slope.shape):
        step = np.zeros_like(slope)
        step[place] = STEP
        up, down = (np.asarray(loss(example._replace(logits=example.logits + s))) for s in (step, -step))
        differences[place] = weights @ (up - down) / (2 * STEP)
    same(slope, differences, function, "the gradient equals finite differences", atol=1e-6)
    for given in (extreme, extreme.as_type(np.float32)):
        values, slope = with_gradient(given, weights)
        atol = 1e-2 if values.dtype == np.float32 else 1e-6  # single precision: 1e-6 of the logits
        same(values, loss(given), function, "torch and NumPy agree at logits of 10,000", atol=atol)
        row = np.flatnonzero(~np.isfinite(slope).all(axis=1))
        found = f"it is {slope[row[:1]].tolist()} at {given.logits[row[:1]].tolist()}"
        promise(not len(row), function, f"the gradient is finite at logits of 10,000 ({slope.dtype})", found)


def check_targets(
    function: Callable[..., Any], *, batch: bool = False, classes: int = 4, random_state: int = 0
) -> None:
    """Check a function of targets: ``targets or probs (n, k) -> (n, k)``, rows on the simplex.

    Rows that are certain, flat, or hold zeros come out finite and on the simplex; single precision stays single; rows
    follow their items; nothing given is changed; torch, where installed, agrees with NumPy within 1e-6.

    Parameters
    ----------
    function : callable
        Of one argument, the rest bound: ``lambda p: targets.distil(p, p ** 0 / 4, 0.5)``.
    batch : bool, default False
        Rows may look at other rows, as in `targets.mix`, so they need not follow their order.
    classes : int, default 4
        Size of the example (12, classes).

    Raises
    ------
    ContractError

    Examples
    --------
    >>> from labelwright.parts import targets
    >>> check_targets(lambda p: targets.smooth(p, 0.1))
    """
    rng = np.random.default_rng(random_state)
    probs = soft_batch(rng, k=classes).targets
    with unchanged(function, probs=probs):
        found = np.asarray(function(probs))
    for given, atol in ((probs, 1e-9), (probs.astype(np.float32), 1e-5)):
        rows = np.asarray(function(given))
        promise(
            rows.shape == given.shape, function, f"targets have shape {given.shape}", f"it is {rows.shape}"
        )
        promise(
            rows.dtype == given.dtype,
            function,
            f"{given.dtype} stays {given.dtype}",
            f"it becomes {rows.dtype}",
        )
        promise((rows >= 0).all(), function, "no target is negative or NaN", f"the smallest is {rows.min()}")
        same(rows.sum(axis=1), np.ones(len(rows)), function, "rows sum to 1", atol=atol)
    if not batch:
        order = rng.permutation(len(probs))
        same(function(probs[order]), found[order], function, "targets follow their items")
    if (torch := _torch()) is not None:
        tensor = function(torch.tensor(probs))
        promise(
            isinstance(tensor, torch.Tensor),
            function,
            "a tensor gives a tensor",
            f"it is {type(tensor).__name__}",
        )
        same(tensor.numpy(), found, function, "torch and NumPy agree", atol=1e-6)


def check_weights(function: Callable[..., Any], *, classes: int = 4, random_state: int = 0) -> None:
    """Check weights: ``scores (n,) -> (n,)`` in [0, 1], where a higher score is more doubtful.

    An item that becomes more doubtful, the others as before, never weighs more; one without a score (NaN) weighs 0;
    weights follow their items, ties apart; nothing given is changed. A function with `codes` in its signature gets
    class codes, -1 where the score is NaN; one whose first argument is `codes` gets nothing else.

    Parameters
    ----------
    function : callable
        Options bound: ``partial(weights.threshold, most=0.5)``.
    classes : int, default 4
        Number of classes of the codes.

    Raises
    ------
    ContractError

    Examples
    --------
    >>> from labelwright.parts import weights
    >>> check_weights(weights.soft_match)
    """
    rng = np.random.default_rng(random_state)
    scores, codes = rng.random(40), rng.integers(classes, size=40)
    scores[rng.choice(40, 6, replace=False)] = np.nan
    codes[np.isnan(scores)] = -1
    parameters = list(signature(function).parameters.values())
    alone = parameters[0].name == "codes" and parameters[0].kind is not Parameter.KEYWORD_ONLY
    beside = not alone and any(p.name == "codes" for p in parameters)

    def weigh(scores: np.ndarray, codes: np.ndarray) -> np.ndarray:
        if alone:
            return np.asarray(function(codes))
        return np.asarray(function(scores, codes=codes) if beside else function(scores))

    with unchanged(function, scores=scores, codes=codes):
        weights = weigh(scores, codes)
    promise(
        weights.shape == scores.shape,
        function,
        "there is one weight per item",
        f"the shape is {weights.shape}",
    )
    outside = ~((weights >= 0) & (weights <= 1))
    promise(not outside.any(), function, "weights lie in [0, 1]", f"one is {weights[outside][:1]}")
    lost = np.isnan(scores)
    promise(not weights[lost].any(), function, "an item of which nothing was told weighs 0")
    order = rng.permutation(len(scores))
    same(weigh(scores[order], codes[order]), weights[order], function, "weights follow their items")
    promise(
        not weigh(scores[lost], codes[lost]).any(), function, "where nothing was told at all, all weigh 0"
    )
    for item in np.flatnonzero(~lost):
        for step in (0.05, 1.0):
            doubtful = scores.copy()
            doubtful[item] += step
            now = weigh(doubtful, codes)[item]
            promise(
                now <= weights[item] + 1e-12,
                function,
                "an item that becomes more doubtful never weighs more",
                f"from score {scores[item]:.3f} to {doubtful[item]:.3f} it went from {weights[item]:.3f} to {now:.3f}",
            )


def _torch() -> Any:
    """The torch module, or None."""
    try:
        import torch
    except ImportError:
        return None
    return torch
