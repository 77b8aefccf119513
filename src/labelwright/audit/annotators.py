"""Who labels best for the money: people, crowds and models on the same items (S090)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright import frames
from labelwright.errors import InputError
from labelwright.evidence.classes import encode, ordered
from labelwright.parts.agreement import Agreement, cohen, fleiss


class Annotators(NamedTuple):
    """Several sources of labels side by side.

    Attributes
    ----------
    sources : frame
        One row a source: `source`, `n` (items labelled), against gold `f1` (macro) and `kappa` (Cohen) with `low`,
        `high`, NaN without gold; `cost_per_item`, and `cost` for all its labels, NaN where not known.
    pairs : frame
        One row a pair of sources: `first`, `second`, `n`, `kappa`, `low`, `high`.
    fleiss : Agreement or None
        Agreement of all sources beyond chance; None where no item has two labels.
    """

    sources: Any
    pairs: Any
    fleiss: Agreement | None


def compare_annotators(
    said: Mapping[str, ArrayLike | Sequence[Any]],
    gold: ArrayLike | Sequence[Any] | None = None,
    *,
    cost: Mapping[str, float] | None = None,
    random_state: int = 0,
    like: Any = None,
) -> Annotators:
    """Compare sources of labels by agreement, by quality against adjudicated labels, and by cost.

    Agreement of a judge with given labels is agreement, not quality: only `gold` makes it that.

    Parameters
    ----------
    said : mapping of name to labels (n,)
        Of the same items in the same order; None where a source is silent.
    gold : sequence (n,), optional
        Adjudicated labels; None where not adjudicated.
    cost : mapping of name to number, optional
        Of one label, in any currency, or in seconds.
    random_state : int, default 0
        Draws the bootstrap of the 95 % intervals.
    like : frame, optional
        Kind of frames to return.

    Raises
    ------
    InputError
        When there is no source, lengths differ, or a cost is of nobody.

    Examples
    --------
    >>> said = {"ann": ["x", "y", "x", "y"], "model": ["x", "y", "y", "y"]}
    >>> found = compare_annotators(said, gold=["x", "y", "x", "y"], cost={"ann": 0.10, "model": 0.001})
    >>> found.sources[["source", "f1", "cost"]].round(3).values.tolist()
    [['ann', 1.0, 0.4], ['model', 0.733, 0.004]]
    >>> round(found.fleiss.value, 2)
    0.47
    """
    from sklearn.metrics import f1_score

    if not said:
        raise InputError("said is empty; name at least one source of labels")
    strange = sorted(set(cost or {}) - set(said))
    if strange:
        raise InputError(f"cost names {strange[0]!r}, which is none of the sources {', '.join(said)}")
    parts = {name: encode(labels) for name, labels in said.items()}
    truth = None if gold is None else encode(gold)
    every = [*parts.values(), *([] if truth is None else [truth])]
    n = len(every[0][0])
    for name, (codes, _) in [*parts.items(), *([] if truth is None else [("gold", truth)])]:
        if len(codes) != n:
            raise InputError(
                f"{name!r} has {len(codes)} labels, {next(iter(said))!r} has {n}; they must match"
            )
    classes = ordered({c for _, names in every for c in names.tolist()})
    place = {c: i for i, c in enumerate(classes)}
    table = {name: _recoded(part, place) for name, part in parts.items()}
    true = None if truth is None else _recoded(truth, place)

    def kappa(one: np.ndarray, two: np.ndarray) -> tuple[float, float, float, int]:
        both = int(((one >= 0) & (two >= 0)).sum())
        if not both:
            return np.nan, np.nan, np.nan, 0
        found = cohen(one, two, rng=np.random.default_rng(random_state), show=False)
        return found.value, found.low, found.high, both

    rows: list[dict[str, Any]] = []
    for name, codes in table.items():
        price = np.nan if cost is None or name not in cost else float(cost[name])
        row = {"source": name, "n": int((codes >= 0).sum()), "f1": np.nan}
        seen = np.zeros(n, dtype=bool) if true is None else (codes >= 0) & (true >= 0)
        if true is not None and seen.any():
            row["f1"] = float(f1_score(true[seen], codes[seen], average="macro"))
        row["kappa"], row["low"], row["high"] = (np.nan,) * 3 if true is None else kappa(codes, true)[:3]
        rows.append(row | {"cost_per_item": price, "cost": price * int((codes >= 0).sum())})
    names = list(table)
    pairs = [
        dict(
            zip(
                ("first", "second", "kappa", "low", "high", "n"),
                (one, two, *kappa(table[one], table[two])),
            )
        )
        for i, one in enumerate(names)
        for two in names[i + 1 :]
    ]
    counts = np.stack(
        [(np.stack(list(table.values())) == c).sum(axis=0) for c in range(len(classes))], axis=1
    )
    agreement = None
    if (counts.sum(axis=1) >= 2).any():
        agreement = fleiss(counts, rng=np.random.default_rng(random_state), show=False)
    return Annotators(
        frames.make({key: [row[key] for row in rows] for key in rows[0]}, like=like),
        frames.make(
            {key: [pair[key] for pair in pairs] for key in ("first", "second", "n", "kappa", "low", "high")},
            like=like,
        ),
        agreement,
    )


def _recoded(part: tuple[np.ndarray, np.ndarray], place: Mapping[Any, int]) -> np.ndarray:
    codes, names = part
    return np.array([place[c] for c in names.tolist()] + [-1])[codes]
