"""Items to numbers, and which classifiers to cross-fit on them when the user names none.

Several cheap and different classifiers, pooled, doubt labels better than one: naive Bayes and logistic
regression on text, a forest and logistic regression on tables, neighbours and logistic regression on vectors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from labelwright.errors import InputError, need
from labelwright.models.images import describe
from labelwright.models.text import TextEncoder
from labelwright.progress import progress

FEW_CLASSES = 30  # up to here logistic regression on sparse text takes seconds


@dataclass(frozen=True)
class Member:
    """A classifier and the view of the items it learns from."""

    name: str
    view: str
    model: Any


@dataclass(frozen=True)
class Features:
    """Views of the same items, classifiers for them, and vectors to find neighbours with.

    Attributes
    ----------
    views : mapping of str to array or sparse matrix (n, d)
    members : tuple of Member
    vectors : array or sparse matrix (n, d)
        Rows have length 1, so that a product is a cosine.
    kind : str
        ``text``, ``table``, ``images`` or ``vectors``.
    """

    views: Mapping[str, Any]
    members: tuple[Member, ...]
    vectors: Any
    kind: str


def of_texts(texts: Sequence[str], n_classes: int, *, encoder: TextEncoder | None = None) -> Features:
    """TF-IDF of words and word pairs and of character n-grams; with an `encoder` its vectors instead.

    Examples
    --------
    >>> found = of_texts(["good film", "bad film", "good book"] * 5, 2)
    >>> [member.name for member in found.members]
    ['naive Bayes on words', 'naive Bayes on characters', 'logistic regression on words']
    """
    if encoder is not None:
        with progress("encoding texts"):
            return of_array(np.asarray(encoder.encode(list(texts)), dtype=np.float32), n_classes)
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import MultinomialNB

    rare = 2 if len(texts) >= 1000 else 1
    words = TfidfVectorizer(
        ngram_range=(1, 2), min_df=rare, sublinear_tf=True, strip_accents="unicode",
        token_pattern=r"(?u)\b\w+\b|[^\w\s]", dtype=np.float32,
    )  # fmt: skip
    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), min_df=rare + 1 if rare > 1 else 1, sublinear_tf=True,
        max_features=100_000, dtype=np.float32,
    )  # fmt: skip
    try:
        with progress("counting words and characters", total=2) as tick:
            views = {"words": words.fit_transform(texts)}
            tick()
            views["characters"] = characters.fit_transform(texts)
            tick()
    except ValueError as problem:
        raise InputError(f"the texts hold no words to learn from ({problem})") from None
    members: list[Member] = [
        Member("naive Bayes on words", "words", MultinomialNB(alpha=0.1)),
        Member("naive Bayes on characters", "characters", MultinomialNB(alpha=0.1)),
    ]
    if n_classes <= FEW_CLASSES:
        members.append(
            Member("logistic regression on words", "words", LogisticRegression(C=4.0, max_iter=100))
        )
    return Features(views, tuple(members), views["words"], "text")


def of_frame(frame: Any, columns: Sequence[str], n_classes: int) -> Features:
    """Messy columns (numbers, categories, dates, short texts, missing values) through skrub."""
    skrub = need("skrub", extra="tables", purpose="Learning from table columns")
    import narwhals as nw

    table = nw.from_native(frame).lazy().select(list(columns)).collect()
    if table.implementation.is_pyarrow():  # skrub takes pandas and polars
        need("pandas", extra="tables", purpose="Learning from table columns")
        table = nw.from_native(table.to_pandas())
    with progress("encoding columns"):
        encoded = skrub.TableVectorizer().fit_transform(table.to_native())
    return of_array(np.asarray(encoded, dtype=np.float32), n_classes, kind="table")


def of_images(pictures: Any, n_classes: int) -> Features:
    """A small fixed descriptor (`models.images.describe`)."""
    return of_array(describe(pictures), n_classes, kind="images")


def of_array(X: Any, n_classes: int, *, kind: str | None = None) -> Features:
    """Numbers as they are (n, d): up to 100 columns are taken for a table, more for vectors of an encoder.

    Missing values are replaced by the column's median; infinite ones are an error.

    Examples
    --------
    >>> [member.name for member in of_array(np.eye(12), 2).members]
    ['forest', 'logistic regression']
    """
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler, StandardScaler, normalize

    if sparse.issparse(X):
        table = X.tocsr().astype(np.float32)
        _finite(table.data)
    else:
        table = _filled(X)
    vectors = kind != "table" and (kind == "images" or table.shape[1] > 100)
    kind = kind or ("vectors" if vectors else "table")
    if sparse.issparse(table):
        linear = make_pipeline(MaxAbsScaler(), LogisticRegression(C=1.0, max_iter=200))
        return Features(
            {"all": table}, (Member("logistic regression", "all", linear),), normalize(table), kind
        )
    scaled = StandardScaler().fit_transform(table).astype(np.float32)
    if vectors:
        members = (
            Member("logistic regression", "all", LogisticRegression(C=0.1, max_iter=200)),
            Member("neighbours", "unit", KNeighborsClassifier(15, weights="distance", algorithm="brute")),
        )
        unit = normalize(table if kind != "images" else scaled)
        return Features({"all": scaled, "unit": unit}, members, unit, kind)
    members = (
        Member("forest", "all", ExtraTreesClassifier(200, min_samples_leaf=2, n_jobs=1)),
        Member("logistic regression", "all", LogisticRegression(C=1.0, max_iter=200)),
    )
    return Features({"all": scaled}, members, normalize(scaled), kind)


def _filled(X: Any) -> np.ndarray:
    try:
        table = np.asarray(X, dtype=np.float32)
    except (TypeError, ValueError) as problem:
        raise InputError(
            f"X cannot be read as numbers ({problem}); for texts pass a list of str, for columns a frame"
        ) from None
    if table.ndim != 2 or table.shape[1] == 0:
        raise InputError(f"X has shape {table.shape}, expected (n, d) with at least one column")
    _finite(table)
    missing = np.isnan(table)
    if not missing.any():
        return table
    import warnings

    from labelwright.errors import DoubtfulInput

    empty = np.flatnonzero(missing.all(axis=0))
    if len(empty) == table.shape[1]:
        raise InputError("X holds nothing but missing values")
    warnings.warn(
        f"{missing.any(axis=1).sum()} rows have missing values (NaN), filled with the median of their column",
        DoubtfulInput,
        stacklevel=2,
    )
    table = np.delete(table, empty, axis=1)
    medians = np.nanmedian(table, axis=0)
    return np.where(np.isnan(table), medians, table)


def _finite(values: np.ndarray) -> None:
    infinite = np.isinf(values)
    if infinite.any():
        where = np.argwhere(infinite)[0]
        place = f" (first: row {where[0]}, column {where[1]})" if len(where) == 2 else ""
        raise InputError(f"X holds infinite values{place}; replace them by numbers or by NaN")
