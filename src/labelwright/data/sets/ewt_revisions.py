"""Words with the part of speech they were published with in 2018, and as corrected by 2025."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._tables import parquet
from labelwright.errors import InputError

SOURCE = Mirror(
    "ud-ewt-revisions",
    {"revisions.parquet": "38f48e621067c51d83dbad783dfd3eb3804b98ec5e9770db472e36c8f43a45b9"},
)

CARD = Card(
    name="ewt-revisions",
    title="English Web Treebank, tags as published and as corrected",
    what="25,066 words of 1,995 sentences of web English, tagged twice: as released in 2018 and after seven "
    "years of correction by hand.",
    kind="texts",
    n=25_066,
    k=17,
    error_rate=340 / 25_066,
    size_mb=0.2,
    licence="CC BY-SA 4.0 (share-alike)",
    shippable=True,
    origin="UniversalDependencies/UD_English-EWT, "
    "en_ewt-ud-dev.conllu@8bcf6f85c2f95b38c26b3af909893ac7f963f34c (2018-03-30) and "
    "@6d4e3e2d515c3da8dcb579bb437a62a2569f4c88 (2025-04-26)",
    made="Given label: the tag of 2018. Truth: the tag of 2025. An item is the word and its neighbours "
    "written as features. Of 423 universal tags that changed, 83 follow a changed guideline (the same word "
    "form changed at least 3 times and in 80 % of its uses); only the 340 others count as errors.",
    sha256=SOURCE.files,
    cite="Silveira, N. et al. (2014). A gold standard dependency corpus for English. LREC. Nivre, J. et al. "
    "(2020). Universal Dependencies v2. LREC.",
    note="A correction proves an error; an unchanged tag does not prove that it is right. Error rates of "
    "the other layers (xpos 135, deprel 1,030 changes) include guideline changes.",
)


def load(*, tag: Literal["upos", "xpos", "deprel"] = "upos") -> Dataset:
    """Words in context with the tag of 2018 as given label and the tag of 2025 as truth.

    Parameters
    ----------
    tag : {"upos", "xpos", "deprel"}, default "upos"
        Universal part of speech, Penn part of speech, or dependency relation.

    Returns
    -------
    Dataset
        Items are features as text, such as ``"w_comes p_ap n_this s_es ..."``: made for a bag of words that
        splits at spaces or keeps underscores, as scikit-learn's does. `groups` is the number of the sentence.
        With `extra`: ``token`` (n,), ``context`` (list of n sentences with the word in brackets),
        ``position`` (n,) in the sentence, ``sent_id`` (n,), ``wrong`` (n,); for upos ``guideline`` (n,) bool,
        the changes that count as no error.
    """
    if tag not in ("upos", "xpos", "deprel"):
        raise InputError(f"tag={tag!r} must be 'upos', 'xpos' or 'deprel'")
    table = parquet(read(SOURCE)["revisions.parquet"])
    sentences = table["tokens"].to_pylist()
    lengths = [len(sentence) for sentence in sentences]
    given, truth = (_flat(table, f"{tag}_{state}") for state in ("given", "corrected"))
    changed = given != truth
    extra = {
        "token": np.array([word for sentence in sentences for word in sentence]),
        "context": [text for sentence in sentences for text in _contexts(sentence)],
        "position": np.concatenate([np.arange(length) for length in lengths]),
        "sent_id": np.repeat(np.array(table["sent_id"].to_pylist()), lengths),
        "wrong": changed.astype(np.int8),
    }
    if tag == "upos":
        error = _flat(table, "upos_error").astype(bool)
        extra |= {"wrong": error.astype(np.int8), "guideline": changed & ~error}
    return Dataset(
        items=[text for sentence in sentences for text in _features(sentence)],
        labels=given,
        truth=truth,
        classes=sorted({*given.tolist(), *truth.tolist()}),
        card=CARD,
        groups=np.repeat(np.arange(len(sentences)), lengths),
        extra=extra,
    )


def _flat(table: object, column: str) -> np.ndarray:
    return np.array([value for row in table[column].to_pylist() for value in row])  # type: ignore[index]


def _contexts(sentence: list[str]) -> Iterator[str]:
    for i, word in enumerate(sentence):
        yield " ".join([*sentence[max(0, i - 8) : i], f"[{word}]", *sentence[i + 1 : i + 9]])


def _features(sentence: list[str]) -> Iterator[str]:
    words = ["start", *[_plain(word) for word in sentence], "end"]
    for i, word in enumerate(sentence, start=1):
        low = words[i]
        before, after = words[max(0, i - 2)], words[min(len(words) - 1, i + 2)]
        yield (
            f"w_{low} p_{words[i - 1]} n_{words[i + 1]} pp_{before} nn_{after} pw_{words[i - 1]}_{low} "
            f"wn_{low}_{words[i + 1]} s1_{low[-1:]} s2_{low[-2:]} s3_{low[-3:]} s4_{low[-4:]} "
            f"b2_{low[:2]} b3_{low[:3]} shape_{_shape(word)} ps_{words[i - 1][-3:]} "
            f"ns_{words[i + 1][-3:]} wshape_{low}_{_shape(word)}"
        )


def _plain(word: str) -> str:
    """Lower case; signs by their number in Unicode, so that a bag of words does not split or lose them."""
    return "".join(c if c.isalnum() else f"u{ord(c):x}" for c in word.lower())


def _shape(word: str) -> str:
    """``Word`` is Xx, ``U.S.`` is XoXo, ``2004`` is d; runs are written once."""
    signs = ["X" if c.isupper() else "x" if c.islower() else "d" if c.isdigit() else "o" for c in word]
    return "".join(sign for sign, last in zip(signs, ["", *signs]) if sign != last)
