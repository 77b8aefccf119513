"""What has been run before, by code and data: one small file per claim, seed and arm."""

import hashlib
import inspect
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import labelwright
from labelwright.data import cache_dir
from labelwright.papers.claim import Claim
from labelwright.reproduce.environment import environment


@lru_cache(maxsize=1)
def code() -> str:
    """Hash of all source files of the package and of the versions below it: a change makes earlier runs void.

    Data sets are pinned in the source by hash, so this covers them.
    """
    digest = hashlib.sha256(json.dumps(environment()).encode())
    root = Path(labelwright.__file__).parent
    for path in sorted(root.rglob("*")):
        if path.suffix in (".py", ".json", ".txt"):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def place(claim: Claim, seed: int, arm: str, *, quick: bool) -> Path:
    """Where the number of one arm and seed is kept."""
    source = inspect.getsourcefile(getattr(claim.data, "func", claim.data))  # of a partial, what it fills in
    text = Path(source).read_text() if source else ""
    key = hashlib.sha256(f"{code()}\0{text}\0{claim.id}\0{seed}\0{arm}\0{quick}".encode()).hexdigest()[:32]
    return cache_dir() / "reproduce" / claim.id / f"{key}.json"


def recall(path: Path) -> dict[str, Any] | None:
    """The record kept at `path`, or None."""
    try:
        record = json.loads(path.read_text())
        return record if isinstance(record, dict) and "value" in record else None
    except (OSError, ValueError):
        return None


def keep(path: Path, record: dict[str, Any]) -> None:
    """Keep a record whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}")
    aside.write_text(json.dumps(record))
    os.replace(aside, path)
