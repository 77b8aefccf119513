"""Sections of the page about trust: what kind of change it is, whether estimators agree, how it was made."""

import numpy as np
from markupsafe import Markup

from labelwright import report
from labelwright.report import Cell, Section, count, percent
from labelwright.report.text import plain
from labelwright.shift.report_view import View, macro

SHOWN = 5  # classes beside each other in the table of estimators
HOW = {
    "mlls": "maximum likelihood, calibrated",
    "elsa": "linear moments of least variance",
    "bbse": "one linear system",
    "rlls": "the same, held near no change",
    "pacc": "average probabilities, corrected",
    "acc": "counted predictions, corrected",
    "kdey": "kernel densities",
    "dys": "histograms",
}


def kind(view: View) -> Section:
    """The three tests: has anything changed, the balance, the items within the classes?"""
    shift = view.found.shift
    limit = shift.level / 3
    rows: list[list[str | Markup | Cell]] = [
        [
            what,
            Cell(f"{p:.2g}" if p >= 0.001 else "< 0.001", p),
            (yes if p < limit else no),
        ]
        for what, p, yes, no in (
            ("Anything at all", shift.any_change, "changed", "no change seen"),
            ("The balance of the classes", shift.priors, "changed", "no change seen"),
            (
                "The items within the classes",
                shift.within,
                "changed: the estimate rests on their being the same",
                "no change seen beyond another balance",
            ),
        )
    ]
    table = report.plain_table(
        ["What was tested", "p-value", "Verdict"], rows, numbers=(1,), caption="Tests of the kind of change"
    )
    lead = (
        f"{shift.says[:1].upper()}{shift.says[1:]}. The three tests together raise a false alarm in at most "
        f"{percent(shift.level, 0)} of cases."
    )
    limits = macro("words", [f"{line[:1].upper()}{line[1:]}." for line in shift.limits])
    return Section("kind", "What kind of change it is", report.stack(table, limits), short="Kind", lead=lead)


def estimators(view: View) -> Section:
    """Shares by several estimators, and how far each is from the one in use."""
    checks = view.found.checks
    assert checks is not None
    used, had = checks.rows, (view.found.estimator.n_source_, view.n)
    shown = np.argsort(-np.abs(view.change), kind="stable")[:SHOWN].tolist()
    if view.k <= SHOWN:
        shown = view.order.tolist()
    rows: list[list[str | Markup | Cell]] = [
        [
            macro("method", f"in use: {view.found.method}", ""),
            *[Cell(percent(view.target[c], 1), float(view.target[c])) for c in shown],
            Cell("0", 0.0),
        ]
    ]
    rows += [
        [
            macro("method", name, HOW.get(name, "")),
            *[Cell(percent(float(checks.priors[i, c]), 1), float(checks.priors[i, c])) for c in shown],
            Cell(percent(float(checks.distance[i]), 1), float(checks.distance[i])),
        ]
        for i, name in enumerate(checks.methods)
    ]
    table = report.plain_table(
        ["Estimator", *[view.names[c] for c in shown], "Apart"],
        rows,
        numbers=range(1, len(shown) + 2),
        caption="Shares by several estimators",
    )
    far = [name for name, d in zip(checks.methods, checks.distance) if d > checks.reach]
    lead = "The last column is the share of new rows that an estimator gives to another class than the one in use. "
    if far:
        lead += (
            f"{', '.join(far)} {'is' if len(far) == 1 else 'are'} further away than chance explains "
            f"({percent(checks.reach, 1)}): the probabilities are not calibrated alike for all classes, or more than "
            "the balance changed."
        )
    else:
        lead += (
            f"None is further away than chance explains ({percent(checks.reach, 1)}). They share the assumption that "
            "only the balance changed, so that agreeing does not prove it."
        )
    if view.k > len(shown):
        lead += f" Of {count(view.k)} classes the {len(shown)} that changed most."
    if used != had:
        lead += f" Compared on {count(used[0])} source rows and {count(used[1])} new rows."
    return Section("estimators", "Do other estimators say the same?", table, short="Estimators", lead=lead)


def python(view: View) -> Section:
    """The same in Python."""
    named = view.found.settings
    paths = [
        plain(named.get(key, default), 80) for key, default in (("source", "val.csv"), ("target", "new.csv"))
    ]
    code = "\n".join(
        [
            "import labelwright as lw",
            "",
            f"found = lw.shift.file({paths[0]!r}, {paths[1]!r}, method={view.found.method!r})",
            "found.priors, found.predictions, found.probs",
            "found.estimator.correct(later_probs)        # later rows of the same origin",
            "found.estimator.estimate(other_probs)       # the balance of other rows",
            "",
            "# around a model, in a pipeline or alone",
            "model = lw.shift.LabelShiftClassifier(my_model).fit(X, y)",
            "model.adapt(X_new).predict(X_new)",
        ]
    )
    return Section("python", "The same in Python", macro("code", code), short="Python")


def trust(view: View) -> Section:
    """What it rests on, and how it was made."""
    words = [
        (
            "What it rests on",
            "Items of each class look to the classifier as they did in the source; only how many there are of each "
            "changed. Source rows must be rows that the classifier did not see when it was fitted.",
        ),
        (
            "What it cannot see",
            "A change of the items that happens to look like another balance. Only labels of new rows show it: put "
            "100 drawn at random into the label column of the target, and both accuracies are measured.",
        ),
    ]
    settings = {k: v for k, v in view.found.settings.items() if k not in ("source", "target")}
    return Section("trust", "How far to trust this", report.trust(words, settings), short="Trust")
