"""Sentences with the sentiment that one random person saw in them; the truth is the mean of 15 to 99."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from labelwright.data.archives import read_members
from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Pip, read
from labelwright.errors import InputError

_INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
SOURCE = Pip(
    "vaderSentiment",
    {_INNER: "d5bb07d87474b3eb8d30b4deccbc23f19d742a6c5718fbacc65485b70b95c5fa"},
    version="3.3.2",
    filename="vaderSentiment-3.3.2.tar.gz",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
)
_WORDS = "vaderSentiment-3.3.2/vaderSentiment/vader_lexicon.txt"
LEXICON = replace(SOURCE, files={_WORDS: "1ec9c6e9ee19aade328f8beb393a6afa71a5bb3acf7d3cc22d4ef568df374bf5"})
DOMAINS = {
    "movies": "movieReviewSnippets",
    "amazon": "amazonReviewSnippets",
    "tweets": "tweets",
    "news": "nytEditorialSnippets",
}
# Film sentences that one set of workers rated together: found from correlations, not documented.
BATCH = 30

CARD = Card(
    name="crowd-sentiment",
    title="Sentiment of sentences, one rater against the crowd",
    what="Sentences from film reviews, product reviews, tweets and newspaper editorials, each rated from -4 "
    "(most negative) to 4 by 15 to 99 people.",
    kind="texts",
    n=17_410,
    k=2,
    error_rate=0.0303,
    size_mb=2.5,
    licence="MIT (package vaderSentiment); the sentences belong to their authors",
    shippable=True,
    origin="pip:vaderSentiment==3.3.2, source distribution",
    made="Given label: the sign of one rating drawn at random. Truth: the sign of the mean of all ratings. "
    "Left out: sentences whose mean lies within 0.5 of zero, and those whose drawn rating is 0.",
    sha256=SOURCE.files,
    cite="Hutto, C.J. and Gilbert, E. (2014). VADER: a parsimonious rule-based model for sentiment analysis "
    "of social media text. ICWSM.",
    note="In movies a rater is known inside a batch of 30 sentences (column worker of extra['votes']), "
    "inferred from correlations between ratings, not documented; in the other domains the raters' order "
    "means nothing. HTML entities (&amp;) stand as they were published. For about 200 tweets the published "
    "mean differs from the mean of the published ratings (never in sign); the ratings count here.",
)


def load(
    *,
    random_state: int = 0,
    min_mean: float = 0.5,
    domains: Sequence[str] = tuple(DOMAINS),
) -> Dataset:
    """Sentences, one rater's sign as given label, the sign of the mean of all raters as truth.

    Parameters
    ----------
    random_state : int, default 0
        Draws the rater of each sentence.
    min_mean : float, default 0.5
        Keep sentences whose mean rating is farther than this from zero; 0 keeps all but exact ties.
    domains : sequence of str, default all four
        Of ``"movies"``, ``"amazon"``, ``"tweets"``, ``"news"``, read in this order whatever the order given.

    Returns
    -------
    Dataset
        With `extra`: ``domain`` (n,), ``mean`` (n,), ``ratings`` (list of n int8 arrays), ``drawn`` (n,) the
        rating behind the given label, ``id`` (n,) and ``votes``, an Arrow table of the ratings of the movie
        sentences kept: ``item`` (position here), ``worker`` ("batch-column"), ``rating`` and ``label`` (null
        for a rating of 0).
    """
    chosen = [domains] if isinstance(domains, str) else list(domains)
    strange = [d for d in chosen if d not in DOMAINS]
    if strange or not chosen:
        raise InputError(f"domains={domains!r} must be one or more of {', '.join(DOMAINS)}")
    if not 0 <= min_mean < 4:
        raise InputError(f"min_mean={min_mean} must be at least 0 and below 4, the highest rating")
    rng = np.random.default_rng(random_state)
    texts: list[str] = []
    ratings: list[np.ndarray] = []
    columns: dict[str, list[Any]] = {"domain": [], "mean": [], "drawn": [], "id": [], "row": []}
    chosen = [domain for domain in DOMAINS if domain in chosen]
    members = [_member(domain, part) for domain in chosen for part in ("anonDataRatings", "GroundTruth")]
    files = read_members(read(SOURCE)[_INNER], members, what="hutto_ICWSM_2014.tar.gz")
    for domain in chosen:
        for row, (key, text, rated) in enumerate(_sentences(files, domain)):
            drawn, mean = int(rng.choice(rated)), float(rated.mean())
            if abs(mean) <= min_mean or drawn == 0:
                continue
            texts.append(text)
            ratings.append(rated)
            for name, value in zip(columns, (domain, mean, drawn, key, row), strict=True):
                columns[name].append(value)
    extra = {name: np.array(values) for name, values in columns.items()}
    names = np.array(["negative", "positive"])
    rows = extra.pop("row")
    movies = extra["domain"] == "movies"
    return Dataset(
        items=texts,
        labels=names[(extra["drawn"] > 0).astype(int)],
        truth=names[(extra["mean"] > 0).astype(int)],
        classes=["negative", "positive"],
        card=CARD,
        extra=extra | {"ratings": ratings, "votes": _votes(np.flatnonzero(movies), rows[movies], ratings)},
    )


def valences() -> dict[str, float]:
    """How positive each of 7,500 words and emoticons is alone, from -4 to 4: the mean of ten people (MIT licence)."""
    lines = read(LEXICON)[_WORDS].decode("utf-8").splitlines()
    return {word: float(mean) for word, mean, *_ in (line.split("\t") for line in lines if line.strip())}


def _sentences(files: dict[str, bytes], domain: str) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield identifier, text and ratings of every sentence of a domain, in the order of the file of texts."""
    rated = {}
    for line in files[_member(domain, "anonDataRatings")].decode("utf-8-sig").splitlines():
        if line.strip():
            fields = line.split("\t")
            rated[fields[0]] = np.array(json.loads(fields[-1]), np.int8)
    for raw in files[_member(domain, "GroundTruth")].split(b"\n"):
        if raw.strip():
            key, _, text = _decoded(raw).rstrip("\r").split("\t", 2)
            yield key, text, rated[key]


def _member(domain: str, part: str) -> str:
    return f"hutto_ICWSM_2014/{DOMAINS[domain]}_{part}.txt"


def _decoded(line: bytes) -> str:
    # The files mix encodings: nearly every line is UTF-8, a few are Latin-1.
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _votes(items: np.ndarray, rows: np.ndarray, ratings: list[np.ndarray]) -> Any:
    """Long table of the ratings of the movie sentences kept, worker by worker."""
    import pyarrow as pa

    if not len(items):
        return None
    counts = np.array([len(ratings[i]) for i in items])
    rating = np.concatenate([ratings[i] for i in items])
    column = np.concatenate([np.arange(count) for count in counts])
    batch = np.repeat(rows // BATCH, counts)
    workers, code = np.unique(batch * 1000 + column, return_inverse=True)
    names = [f"{worker // 1000}-{worker % 1000}" for worker in workers.tolist()]
    sign = np.array([0, 0, 1])[np.sign(rating) + 1].astype(np.int8)
    return pa.table(
        {
            "item": np.repeat(items, counts),
            "worker": pa.DictionaryArray.from_arrays(code.astype(np.int32), names),
            "rating": rating,
            "label": pa.DictionaryArray.from_arrays(
                pa.array(sign, mask=rating == 0), ["negative", "positive"]
            ),
        }
    )
