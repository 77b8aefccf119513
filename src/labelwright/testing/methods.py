"""What every method with a `fit` must keep."""

import inspect
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.evidence import Exact
from labelwright.testing.label_models import check_label_model
from labelwright.testing.parts import planted_classes
from labelwright.testing.promise import name_of, promise, same, unchanged


def check_method(
    estimator: Any, *, expected_failures: Mapping[str, str] | None = None, random_state: int = 0
) -> None:
    """Check an estimator: its constructor and docstring, and what its kind promises.

    A classifier goes through scikit-learn's own `check_estimator`; with clean labels it is no worse than its plain
    base model (parameter `model`), and with 30 % wrong labels it beats chance. A finder of wrong labels,
    ``fit(probs, labels)`` with `issues_` and `ranking_`, finds planted ones above chance. Both leave their input
    alone, give the same result for the same `random_state`, and do not care how classes are called. A label model,
    ``fit(votes)``, goes through `check_label_model`. Of any other estimator only the constructor and the docstring are
    checked.

    Parameters
    ----------
    estimator : object with `fit`
        Not fitted; it is cloned.
    expected_failures : mapping of str to str, optional
        Names of checks of `check_estimator` that fail, each with the reason why it may.

    Raises
    ------
    ContractError
        Says which promise is broken.

    Examples
    --------
    >>> from labelwright.audit import ConfidentLearning
    >>> check_method(ConfidentLearning())
    """
    from sklearn.base import is_classifier

    _constructor(estimator)
    _docstring(estimator)
    if is_classifier(estimator):
        _sklearn(estimator, dict(expected_failures or {}))
        _classifier(estimator, np.random.default_rng(random_state))
        return
    takes = next(iter(inspect.signature(estimator.fit).parameters), None)
    if takes == "probs":
        _finder(estimator, np.random.default_rng(random_state))
    elif takes == "votes":
        check_label_model(estimator, random_state=random_state)


def _constructor(estimator: Any) -> None:
    from sklearn.base import clone

    given = estimator.get_params(deep=False)
    signature = inspect.signature(type(estimator)).parameters
    bare = type(estimator)() if all(p.default is not p.empty for p in signature.values()) else None
    for name, parameter in signature.items():
        promise(name in given, estimator, f"get_params gives {name}, which the constructor takes")
        simple = parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        promise(simple, estimator, "the constructor names its parameters", f"it takes {parameter}")
        kept = bare is None or getattr(bare, name, bare) is parameter.default
        promise(kept, estimator, f"the constructor keeps {name} as it was given, under that name")
    copy = clone(estimator)
    for name, value in copy.get_params(deep=False).items():
        kept = getattr(copy, name, copy) is value
        promise(kept, estimator, f"the constructor keeps {name} as it was given, under that name")
    promise(copy.set_params(**given) is copy, estimator, "set_params returns the estimator")
    promise(name_of(estimator) in repr(estimator), estimator, "repr names the class", f"it is {estimator!r}")
    fitted = [name for name in vars(copy) if name.endswith("_") and not name.endswith("__")]
    promise(not fitted, estimator, "nothing is fitted before fit", f"there is {', '.join(fitted)}")


def _docstring(estimator: Any) -> None:
    text = inspect.getdoc(type(estimator)) or ""
    sections = ["Examples\n-", *(["Parameters\n-"] if estimator.get_params(deep=False) else [])]
    for section in sections:
        promise(section in text, estimator, f"the docstring has a section {section.splitlines()[0]}")
    for name in estimator.get_params(deep=False):
        promise(f"{name} :" in text or f"{name}," in text, estimator, f"the docstring describes {name}")
    cites = getattr(estimator, "cites", ())
    keys = isinstance(cites, tuple) and all(isinstance(key, str) and key.isidentifier() for key in cites)
    promise(keys, estimator, "cites is a tuple of keys into references.bib", f"it is {cites!r}")


def _sklearn(estimator: Any, expected: dict[str, str]) -> None:
    from sklearn.base import clone
    from sklearn.utils.estimator_checks import check_estimator

    options: dict[str, Any] = {"expected_failed_checks": expected} if expected else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it skips, and what its odd data make a model warn of
            check_estimator(clone(estimator), **options)
    except Exception as problem:
        message = str(problem).strip().splitlines()[:1] or [type(problem).__name__]
        promise(False, estimator, "scikit-learn's check_estimator passes", f"it says: {message[0]}")


def _fit(estimator: Any, X: Any, y: Any) -> Any:
    """A fitted clone; its input must come out as it went in."""
    from sklearn.base import clone

    copy = clone(estimator)
    if "random_state" in copy.get_params(deep=False):
        copy.set_params(random_state=0)
    before = copy.get_params(deep=False)
    with unchanged(estimator, X=X):
        fitted = copy.fit(X, y)
    promise(fitted is copy, estimator, "fit returns the estimator itself")
    kept = all(fitted.get_params(deep=False)[name] is value for name, value in before.items())
    promise(kept, estimator, "fit leaves the parameters alone")
    return fitted


def _classifier(estimator: Any, rng: np.random.Generator) -> None:
    k, n = 3, 240
    centres = 4 * np.eye(k, 4)
    truth = np.arange(2 * n) % k
    X = centres[truth] + rng.normal(size=(2 * n, 4))
    seen, y, fresh, answer = X[:n], truth[:n], X[n:], truth[n:]
    fitted = _fit(estimator, seen, y)
    probs = fitted.predict_proba(fresh)
    same(
        _fit(estimator, seen, y).predict_proba(fresh),
        probs,
        estimator,
        "the same random_state gives the same result",
    )
    words = np.array(["c", "a", "b"])
    renamed = _fit(estimator, seen, words[y])
    place = np.searchsorted(renamed.classes_, words)
    same(
        renamed.predict_proba(fresh)[:, place].argmax(1),
        probs.argmax(1),
        estimator,
        "classes may be called anything",
    )
    score = float((fitted.predict(fresh) == answer).mean())
    base = estimator.get_params(deep=False).get("model")
    if base is not None:
        plain = float((_fit(base, seen, y).predict(fresh) == answer).mean())
        promise(
            score >= plain - 0.03, estimator, "with clean labels it is no worse than its base model",
            f"accuracy is {score:.3f} against {plain:.3f}",
        )  # fmt: skip
    wrong = rng.random(n) < 0.3
    noisy = np.where(wrong, (y + rng.integers(1, k, n)) % k, y)
    score = float((_fit(estimator, seen, noisy).predict(fresh) == answer).mean())
    promise(
        score > 0.6, estimator, "with 30 % wrong labels it beats chance (1/3)", f"accuracy is {score:.3f}"
    )
    for what, labels in {"labels all missing": [None] * n, "no rows": []}.items():
        _refuses(estimator, seen[: len(labels)], labels, what)


def _finder(estimator: Any, rng: np.random.Generator) -> None:
    probs, told, wrong = planted_classes(rng)
    fitted = _fit(estimator, probs, told)
    issues, ranking = fitted.issues_, fitted.ranking_
    right_shape = issues.shape == (len(probs),) and issues.dtype == bool
    promise(right_shape, estimator, "issues_ is a mask of the items", f"it is {issues.dtype} {issues.shape}")
    same(np.sort(ranking), np.flatnonzero(issues), estimator, "ranking_ holds every flagged item once")
    promise(not issues[~told.known].any(), estimator, "items without a label are never flagged")
    if issues.any():
        hits, base = float(wrong[issues].mean()), float(wrong[told.known].mean())
        promise(
            hits > base,
            estimator,
            "flags hit above the base rate",
            f"{hits:.2f} of them do, the base is {base:.2f}",
        )
    same(_fit(estimator, probs, told).ranking_, ranking, estimator, "the same input gives the same ranking")
    order = rng.permutation(len(probs))
    same(
        _fit(estimator, probs[order], told[order]).issues_,
        issues[order],
        estimator,
        "flags follow their items",
    )
    names = np.array(["d", "b", "a", "c"])
    renamed = Exact([None if code < 0 else names[code] for code in told.codes], classes=names)
    same(_fit(estimator, probs, renamed).issues_, issues, estimator, "classes may be called anything")
    _refuses(estimator, probs[:-1], told, "one row of probs too few")
    _refuses(estimator, probs * 3, told, "rows that do not sum to 1")
    _refuses(estimator, np.where(probs == probs[7], np.nan, probs), told, "missing probabilities")


def _refuses(estimator: Any, X: Any, y: Any, what: str) -> None:
    """Bad input raises a ValueError (InputError is one) with a sentence."""
    from sklearn.base import clone

    try:
        clone(estimator).fit(X, y)
    except (InputError, ValueError) as problem:
        promise(
            len(str(problem)) > 20,
            estimator,
            f"the error for {what} is a sentence",
            f"it says {str(problem)!r}",
        )
    except Exception as problem:
        promise(False, estimator, f"{what}: a ValueError", f"it raises {type(problem).__name__}: {problem}")
    else:
        promise(False, estimator, f"{what}: a ValueError", "nothing was raised")
