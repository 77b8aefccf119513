"""What a reviewed test set says of the models: ranks, curves and crossings on the given and the corrected labels."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from labelwright import frames
from labelwright.audit.result import Estimate
from labelwright.audit.review_sheet import Review
from labelwright.audit.standings import Standings
from labelwright.errors import InputError

GRID = 41  # points of a curve


@dataclass(frozen=True, kw_only=True)
class CheckedTestSet:
    """Models on the given and on the corrected labels of a test set.

    Attributes
    ----------
    models : tuple of str (m,)
    classes : ndarray (k,)
    given, corrected : int array (n,)
        Codes of the labels, -1 where there is none; -1 in `corrected` also where people saw no one right label ("both",
        "neither", or a tie): these rows count on the given labels only.
    standings : Standings
        Of models in the order of `models`.
    error_rate : Estimate
        Share of the given labels that are wrong in the whole test set, with a 95 % interval.
    review : Review or None
        What people said; None where the true labels were given.
    like : frame or None
        Frames are returned of this kind.
    """

    models: tuple[str, ...]
    classes: np.ndarray
    given: np.ndarray
    corrected: np.ndarray
    standings: Standings
    error_rate: Estimate
    review: Review | None = None
    like: Any = None

    def labels(self) -> np.ndarray:
        """The corrected labels (n,) of object: None where a row has no one right label."""
        names = np.empty(len(self.classes) + 1, dtype=object)
        names[:-1] = self.classes.tolist()
        return names[self.corrected]

    @cached_property
    def ranking(self) -> Any:
        """A row for each model, best on the corrected labels first.

        Accuracy and rank on the given and the corrected labels with 95 % intervals, and in which share of the draws it
        is the best: `model`, `accuracy_given`, `given_low`, `given_high`, `accuracy_corrected`, `corrected_low`,
        `corrected_high`, `rank_given`, `rank_given_low`, `rank_given_high`, `rank_corrected`, `rank_corrected_low`,
        `rank_corrected_high`, `first_given`, `first_corrected`.
        """
        at, columns = self.standings, {}
        order = np.argsort(-at.values("corrected")[0], kind="stable")
        columns["model"] = np.array(self.models, dtype=object)[order]
        for labels in ("given", "corrected"):
            ends = zip((f"accuracy_{labels}", f"{labels}_low", f"{labels}_high"), at.accuracy(labels))
            columns |= {name: values[order] for name, values in ends}
        for labels in ("given", "corrected"):
            ends = zip(("", "_low", "_high"), at.ranks(labels))
            columns |= {f"rank_{labels}{end}": values[order] for end, values in ends}
        columns |= {f"first_{labels}": at.first(labels)[order] for labels in ("given", "corrected")}
        return frames.make(columns, like=self.like)

    @cached_property
    def pairs(self) -> Any:
        """A row for each pair of models, those that change places first.

        `model` is ahead of `other` on the given labels (or was named first); `given`, `corrected` are how far, with
        paired 95 % intervals `given_low` ... `corrected_high`; `swapped` says whether they change places, and
        `swaps` in which share of the draws.
        """
        at, rows = self.standings, []
        given, corrected = (at.values(labels)[0] for labels in ("given", "corrected"))
        for a in range(len(self.models)):
            for b in range(a + 1, len(self.models)):
                one, other = (a, b) if given[a] >= given[b] else (b, a)
                lead = [float(v) for l in ("given", "corrected") for v in at.difference(one, other, l)]
                swapped = bool(given[one] > given[other] and corrected[one] < corrected[other])
                rows.append([self.models[one], self.models[other], *lead, swapped, at.swapped(one, other)])
        rows.sort(key=lambda row: (not row[-2], row[5]))
        names = ("model", "other", "given", "given_low", "given_high", "corrected", "corrected_low",
                 "corrected_high", "swapped", "swaps")  # fmt: skip
        return frames.make({n: [row[i] for row in rows] for i, n in enumerate(names)}, like=self.like)

    def prevalence_curve(self, grid: ArrayLike | None = None) -> Any:
        """How the models would stand if more of the test set were mislabelled: a row for each share and model.

        Correctly labelled items are taken away at random until those that were corrected make up `prevalence`; at 1
        only they are left. `given` and `corrected` are the accuracies on both kinds of labels, with 95 % intervals.

        Parameters
        ----------
        grid : sequence of float, optional
            Shares in [0, 1]; by default 41 from the share there is to 1.

        Raises
        ------
        InputError
            When no label was corrected, or the grid leaves [0, 1].
        """
        if not self.standings.wrong[0]:
            raise InputError("no label was corrected, so nothing can become more frequent; there is no curve")
        shares = np.linspace(self.standings.prevalence, 1, GRID) if grid is None else np.asarray(grid, float)
        if shares.ndim != 1 or not len(shares) or not ((shares >= 0) & (shares <= 1)).all():
            raise InputError(f"grid={grid!r} must be shares from 0 to 1")
        found, m = self.standings.curve(shares), len(self.models)
        columns: dict[str, Any] = {
            "prevalence": np.repeat(shares, m),
            "model": np.array(self.models * len(shares), dtype=object),
        }
        for name in ("given", "corrected"):
            ends = zip((name, f"{name}_low", f"{name}_high"), getattr(found, name))
            columns |= {key: values.ravel() for key, values in ends}
        return frames.make(columns, like=self.like)

    def crossings(self) -> Any:
        """Pairs that would change places on the corrected labels if more of them had been wrong, soonest first.

        `model` leads now, `other` overtakes at `prevalence` (95 % interval `low` to `high`, 1 where it may never
        happen; at or below the share there is now: the order is not settled even as it is); `share` of the draws have
        a crossing above the share there is.
        """
        found = self.standings.crossings()
        names = np.array(self.models, dtype=object)
        return frames.make(
            {
                "model": names[[it.model for it in found]],
                "other": names[[it.other for it in found]],
                **{key: [getattr(it, key) for it in found] for key in ("prevalence", "low", "high", "share")},
            },
            like=self.like,
        )

    @property
    def best(self) -> tuple[str, str]:
        """The model that is first on the given labels, and the one that is on the corrected ones."""
        given, corrected = (
            int(self.standings.values(labels)[0].argmax()) for labels in ("given", "corrected")
        )
        return self.models[given], self.models[corrected]

    @property
    def cost(self) -> float:
        """Accuracy on the corrected labels that choosing by the given ones gives away."""
        values = self.standings.values("corrected")[0]
        return float(values.max() - values[self.models.index(self.best[0])])

    def summary(self) -> dict[str, Any]:
        """The numbers in one flat dict, as ``labelwright audit --test --json`` prints them."""
        verdicts = [] if self.review is None else self.review.verdicts.tolist()
        swapped = frames.column(self.pairs, "swapped")
        return {
            "n": int((self.given >= 0).sum()),
            "n_reviewed": sum(v != "unseen" for v in verdicts),
            **{
                f"n_{name}": verdicts.count(name) for name in ("right", "wrong", "both", "neither", "unclear")
            },
            "agreement": _finite(float("nan") if self.review is None else self.review.agreement),
            "error_rate": _finite(self.error_rate.value),
            "error_rate_low": _finite(self.error_rate.low),
            "error_rate_high": _finite(self.error_rate.high),
            "n_corrected": int(self.standings.wrong[0]),
            "n_left_out": int(self.standings.left_out[0]),
            "best_given": self.best[0],
            "best_corrected": self.best[1],
            "cost": self.cost,
            "n_pairs": len(swapped),
            "n_swapped": int(np.sum(swapped)),
            "n_crossings": len(self.standings.crossings()),
            "models": {
                name: {"given": float(g), "corrected": float(c)}
                for name, g, c in zip(
                    self.models, self.standings.values("given")[0], self.standings.values("corrected")[0]
                )
            },
        }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
