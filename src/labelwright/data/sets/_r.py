"""Tables inside Debian's packages of R libraries."""

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Deb, read
from labelwright.data.rda import read_frame


def dataset(source: Deb, name: str, label: str, card: Card) -> Dataset:
    """Make a data set of the data frame `name` in the only file of `source`; column `label` is the class."""
    [(path, content)] = read(source).items()
    columns = read_frame(content, name, what=path.rpartition("/")[2])
    labels = np.array(columns.pop(label).tolist())
    return Dataset(
        items=np.column_stack(list(columns.values())).astype(float),
        labels=labels,
        truth=None,
        classes=sorted(set(labels.tolist())),
        card=card,
        extra={"columns": list(columns)},
    )
