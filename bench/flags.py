"""The same flags as cleanlab 2.9 on the same probabilities? Every difference is traced to its rule.

``python -m bench.flags`` compares all seven filters on seven sets in float32 and float64, prints a table and writes
flags.json beside this file. The rules by which flags may differ:

tie with the told class
    The told class is (to 1e-8) as probable as the best one. We flag no such row. cleanlab adds 1e-8 to the told class
    and takes the first largest: in float32 that is lost in rounding, so the order of the classes decides.
tie at the cut
    As many rows are flagged as were counted, and the row at the cut has equals beyond it. Ours are the first rows;
    cleanlab's are those that an unstable sort leaves in front.
equal remainders
    The counts to prune by are rounded so that each class keeps its sum, and where remainders are equal one of them goes
    up: ours is the last; cleanlab's depends on the last digits of another scaling and on an unstable sort.
rounded mean
    A probability that reaches the mean of its class only by the last digit of that mean; ours are summed in float64.
rounded margin
    cleanlab maps margins to 0..1 in the precision of the input, which makes unequal ones equal.
tags together
    `low_self_confidence` and `low_normalized_margin` take the lowest of all tags; cleanlab so many of each tag.
"""

import argparse
import json
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.tasks import wide

HERE = Path(__file__).resolve().parent
CLOSE = 1e-8
LOWEST = ("low_self_confidence", "low_normalized_margin")


@dataclass(frozen=True)
class Compared:
    """One filter on one table: how many flags, how many differ, and by which rules."""

    data: str
    dtype: str
    filter: str
    n: int
    ours: int
    cleanlab: int
    differ: int
    rules: dict[str, int]
    unexplained: int


def compare(name: str, probs: np.ndarray, told: Any) -> list[Compared]:
    """Compare every filter on one table; `told` is `Exact` or `Marks`."""
    from labelwright import Marks
    from labelwright.audit.confident import FILTERS

    found = []
    for rule in FILTERS:
        ours, theirs, reasons = (_tags if isinstance(told, Marks) else _classes)(rule, probs, told)
        rules = Counter(reasons)
        found.append(
            Compared(
                name,
                str(probs.dtype),
                rule,
                len(probs),
                int(ours.sum()),
                int(theirs.sum()),
                int((ours != theirs).sum()),
                {r: c for r, c in rules.items() if r},
                rules[""],
            )
        )
    return found


def _classes(rule: str, probs: np.ndarray, told: Any) -> tuple[np.ndarray, np.ndarray, list[str]]:
    from labelwright.audit import ConfidentLearning

    fitted = ConfidentLearning(rule).fit(probs, told)
    theirs = _cleanlab(rule, probs, told.codes)
    why = Trace(fitted, probs, told.codes)
    return fitted.issues_, theirs, [why(rule, int(i)) for i in np.flatnonzero(fitted.issues_ != theirs)]


def _tags(rule: str, probs: np.ndarray, told: Any) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Tag by tag, as two classes each."""
    from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class

    from labelwright import Exact
    from labelwright.audit import ConfidentLearning

    ours = ConfidentLearning(rule).fit(probs, told).issues_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lists = [np.flatnonzero(row == 1).tolist() for row in told.marks]
        theirs = np.asarray(find_multilabel_issues_per_class(lists, probs, filter_by=rule, n_jobs=1))
    reasons = []
    for t in np.flatnonzero((ours != theirs).any(axis=0)):
        states = np.column_stack([1 - probs[:, t], probs[:, t]])
        one = Exact.from_codes(told.marks[:, t], [False, True])
        alone = ConfidentLearning(rule).fit(states, one)
        why = Trace(alone, states, one.codes)
        for i in np.flatnonzero(ours[:, t] != theirs[:, t]):
            together = rule in LOWEST and alone.issues_[i] == theirs[i, t]
            reasons.append("tags together" if together else why(rule, int(i)))
    return ours, theirs, reasons


def _cleanlab(rule: str, probs: np.ndarray, codes: np.ndarray) -> np.ndarray:
    from cleanlab.filter import find_label_issues

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(find_label_issues(codes, probs, filter_by=rule, n_jobs=1))


class Trace:
    """Says by which rule the flags of a row differ; "" where no rule does."""

    def __init__(self, fitted: Any, probs: np.ndarray, codes: np.ndarray):
        from cleanlab.count import compute_confident_joint
        from cleanlab.filter import _keep_at_least_n_per_class

        from labelwright.audit.confident import keep_some_right

        self.probs, self.codes = probs, codes
        self.own = probs[np.arange(len(codes)), codes]
        self.ours = keep_some_right(fitted.joint_, fitted.min_per_class, fitted.frac_noise)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            joint = compute_confident_joint(codes, probs)
        self.exact = fitted.confident_joint_ / fitted.confident_joint_.sum(axis=1, keepdims=True)
        self.exact *= np.bincount(codes, minlength=probs.shape[1])[:, None]
        self.theirs = _keep_at_least_n_per_class(joint.T, 1, frac_noise=1.0).T

    def __call__(self, rule: str, i: int) -> str:
        if abs(self.probs[i].max() - self.own[i]) <= CLOSE:
            return "tie with the told class"
        parts: dict[str, list[Callable[[int], str]]] = {
            "prune_by_noise_rate": [self._cells],
            "prune_by_class": [self._class],
            "both": [self._cells, self._class],
            "confident_learning": [self._reaching],
        }
        for part in parts.get(rule, []):
            if said := part(i):
                return said
        return self._lowest(rule, i) if rule in LOWEST else ""

    def _cells(self, i: int) -> str:
        y = self.codes[i]
        if (self.ours[y] != self.theirs[y]).any():
            return self._remainders(y)
        rows = self.codes == y
        for j in np.flatnonzero(self.ours[y]):
            quota = min(self.ours[y, j], rows.sum())
            if j != y:
                lead = np.sort(self.probs[rows, j] - self.own[rows])[::-1]
                if self.probs[i, j] - self.own[i] == lead[quota - 1]:
                    return "tie at the cut"
        return ""

    def _class(self, i: int) -> str:
        y = self.codes[i]
        if self.ours[y, y] != self.theirs[y, y]:
            return self._remainders(y)
        rows = self.codes == y
        quota = rows.sum() - self.ours[y, y]
        return "tie at the cut" if quota > 0 and self.own[i] == np.sort(self.own[rows])[quota - 1] else ""

    def _remainders(self, y: int) -> str:
        fractions = self.exact[y, self.ours[y] != self.theirs[y]] % 1
        apart = np.abs(fractions - fractions[0])
        return "equal remainders" if np.minimum(apart, 1 - apart).max() < 1e-6 else ""

    def _reaching(self, i: int) -> str:
        from labelwright.parts import noise

        limits = noise.thresholds(self.probs, self.codes) - noise.SLACK
        digits = 4 * np.finfo(self.probs.dtype).eps * np.sqrt(len(self.codes))
        return "rounded mean" if np.abs(self.probs[i] - limits).min() <= digits else ""

    def _lowest(self, rule: str, i: int) -> str:
        from cleanlab.rank import get_label_quality_scores

        from labelwright.audit import ConfidentLearning

        n = int(ConfidentLearning("confident_learning").fit(self.probs, self.codes).issues_.sum())
        if n != int(_cleanlab("confident_learning", self.probs, self.codes).sum()):
            return ""
        theirs = get_label_quality_scores(self.codes, self.probs, method=rule.removeprefix("low_"))
        if theirs[i] != np.sort(theirs)[n - 1]:
            return ""
        others = self.probs.copy()
        others[np.arange(len(others)), self.codes] = -1
        lead = self.own if rule == LOWEST[0] else self.own - others.max(axis=1)
        return "tie at the cut" if lead[i] == np.sort(lead)[n - 1] else "rounded margin"


def sets() -> dict[str, Callable[[], tuple[np.ndarray, Any]]]:
    """Tables of out-of-sample probabilities (float64) and what was told."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.preprocessing import StandardScaler

    forest = RandomForestClassifier(50, min_samples_leaf=2, random_state=0)
    linear = LogisticRegression(max_iter=60)
    return {
        "crowd-sentiment, logistic": lambda: _fitted(
            "crowd-sentiment", TfidfVectorizer().fit_transform, linear
        ),
        "digits with 5 % noise, logistic": lambda: _fitted("digits", lambda X: X / 16, linear, noise=0.05),
        "digits with 5 % noise, forest": lambda: _fitted("digits", np.asarray, forest, noise=0.05),
        "letter with 10 % noise, forest": lambda: _fitted("letter", np.asarray, forest, noise=0.1),
        "satellite, logistic": lambda: _fitted("satellite", StandardScaler().fit_transform, linear),
        "ewt-revisions, naive Bayes": lambda: _fitted(
            "ewt-revisions", CountVectorizer(binary=True).fit_transform, MultinomialNB(alpha=0.1)
        ),
        "yeast, forest (tags)": lambda: _fitted("yeast", np.asarray, forest),
    }


def _fitted(
    name: str, encode: Callable[[Any], Any], model: Any, noise: float = 0.0
) -> tuple[np.ndarray, Any]:
    from sklearn.model_selection import cross_val_predict

    from labelwright import Exact, data

    loaded = data.load(name)
    X, told = encode(loaded.items), loaded.evidence
    if loaded.labels.ndim == 2:
        parts = cross_val_predict(model, X, told.marks, cv=5, method="predict_proba")
        return np.column_stack([part[:, 1] for part in parts]), told
    codes, rng = told.codes.copy(), np.random.default_rng(0)
    drawn = rng.random(len(codes)) < noise
    codes[drawn] = rng.integers(0, told.n_classes, drawn.sum())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cross_val_predict(model, X, codes, cv=5, method="predict_proba"), Exact.from_codes(
            codes, told.classes
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.flags", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="part of a set's name; all sets without any")
    parser.add_argument("--out", type=Path, default=HERE, metavar="DIR", help="folder of flags.json")
    told = parser.parse_args()
    from rich.table import Table

    found: list[Compared] = []
    for name, make in sets().items():
        if not told.names or any(part in name for part in told.names):
            probs, labels = make()
            for dtype in (np.float32, np.float64):
                found += compare(name, probs.astype(dtype), labels)
    table = Table(title="Flags, ours and cleanlab's", title_justify="left")
    for heading in ("set", "dtype", "filter", "ours", "cleanlab", "differ", "because"):
        table.add_column(
            heading, justify="right" if heading in ("ours", "cleanlab", "differ") else "left", no_wrap=True
        )
    for c in found:
        why = [f"{rule} {count}" for rule, count in c.rules.items()]
        why += [f"[red]unexplained {c.unexplained}[/]"] if c.unexplained else []
        table.add_row(c.data, c.dtype, c.filter, str(c.ours), str(c.cleanlab), str(c.differ), ", ".join(why))
    console = wide()
    console.print(table)
    same, total = sum(not c.differ for c in found), len(found)
    console.print(
        f"{same} of {total} comparisons are equal; {sum(c.differ for c in found)} flags differ, "
        f"{sum(c.unexplained for c in found)} for no known reason."
    )
    (told.out / "flags.json").write_text(json.dumps([asdict(c) for c in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
