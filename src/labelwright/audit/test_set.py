"""Audit a test set: who should look at which labels, and what the corrected ones do to the ranking of models."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from labelwright import frames
from labelwright.audit.checked_test_set import CheckedTestSet
from labelwright.audit.coded_labels import all_classes, as_labels, coded, different, placed
from labelwright.audit.confident import ConfidentLearning
from labelwright.audit.result import Estimate
from labelwright.audit.review_sheet import Review, ReviewSheet, blind, fingerprint, read_review
from labelwright.audit.standings import standings
from labelwright.audit.strata import error_rate
from labelwright.errors import InputError
from labelwright.evidence import Exact, encode
from labelwright.evidence.checks import check_probs

MOST = 300  # rows that look wrong on a sheet
SAMPLE = 100  # others, drawn at random


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
        tables = {str(name): as_labels(values) for name, values in said.items()}
        if len(tables) < len(said):
            raise InputError(f"two models are called the same: {', '.join(map(str, said))}; rename one")
        self.like = models if frames.is_frame(models) else None
        told = as_labels(labels)
        if not different(told):
            raise InputError(f"none of the {len(told)} rows has a label; there is nothing to audit")
        self.classes = all_classes(told, tables) if classes is None else encode([], classes)[1]
        self.given = placed(told, self.classes)
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
                self.said[:, j] = coded(values, self.classes, self.known, f"model {name!r}")
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
        told = as_labels(truth)
        if len(told) != len(self.given):
            raise InputError(f"truth has {len(told)} labels for {len(self.given)} rows; they must match")
        corrected = placed(told, self.classes)
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
