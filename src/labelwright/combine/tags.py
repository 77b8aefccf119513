"""Several sources tag the same items: which tags are right, and who finds them?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from labelwright import frames
from labelwright.combine.base import LabelModel
from labelwright.combine.compare import not_identified, plain_majority
from labelwright.combine.dawid_skene import DawidSkene
from labelwright.combine.table import guess
from labelwright.errors import InputError
from labelwright.evidence import Marks, Votes
from labelwright.evidence.classes import encode, is_missing
from labelwright.progress import progress

NO, YES = 0, 1


@dataclass(frozen=True, kw_only=True)
class CombinedTags:
    """What was made of sets of tags; frames are of the kind that came in.

    Attributes
    ----------
    labels : frame
        One row an item: `item`, `tags` (a list: those more likely right than wrong) and `p`, the chance that all tags
        of the item are judged right, were they independent.
    sources : frame
        One row a source: `source`, `precision` (share of its tags that are right), `recall` (share of right tags that
        it gave, of the items it judged) and `n` (answers), both as far as all votes let us know; best first, by F1
        that little-seen sources have to earn.
    tags : frame
        One row a tag: `tag`, `share` of the items that have it, `said` (share of the answers that do), `method`.
    posterior : ndarray (n, L)
        P(the item has the tag).
    items : ndarray (n,)
    classes : ndarray (L,)
        Names of the tags.
    models : mapping of tag to LabelModel
        Each on votes "no" and "yes" (0, 1); ``partial_fit`` adds more.
    notes : tuple of str
    """

    labels: Any
    sources: Any
    tags: Any
    posterior: np.ndarray
    items: np.ndarray
    classes: np.ndarray
    models: Mapping[Any, LabelModel]
    notes: tuple[str, ...] = ()

    def marks(self, threshold: float = 0.5) -> Marks:
        """Evidence that says of each tag whether its probability reaches the threshold."""
        return Marks((self.posterior >= threshold).astype(np.int8), self.classes)


def tags(
    data: Any,
    *,
    item: str | None = None,
    source: str | None = None,
    label: str | None = None,
    classes: Sequence[Any] | None = None,
    separator: str = ";",
    model: LabelModel | None = None,
    show: bool | None = None,
) -> CombinedTags:
    """Combine sets of tags that several sources gave to the same items.

    An answer is about every tag: what a source left out of its set counts as its "no". Each tag gets a label model of
    its own, so that a source may be good at one and blind to another; majority takes its place where votes cannot tell
    sources apart, and `CombinedTags.notes` says so. That tags come together or exclude each other is not used.

    Parameters
    ----------
    data : frame
        One answer a row: the item, the source, and the tags, as a list or as text with a `separator`. Nothing (None)
        means that the source did not answer; an empty list or text, that no tag fits.
    item, source, label : str, optional
        Names of columns, guessed where not given.
    classes : sequence, optional
        All tags there are; by default those that occur.
    separator : str, default ";"
    model : LabelModel, default DawidSkene()
        Cloned for every tag.
    show : bool, optional
        Progress; by default on terminals.

    Raises
    ------
    InputError
        When columns cannot be found, nobody gave any tag, or a tag is not among `classes`.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table(
    ...     {
    ...         "item": [1, 1, 1, 2, 2, 2],
    ...         "who": ["ann", "bob", "eve"] * 2,
    ...         "tags": ["red;round", "red;round", "red", "", "", "blue"],
    ...     }
    ... )
    >>> tags(table, item="item", source="who", label="tags").labels["tags"].to_pylist()
    [['red', 'round'], []]
    """
    rows, items, who, sources, sets, note = _answers(data, item, source, label, separator)
    table = Marks.from_lists(sets, classes)
    if not (table.marks > 0).any():
        raise InputError("nobody gave any tag; there is nothing to combine")
    plain = DawidSkene() if model is None else model
    found, models, methods = np.empty((len(items), table.n_classes)), {}, []
    with progress("tags", table.n_classes, show=show) as tick:
        for j, tag in enumerate(table.classes.tolist()):
            votes = Votes.from_codes(
                rows,
                who,
                table.marks[:, j].astype(np.intp),
                items=items,
                sources=sources,
                classes=np.array([NO, YES]),
            )
            doubt = not_identified(votes)
            mine = plain_majority(votes) if doubt else clone(plain)
            if "show" in mine.get_params():
                mine.set_params(show=False)
            models[tag] = mine.fit(votes)
            methods.append("majority" if doubt else type(mine).__name__)
            found[:, j] = mine.predict_proba()[:, YES]
            tick()
    told = np.bincount(rows, minlength=len(items)) > 0
    return CombinedTags(
        labels=_labels(items, table.classes, found, data),
        sources=_sources(rows, who, sources, table.marks == 1, found, data),
        tags=frames.make(
            {
                "tag": table.classes,
                "share": found[told].mean(axis=0),
                "said": (table.marks == 1).mean(axis=0),
                "method": np.array(methods, object),
            },
            like=data,
        ),
        posterior=found,
        items=items,
        classes=table.classes,
        models=models,
        notes=tuple(filter(None, [note, *_fell_back(table.classes, methods)])),
    )


def _answers(
    data: Any, item: str | None, source: str | None, label: str | None, separator: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, list[Any], str]:
    """Item and source of each answer as codes with their names, its tags, and what was assumed."""
    if not frames.is_frame(data):
        raise InputError(
            f"data is {type(data).__name__}; give a frame with one answer a row: item, source, tags"
        )
    if item is None or source is None or label is None:
        roles = guess(data, item, source, label)
        if roles.label is None:
            raise InputError("sets of tags come one answer a row; name the columns: item, source, label")
        item, source, label, note = roles.item, roles.source, roles.label, roles.note
    else:
        note = ""
    given = frames.column(data, label, argument="label")
    answered = np.array([not is_missing(value) for value in given], dtype=bool)
    rows, items = encode(frames.column(data, item, argument="item"))  # type: ignore[arg-type]
    who, sources = encode(frames.column(data, source, argument="source"))  # type: ignore[arg-type]
    lost = np.flatnonzero((rows < 0) | (who < 0))
    if len(lost):
        raise InputError(f"{len(lost)} answers have no item or no source, first: row {lost[0]}")
    sets = [_set(value, separator) for value in given[answered]]
    return rows[answered], items, who[answered], sources, sets, note


def _set(value: Any, separator: str) -> list[Any]:
    if isinstance(value, str):
        return list(dict.fromkeys(tag for part in value.split(separator) if (tag := part.strip())))
    try:
        return list(dict.fromkeys(value))
    except TypeError:
        raise InputError(f"tags are {value}; expected a list, or text with a separator") from None


def _labels(items: np.ndarray, classes: np.ndarray, found: np.ndarray, like: Any) -> Any:
    chosen = np.empty(len(items), dtype=object)
    chosen[:] = [classes[row].tolist() for row in found >= 0.5]
    sure = np.prod(np.maximum(found, 1 - found), axis=1)
    return frames.make({"item": items, "tags": chosen, "p": sure}, like=like)


def _sources(
    rows: np.ndarray, who: np.ndarray, sources: np.ndarray, gave: np.ndarray, found: np.ndarray, like: Any
) -> Any:
    a = len(sources)
    right = np.bincount(who, (found[rows] * gave).sum(axis=1), minlength=a)
    said = np.bincount(who, gave.sum(axis=1), minlength=a)
    there = np.bincount(who, found[rows].sum(axis=1), minlength=a)
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = {
            "source": sources,
            "precision": right / said,
            "recall": right / there,
            "n": np.bincount(who, minlength=a),
        }
    order = np.argsort(
        -2 * right / (said + there + 2), kind="stable"
    )  # two tags more, all wrong: one answer is no proof
    return frames.make({name: values[order] for name, values in columns.items()}, like=like)


def _fell_back(classes: np.ndarray, methods: list[str]) -> list[str]:
    poor = [str(tag) for tag, method in zip(classes.tolist(), methods) if method == "majority"]
    if not poor:
        return []
    shown = ", ".join(poor[:3]) + (f" and {len(poor) - 3} more" if len(poor) > 3 else "")
    return [f"for {len(poor)} tags ({shown}) the votes do not tell sources apart; every vote counts the same"]
