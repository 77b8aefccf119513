"""Texts to vectors: a protocol, and an adapter to sentence encoders on disk. The default is TF-IDF (`features`)."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from labelwright.errors import InputError, need


@runtime_checkable
class TextEncoder(Protocol):
    """Anything that turns texts into vectors, such as a sentence-transformers model."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors (n, d) of floats, one per text."""
        ...


def sentence_encoder(folder: str | PathLike[str]) -> TextEncoder:
    """Load a sentence-transformers model from a folder on disk.

    Nothing is fetched: a name that is no folder is an error, so that a typing slip does not become a
    download.

    Raises
    ------
    InputError
        When there is no such folder.
    MissingPackage
        Without sentence-transformers (extra "language").
    """
    path = Path(folder)
    if not path.is_dir():
        raise InputError(
            f"encoder={str(folder)!r} is not a folder with a sentence-transformers model; save one there first"
        )
    package = need("sentence_transformers", extra="language", purpose="A sentence encoder")
    return package.SentenceTransformer(str(path), local_files_only=True)
