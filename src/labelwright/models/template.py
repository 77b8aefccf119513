"""Texts with named fields, in files beside the code; what is put into a field is put in as it is."""

from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from string import Formatter

from labelwright.errors import InputError


@dataclass(frozen=True)
class Template:
    """A text with fields such as ``{text}``; double braces stand for single ones.

    Parameters
    ----------
    text : str
        A field is a name in braces and nothing else: no attributes, indices or formats.

    Attributes
    ----------
    fields : frozenset of str

    Raises
    ------
    InputError
        When braces do not match, or a field is more than a name.

    Examples
    --------
    >>> template = Template('Answer in JSON, {{"label": ...}}. Text: {text}')
    >>> template.render(text="{label} {0.__class__}")
    'Answer in JSON, {"label": ...}. Text: {label} {0.__class__}'
    """

    text: str
    _pieces: tuple[tuple[str, str | None], ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        pieces = []
        try:
            for said, name, form, conversion in Formatter().parse(self.text):
                if name is not None and (form or conversion or not name.isidentifier()):
                    raise ValueError(f"{{{name}}} is no plain name")
                pieces.append((said, name))
        except ValueError as problem:
            raise InputError(
                f"the template {self.text[:60]!r} cannot be read: {problem}; write {{{{ for {{"
            ) from None
        object.__setattr__(self, "_pieces", tuple(pieces))

    @classmethod
    def read(cls, path: str | PathLike[str]) -> "Template":
        """Read a template from a text file (UTF-8); the line end at the end of the file is not part of it.

        Raises
        ------
        InputError
            When it cannot be read.
        """
        try:
            return cls(Path(path).read_text(encoding="utf-8").removesuffix("\n"))
        except (OSError, UnicodeDecodeError) as problem:
            raise InputError(f"the template {str(path)!r} cannot be read: {problem}") from None

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields."""
        return frozenset(name for _, name in self._pieces if name is not None)

    def render(self, **values: str) -> str:
        """Put texts into the fields, each as it is: braces in it mean nothing.

        Raises
        ------
        InputError
            When a field is missing, there is one too many, or a value is no text.
        """
        if missing := sorted(self.fields - values.keys()):
            raise InputError(f"the template has a field {{{missing[0]}}} without a value")
        if strange := sorted(values.keys() - self.fields):
            raise InputError(
                f"the template has no field {{{strange[0]}}}; it has {', '.join(sorted(self.fields))}"
            )
        if wrong := [name for name, value in values.items() if not isinstance(value, str)]:
            raise InputError(f"{wrong[0]}={values[wrong[0]]!r} must be a text")
        return "".join(said + (values[name] if name is not None else "") for said, name in self._pieces)
