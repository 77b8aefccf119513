"""A JSON value in what a model wrote, checked against a schema, or `Unparsed`; see `answers`."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from labelwright.errors import InputError
from labelwright.models.answers import Unparsed, check_text

LONGEST = 1_000_000  # characters
TRIES = 50  # places where a value may begin that are looked at
DEEPEST = 50
TYPES: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int,
    "number": (int, float),
}  # fmt: skip
WORDS = {
    "type", "properties", "required", "additionalProperties", "items", "enum", "minimum", "maximum", "minItems",
    "maxItems", "maxLength", "description", "title",
}  # fmt: skip


def parse_json(text: str, schema: Mapping[str, Any]) -> Any:
    r"""The one object or array in an answer that fits a schema.

    Text and code fences around it are left out. A value inside another one is not looked at. Where two different
    values fit, it is not known which is meant, and neither is taken.

    Parameters
    ----------
    text : str
    schema : mapping
        A JSON Schema of ``type`` "object" or "array" out of ``type``, ``properties``, ``required``,
        ``additionalProperties`` (true or false), ``items``, ``enum``, ``minimum``, ``maximum``, ``minItems``,
        ``maxItems``, ``maxLength``.

    Returns
    -------
    dict or list, or Unparsed
        `Unparsed` also for keys that come twice, NaN, infinity, numbers of thousands of digits, more than 50 levels or
        a million characters.

    Raises
    ------
    InputError
        When the schema uses other words, which would go unchecked.

    Examples
    --------
    >>> schema = {"type": "object", "properties": {"label": {"enum": ["ham", "spam"]}}, "required": ["label"]}
    >>> parse_json('Sure!\n```json\n{"label": "spam"}\n```', schema)
    {'label': 'spam'}
    >>> parse_json('{"label": "eggs"}', schema).reason
    "label is 'eggs', not one of ham, spam"
    """
    check_text(text)
    check_schema(schema)
    if len(text) > LONGEST:
        return Unparsed(f"has {len(text)} characters", text)
    opening = {"object": "{", "array": "["}[schema["type"]]
    decoder = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse)
    fits: list[Any] = []
    reasons: list[str] = []
    at = 0
    for _ in range(TRIES):
        begins = [place for mark in "{[" if (place := text.find(mark, at)) >= 0]
        if not begins:
            break
        start = min(begins)
        try:
            value, at = decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as problem:
            at = start + 1
            reasons.append(f"is not JSON ({str(problem)[:60]})")
            continue
        if text[start] == opening:
            reason = mismatch(value, schema)
            reasons.append(reason)
            if not reason:
                fits.append(value)
    else:
        return Unparsed("has too many brackets", text)
    if not fits:
        return Unparsed(next((r for r in reversed(reasons) if r), f"has no {schema['type']}"), text)
    if any(json.dumps(fit) != json.dumps(fits[0]) for fit in fits):
        return Unparsed(f"gives {len(fits)} different values", text)
    return fits[0]


def mismatch(value: Any, schema: Mapping[str, Any], *, where: str = "", depth: int = 0) -> str:
    """Why a value does not fit a schema, or "".

    Examples
    --------
    >>> mismatch({"n": 3}, {"type": "object", "properties": {"n": {"type": "string"}}})
    'n is int, not string'
    """
    here = where or "the value"
    if depth > DEEPEST:
        return f"{here[:40]} is too deep"
    kind = schema.get("type")
    if kind is not None and (
        not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind in ("integer", "number"))
    ):
        return f"{here} is {type(value).__name__}, not {kind}"
    if "enum" in schema and not any(value == may and type(value) is type(may) for may in schema["enum"]):
        return f"{here} is {str(value)[:40]!r}, not one of {', '.join(map(str, schema['enum']))}"
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    if numeric and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return f"{here} is {value}, out of range"
    if isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
        return f"{here} has {len(value)} characters"
    inner: list[tuple[str, Any, Mapping[str, Any]]] = []
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            return f"{here} has {len(value)} entries"
        inner = [(f"{where}[{i}]", entry, schema.get("items", {})) for i, entry in enumerate(value)]
    if isinstance(value, dict):
        known = schema.get("properties", {})
        missing = [key for key in schema.get("required", ()) if key not in value]
        strange = [] if schema.get("additionalProperties", True) else [k for k in value if k not in known]
        if missing or strange:
            return f"{here} lacks {missing[0]!r}" if missing else f"{here} has {strange[0][:40]!r} besides"
        inner = [(f"{where}.{key}".lstrip("."), entry, known.get(key, {})) for key, entry in value.items()]
    return next((r for w, v, s in inner if (r := mismatch(v, s, where=w, depth=depth + 1))), "")


def check_schema(schema: Any, *, top: bool = True) -> None:
    """Refuse a schema that says more than `mismatch` understands.

    Raises
    ------
    InputError
    """
    if not isinstance(schema, Mapping) or (top and schema.get("type") not in ("object", "array")):
        raise InputError(f"schema={schema!r} must be a mapping with the type 'object' or 'array'")
    if strange := sorted(set(schema) - WORDS):
        raise InputError(
            f"the schema uses {strange[0]!r}, which is not checked here; there are {sorted(WORDS)}"
        )
    if schema.get("type", "object") not in TYPES or not isinstance(
        schema.get("additionalProperties", True), bool
    ):
        raise InputError(f"the schema has the type {schema.get('type')!r}; there are {', '.join(TYPES)}")
    for inner in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        check_schema(inner, top=False)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")
