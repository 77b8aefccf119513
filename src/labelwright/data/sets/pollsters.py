"""What five pollsters said, day by day, and what a careful average of all polls says."""

import csv
import io
from datetime import date

import numpy as np

from labelwright.data.archives import decompress
from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import read
from labelwright.data.sets._river import LICENCE, ORIGIN, source

_FILE = "river/datasets/trump_approval.csv.gz"
SOURCE = source(_FILE, "b3a42edc7ab0414527d3d15acbf4a5dbd1b76b43d715b74572da4bfda928eac1")

CARD = Card(
    name="pollsters",
    title="Approval ratings by five pollsters and an aggregate",
    what="Share of people who approve of the president of the United States, in per cent, on 1,001 days from "
    "March 2017 to November 2019, by five pollsters and by the aggregate of FiveThirtyEight.",
    kind="labels",
    n=1_001,
    k=11,
    error_rate=564 / 1_001,
    size_mb=2.7,
    licence=LICENCE,
    shippable=True,
    origin=ORIGIN,
    made="Given label: the mean of the five pollsters, in whole per cent. Truth: the aggregate, in whole per "
    "cent. The numbers themselves are in extra['sources'] and extra['truth'].",
    sha256=SOURCE.files,
    cite="FiveThirtyEight (2019). How popular is Donald Trump? Montiel, J. et al. (2021). River: machine "
    "learning for streaming data in Python. JMLR 22.",
    note="Numbers, not classes: whole per cents stand in for class names. A pollster's number stands until the "
    "next poll, so days are not independent. What a pollster usually is above or below the others seems to be "
    "taken out already: their means lie within 0.4 points of the aggregate's. The truth is the estimate of a "
    "model that rests on these polls and others.",
)


def load() -> Dataset:
    """Days with the rounded mean of five pollsters as given label and the rounded aggregate as truth.

    Returns
    -------
    Dataset
        Items are days (datetime64). With `extra`: ``sources`` (n, 5) and ``truth`` (n,), float, per cent;
        ``names`` (5,) of the pollsters.
    """
    text = decompress(read(SOURCE)[_FILE], what="trump_approval.csv.gz").decode()
    head, *rows = csv.reader(io.StringIO(text))
    table = np.array([row for row in rows if row], float)
    sources, truth = table[:, 2:], table[:, 1]
    labels, rounded = sources.mean(axis=1).round().astype(int), truth.round().astype(int)
    return Dataset(
        items=np.array([date.fromordinal(int(day)) for day in table[:, 0]], "datetime64[D]"),
        labels=labels,
        truth=rounded,
        classes=sorted({*labels.tolist(), *rounded.tolist()}),
        card=CARD,
        extra={"sources": sources, "names": np.array(head[2:]), "truth": truth},
    )
