"""E-mails as word frequencies, wanted or not."""

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Deb
from labelwright.data.sets._r import dataset

_FILE = "usr/lib/R/site-library/kernlab/data/spam.rda"
SOURCE = Deb("r-cran-kernlab", {_FILE: "09281b38bc7b064f63616d9056091f924f59e38aa9fd07dd3bc1af0cba9613d3"})

CARD = Card(
    name="spambase",
    title="Spambase",
    what="4,601 e-mails of one office as 57 frequencies of words, signs and runs of capitals.",
    kind="table",
    n=4_601,
    k=2,
    error_rate=None,
    size_mb=2.1,
    licence="GPL-2 (package kernlab); CC BY 4.0 (UCI)",
    shippable=True,
    origin="deb:r-cran-kernlab (Debian), file pinned by its hash",
    made="Labels as published; believed clean, not verified.",
    sha256=SOURCE.files,
    cite="Hopkins, M. et al. (1999). Spambase. UCI.",
)


def load() -> Dataset:
    """E-mails as features (4601, 57)."""
    return dataset(SOURCE, "spam", "type", CARD)
