"""What a reader hands back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Content:
    """The content of a file, before it knows its name.

    Attributes
    ----------
    data : pyarrow.Table
    notes : tuple of str
        What was assumed.
    raw : mapping of str to pyarrow.ChunkedArray
        Characters of number columns, where the numbers do not bring them back.
    kind : str
        What the file is an export of; ``"table"`` if nothing special.
    delimiter : str, optional
        Of delimited text.
    lines : bool
        Whether JSON stood on lines, one row each.
    """

    data: Any
    notes: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "table"
    delimiter: str | None = None
    lines: bool = False
