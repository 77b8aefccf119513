"""Audit a test set: who should look at which labels, and what the corrected ones do to the ranking of models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from labelwright import frames
from labelwright.audit.confident import ConfidentLearning
from labelwright.audit.result import Estimate
from labelwright.audit.review_sheet import Review, ReviewSheet, blind, fingerprint, read_review
from labelwright.audit.standings import Standings, standings
from labelwright.audit.strata import error_rate
from labelwright.errors import InputError
from labelwright.evidence import Exact, encode
from labelwright.evidence.checks import check_probs
from labelwright.evidence.classes import is_missing

MOST = 300  # rows that look wrong on a sheet
SAMPLE = 100  # others, drawn at random
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


class TestSetAudit:
    """Find out whether wrong labels of a test set decide which model looks best.

    Flags the labels that look wrong to the models, writes a blind sheet for people, reads their votes back, and ranks
    the models again on what they say (see `CheckedTestSet`).

    Parameters
    ----------
    labels : sequence (n,)
        Given labels, any hashable class names; rows without one (None) are passed over.
    models : mapping of str to array, or frame
        For each model its predictions (n,), or its probabilities (n, k) with columns in the order of the classes,
        made without having seen the test labels. The columns of a frame are predictions.
    classes : sequence (k,), optional
        All class names, in the order of the columns of the probabilities; by default those that occur, sorted.
    filter_by : str, default "prune_by_noise_rate"
        Rule of `ConfidentLearning` that flags, on the mean of the models' probabilities. Where a model has predictions
        only, the rows are flagged of which another class has at least as many votes as the given one.
    draws : int, default 2000
        Of the bootstrap.
    random_state : int, default 0
        Same seed, same sheet, same intervals.

    Attributes
    ----------
    models : tuple of str
    classes : ndarray (k,)
    flagged : ndarray of int
        Rows whose label looks wrong, most doubtful first.
    suggested : int array (n,)
        The other class that looks most probable, for every row.

    Raises
    ------
    InputError
        When there are fewer than two models or classes, lengths differ, a prediction is missing, or numbers are no
        probabilities.

    Departs from the paper: any number of reviewers, and an answer needs more than half of the votes (three of five
    there); rows that nobody flagged are sampled as well, so that the error rate is of the whole set and not a lower
    bound; intervals by bootstrap throughout.

    Examples
    --------
    >>> labels = ["cat"] * 20 + ["dog"] * 20
    >>> labels[3] = "dog"  # a slip
    >>> careful = ["cat"] * 20 + ["dog"] * 19 + ["cat"]
    >>> parrot = [*labels[:39], "cat"]
    >>> audit = TestSetAudit(labels, {"careful": careful, "parrot": parrot})
    >>> sheet = audit.review_sheet(most=10, sample=10).frame()
    >>> truth = ["cat"] * 20 + ["dog"] * 20
    >>> sheet["vote_1"] = ["a" if a == truth[row] else "b" for row, a in zip(sheet["row"], sheet["option_a"])]
    >>> checked = audit.check(sheet)
    >>> checked.best, checked.ranking["model"].tolist()
    (('parrot', 'careful'), ['careful', 'parrot'])
    """

    __test__ = False  # pytest collects what is called Test...
    cites = ("northcutt2021pervasive",)

    def __init__(
        self,
        labels: Sequence[Any] | ArrayLike,
        models: Any,
        *,
        classes: Sequence[Any] | None = None,
        filter_by: str = "prune_by_noise_rate",
        draws: int = 2000,
        random_state: int = 0,
    ):
        said = (
            {name: frames.column(models, name) for name in frames.names(models)}
            if frames.is_frame(models)
            else models
        )
        if not isinstance(said, Mapping):
            raise InputError(
                f"models is {type(models).__name__}; give a mapping of names to predictions or probabilities, "
                "or a frame"
            )
        if len(said) < 2:
            raise InputError(
                f"{len(said)} model{'' if len(said) == 1 else 's'} given, and a ranking needs at least two"
            )
        tables = {str(name): _array(values) for name, values in said.items()}
        if len(tables) < len(said):
            raise InputError(f"two models are called the same: {', '.join(map(str, said))}; rename one")
        self.like = models if frames.is_frame(models) else None
        told = _array(labels)
        if not _different(told):
            raise InputError(f"none of the {len(told)} rows has a label; there is nothing to audit")
        self.classes = _all_classes(told, tables) if classes is None else encode([], classes)[1]
        self.given = _placed(told, self.classes)
        self.known = np.flatnonzero(self.given >= 0)
        if len(self.classes) < 2:
            raise InputError(f"there is one class ({self.classes.tolist()[0]!r}); a test needs at least two")
        self.models, self.draws, self.random_state = tuple(tables), draws, random_state
        names = np.array([*map(str, self.classes.tolist()), "None"], dtype=object)
        self._print = fingerprint(names[self.given].tolist())
        n, k = len(told), len(self.classes)
        self.said = np.empty((n, len(tables)), dtype=np.int32)
        probs = np.zeros((n, k), dtype=np.float32)
        for j, (name, values) in enumerate(tables.items()):
            if len(values) != n:
                raise InputError(f"model {name!r} has {len(values)} rows for {n} labels; they must match")
            if values.ndim == 2:
                table = check_probs(values, n, k, name=f"probabilities of model {name!r}")
                self.said[:, j] = table.argmax(axis=1)
                probs += table
            else:
                self.said[:, j] = _coded(values, self.classes, self.known, f"model {name!r}")
                probs[np.arange(n), self.said[:, j]] += self.said[:, j] >= 0
        probs /= len(tables)
        self._rates = probs
        told_ = Exact.from_codes(self.given, self.classes)
        rule = ConfidentLearning(filter_by).fit(
            probs, told_
        )  # also where it only checks the name of the rule
        soft = all(values.ndim == 2 for values in tables.values())
        self.flagged = rule.ranking_ if soft else self._outvoted()

    def _outvoted(self) -> np.ndarray:
        """Rows of which another class has as many votes as the given one, most outvoted first, equals at random."""
        rows = np.arange(len(self.given))
        lead = self._rates[rows, self.suggested] - self._rates[rows, self.given]
        found = self.known[lead[self.known] >= 0]
        found = np.random.default_rng([self.random_state, 2]).permutation(found)
        return found[np.argsort(-lead[found], kind="stable")]

    @cached_property
    def suggested(self) -> np.ndarray:
        """The other class that looks most probable, for every row (n,)."""
        rest = self._rates.copy()
        rest[np.arange(len(rest)), self.given] = -1
        # Where nothing speaks for another class, the one that this class is most often taken for.
        mixed = np.zeros((len(self.classes), len(self.classes)))
        np.add.at(mixed, self.given[self.known], self._rates[self.known])
        np.fill_diagonal(mixed, -1)
        silent = rest.max(axis=1) <= 0
        return np.where(silent, mixed.argmax(axis=1)[self.given], rest.argmax(axis=1))

    def review_sheet(
        self, items: Sequence[str] | None = None, *, most: int = MOST, sample: int = SAMPLE
    ) -> ReviewSheet:
        """Choose what people should look at: labels that look wrong, and some that do not.

        Parameters
        ----------
        items : sequence of str (n,), optional
            What to show of each row.
        most : int, default 300
            Flagged rows, most doubtful first.
        sample : int, default 100
            Rows drawn at random from all others; without any, nothing is known of the errors among these.

        Raises
        ------
        InputError
            When there is nothing to put on it.
        """
        if most < 0 or sample < 0:
            raise InputError(f"most={most} and sample={sample} must not be negative")
        flagged = self.flagged[:most]
        rng = np.random.default_rng([self.random_state, 1])
        others = np.setdiff1d(self.known, flagged)
        drawn = rng.choice(others, min(sample, len(others)), replace=False)
        rows = np.concatenate([flagged, drawn]).astype(np.intp)
        if not len(rows):
            raise InputError("no row to review: no label is flagged and sample is 0; give sample=100")
        if items is not None and len(items) != len(self.given):
            raise InputError(f"items has {len(items)} entries for {len(self.given)} labels")
        shown = [""] * len(rows) if items is None else [items[int(row)] for row in rows]
        return blind(
            rows, np.arange(len(rows)) < len(flagged), self.suggested[rows], self.given, self.classes.tolist(),
            shown, self._print, rng,
        )  # fmt: skip

    def check(self, sheets: Any, *, quorum: int = 1) -> CheckedTestSet:
        """Read the votes and correct the labels.

        A label is changed where people chose the suggested one; rows where they chose "both", "neither", or tie, are
        left out of the corrected set, as in the paper. Rows nobody was asked about keep their label.

        Parameters
        ----------
        sheets : path, frame, or list of them
            The sheet with a column for each reviewer, or a copy from each.
        quorum : int, default 1
            Votes that an answer needs, beside being more than half of those given.

        Raises
        ------
        InputError
            When a sheet is of another file, was changed, or holds no vote.
        """
        review = read_review(sheets, self.given, self.classes.tolist(), self._print, quorum=quorum)
        corrected, verdicts = self.given.copy(), review.verdicts
        changed = verdicts == "wrong"
        corrected[review.row[changed]] = review.suggested[changed]
        corrected[review.row[np.isin(verdicts, ["both", "neither", "unclear"])]] = -1
        rate = error_rate(
            np.isin(verdicts, ["wrong", "neither"]), review.flagged, ~np.isin(verdicts, ["unseen", "unclear"]),
            (review.sizes[0], len(self.known) - review.sizes[0]),
        )  # fmt: skip
        return self._checked(corrected, rate, review)

    def check_against(self, truth: Sequence[Any] | ArrayLike) -> CheckedTestSet:
        """Rank on true labels that are known (n,); None where a row has no one right label.

        Raises
        ------
        InputError
            When the length differs or a label is of no class.
        """
        told = _array(truth)
        if len(told) != len(self.given):
            raise InputError(f"truth has {len(told)} labels for {len(self.given)} rows; they must match")
        corrected = _placed(told, self.classes)
        corrected[self.given < 0] = -1
        if not (corrected >= 0).any():
            raise InputError("truth has no label where there is a given one; nothing can be compared")
        wrong = float((corrected[corrected >= 0] != self.given[corrected >= 0]).mean())
        return self._checked(corrected, Estimate(wrong, wrong, wrong), None)

    def _checked(self, corrected: np.ndarray, rate: Estimate, review: Review | None) -> CheckedTestSet:
        rows = self.known
        found = standings(
            self.said[rows],
            self.given[rows],
            corrected[rows],
            draws=self.draws,
            random_state=self.random_state,
        )
        return CheckedTestSet(
            models=self.models, classes=self.classes, given=self.given, corrected=corrected, standings=found,
            error_rate=rate, review=review, like=self.like,
        )  # fmt: skip


def read_labels(path: str | PathLike[str]) -> np.ndarray:
    """One column of labels out of a file that holds nothing else (or an id beside it)."""
    from labelwright import files

    table = files.read(Path(path))
    names = [c for c in table.columns if c.lower() not in ("row", "id", "index", "item")]
    if len(names) != 1:
        raise InputError(
            f"{path} has the columns {', '.join(map(repr, table.columns[:8]))}; one column of predictions is expected"
        )
    return table.text(names[0])


def _array(values: Any) -> np.ndarray:
    """Labels (n,) or probabilities (n, k) as an array; names of different kinds stay what they are."""
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    if isinstance(values, np.ndarray) or (len(values) and np.ndim(values[0]) == 1):
        return np.asarray(values)
    found = np.empty(len(values), dtype=object)
    found[:] = list(values)
    return found


def _placed(values: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Codes of `values` among `classes`, as `encode` gives them, without a close look at each value."""
    place = {c: i for i, c in enumerate(classes.tolist())}
    if values.dtype != object:
        codes, own = encode(values)
        if all(c in place for c in own.tolist()):
            return np.array([*(place[c] for c in own.tolist()), -1], dtype=np.intp)[codes]
        return encode(values, classes)[0].astype(np.intp)
    try:
        codes = np.fromiter((place.get(v, -2) for v in values.tolist()), np.intp, len(values))
    except TypeError:  # lists have no hash; encode says where
        return encode(values, classes)[0].astype(np.intp)
    strange = codes == -2
    if strange.any() and not all(is_missing(v) for v in values[strange].tolist()):
        encode(values, classes)  # says which row it is
    codes[strange] = -1
    return codes


def _different(values: np.ndarray) -> list[Any]:
    """Classes that occur."""
    if values.dtype != object:
        return encode(values)[1].tolist()  # type: ignore[no-any-return]
    try:
        return [v for v in set(values.tolist()) if not is_missing(v)]
    except TypeError:
        return encode(values)[1].tolist()  # type: ignore[no-any-return]


def _all_classes(told: np.ndarray, tables: Mapping[str, np.ndarray]) -> np.ndarray:
    """Those of the labels; predictions may bring more, but one model cannot speak of other classes altogether."""
    classes = encode(_different(told))[1]
    known = set(classes.tolist())
    more: set[Any] = set()
    for name, values in tables.items():
        if values.ndim == 2:
            continue
        spoken = set(_different(values))
        if spoken and not spoken & known:
            raise InputError(
                f"model {name!r} predicts {', '.join(map(repr, sorted(spoken, key=str)[:3]))}, and no label is among "
                f"these; the labels are {', '.join(map(repr, classes.tolist()[:5]))}"
            )
        more |= spoken - known
    return encode([*classes.tolist(), *more])[1] if more else classes


def _coded(values: Any, classes: np.ndarray, known: np.ndarray, what: str) -> np.ndarray:
    codes = _placed(values, classes)
    missing = known[codes[known] < 0]
    if len(missing):
        raise InputError(
            f"{what} has no prediction in {len(missing)} rows (first: row {missing[0]}); fill them in or drop the rows"
        )
    return codes


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
