"""Abstracts on aerodynamics, questions of researchers, and which abstract answers which question how well."""

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._tables import parquet

SOURCE = Mirror(
    "cranfield",
    {
        "docs.parquet": "f7eefe1f264c6bf7542d52b87c25ecadd78c6a032f13f7eda2de1bdf9af4d5b8",
        "judgements.parquet": "88f65ff867915938de660adca87a47b9d3a288398b9e9aaf046a36aaee8a3ee4",
        "queries.parquet": "fb2a00dbbe257d4b0c5ee722bfa3af12d455e31855e7f642ccbe88350b06e76e",
    },
)

CARD = Card(
    name="cranfield",
    title="Cranfield retrieval collection",
    what="1,400 abstracts on aerodynamics and 225 questions, with 1,837 graded judgements of which abstract answers "
    "which question.",
    kind="texts",
    n=1_400,
    k=225,
    error_rate=None,
    size_mb=0.4,
    licence="public research collection of the 1960s, no formal licence",
    shippable=False,
    origin="Chetan-Prasad/IR-Lucene_Cran@ff1bd825c1781e908fdcb8a20609ef779abb3d2a",
    made="Marks: which questions an abstract is of use for, grades 1 to 4.",
    sha256=SOURCE.files,
    cite="Cleverdon, C. (1967). The Cranfield tests on index language devices. Aslib Proceedings 19.",
    note="All pairs count as judged; those without a judgement as of no use. 225 pairs are graded -1, of no use. Two "
    "abstracts have no text.",
)


def load() -> Dataset:
    """Abstracts with marks for the 225 questions.

    Returns
    -------
    Dataset
        Items are title and text. With `extra`: ``queries``, 225 texts in the order of the columns; ``grades``
        (1400, 225) int8, 0 where of no use, else 4 for a complete answer down to 1 for a minimal one; ``titles`` (n,).
    """
    files = read(SOURCE)
    docs, told = parquet(files["docs.parquet"]), parquet(files["judgements.parquet"])
    questions = parquet(files["queries.parquet"])
    row = {doc: i for i, doc in enumerate(docs["doc"].to_pylist())}
    column = {query: j for j, query in enumerate(questions["query"].to_pylist())}
    grades = np.zeros((len(row), len(column)), np.int8)
    for query, doc, grade in zip(*(told[name].to_pylist() for name in ("query", "doc", "grade"))):
        if 1 <= grade <= 4:
            grades[row[doc], column[query]] = max(5 - grade, grades[row[doc], column[query]])
    titles = [title or "" for title in docs["title"].to_pylist()]
    texts = [text or "" for text in docs["text"].to_pylist()]
    return Dataset(
        items=[f"{title}\n{text}".strip() for title, text in zip(titles, texts)],
        labels=(grades > 0).astype(np.int8),
        truth=None,
        classes=list(column),
        card=CARD,
        extra={
            "queries": questions["text"].to_pylist(),
            "grades": grades,
            "titles": np.array(titles, object),
        },
    )
