"""Parts of the site that are made from the package itself when the site is built.

A page asks for one with a line ``<!-- generated: WHAT -->``; `PARTS` says what there is. Each is a function that
returns Markdown, so the tests can look at it without building anything.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import typer
from gallery import gallery  # beside this file
from study import study

from labelwright import cli, data
from labelwright.papers import plain

ROOT = Path(__file__).resolve().parent.parent
MARKER = re.compile(r"^<!-- generated: (\S+)(?: (\S+))? -->$", re.MULTILINE)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#:]+)\)")
# What the repository calls a file, and the page that shows it.
PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "add.md",
    "SECURITY.md": "security.md",
    "bench/crowds.md": "numbers.md",
    "bench/real.md": "numbers.md",
    "bench/results.md": "numbers.md",
    "docs/audit.md": "audit.md",
    "docs/data.md": "data.md",
    "src/labelwright/papers/references.bib": "references.md",
}
ENTRY = re.compile(r"@(\w+)\{([^,\s]+),\s*(.*?)\n\}", re.DOTALL)
FIELD = re.compile(r"(\w+)\s*=\s*\{(.*?)\}\s*,?\s*(?:\n|$)", re.DOTALL)


def expand(text: str) -> str:
    """Replace every marker of a page by the part it asks for."""
    return MARKER.sub(lambda found: PARTS[found[1]](*filter(None, [found[2]])), text)


# The command


def commands() -> dict[str, Any]:
    """Every subcommand by name."""
    group = typer.main.get_command(cli.app)
    return dict(group.commands)  # type: ignore[attr-defined]


def command() -> str:
    """Reference of the command: what each subcommand does, its arguments and its options."""
    return "\n".join(line for name, found in sorted(commands().items()) for line in _command(name, found))


def _command(name: str, found: Any) -> Iterator[str]:
    arguments = [p.metavar for p in found.params if p.param_type_name == "argument"]
    said, _, example = inspect.cleandoc(found.help).partition("Example: ")
    yield from (
        f"## {name}",
        "",
        "```text",
        " ".join(["labelwright", name, *arguments, "[OPTIONS]"]),
        "```",
        "",
        said.strip(),
        "",
    )
    if example:
        yield from (f"Example: `{example}`", "")
    yield from ("| | |", "|---|---|")
    yield from (f"| {_names(parameter)} | {_meaning(parameter)} |" for parameter in found.params)
    yield ""


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar}`"
    value = "" if parameter.is_flag else f" {parameter.metavar or 'N'}"
    return ", ".join(f"`{name}{value}`" for name in parameter.opts)


def _meaning(parameter: Any) -> str:
    said = (getattr(parameter, "help", None) or "").replace("|", r"\|")
    default = parameter.default
    if parameter.required or default is None or callable(default) or isinstance(default, bool):
        return said
    return f"{said} Default: `{default}`."


# The sets of data


def cards() -> str:
    """Table of all sets of data, and the card of each."""
    found = [data.card(name) for name in data.names()]
    rows = ["| name | what | items | classes | wrong | from | licence |", "|---|---|---:|---:|---:|---|---|"]
    for c in found:
        wrong = "unknown" if c.error_rate is None else f"{c.error_rate:.2%}"
        free = "" if c.shippable else " †"
        rows.append(
            f"| [{c.name}](#{c.name}) | {c.title} | {c.n:,} | {c.k} | {wrong} | {_origin(c)} | {c.licence}{free} |"
        )
    rows += ["", "† For tests and reproductions only.", "", "## Cards", ""]
    for c in found:
        rows += [f"### {c.name}", "", c.what, "", f"- Made: {c.made}"]
        rows += [f"- Mind: {_plain(c.note)}"] if c.note else []
        rows += [
            f"- Origin: {c.origin} ({c.size_mb:g} MB)",
            f"- Licence: {c.licence}",
            f"- Cite: {c.cite}",
            "",
        ]
    return "\n".join(rows)


def _origin(card: data.Card) -> str:
    place = card.origin.partition(":")[0]
    return {"pip": "pip", "npm": "npm", "deb": "apt-get"}.get(
        place, "bundled" if card.origin.startswith("bundled") else "mirror"
    )


def _plain(text: str) -> str:
    return text.replace("*", r"\*").replace("&", r"\&")


# The API


def public(module: ModuleType) -> dict[str, Any]:
    """What a module offers: `__all__`, or else what is defined there without an underscore."""
    names = getattr(module, "__all__", None)
    if names is None:
        own = {n: t for n, t in vars(module).items() if not n.startswith("_")}
        names = sorted(n for n, t in own.items() if getattr(t, "__module__", None) == module.__name__)
    return {name: getattr(module, name) for name in names}


def api(name: str) -> str:
    """Reference of a module: its docstring, a table of its names, and each of them in full."""
    found = public(import_module(name))
    inner = {n: t for n, t in found.items() if isinstance(t, ModuleType)}
    rest = {n: t for n, t in found.items() if n not in inner}
    lines = ["```{eval-rst}", f".. automodule:: {name}", ""]
    if rest:
        lines += [f".. currentmodule:: {name}", "", ".. autosummary::", "   :nosignatures:", ""]
        lines += [*(f"   {n}" for n in rest), ""]
    for n, thing in rest.items():
        lines += _entry(f"{name}.{n}", thing)
    lines += ["```", ""]
    for n in inner:
        lines += [f"## {n}", "", api(f"{name}.{n}")]
    return "\n".join(lines)


def _entry(path: str, thing: Any) -> list[str]:
    if inspect.isclass(thing):
        kind = "autoexception" if issubclass(thing, BaseException) else "autoclass"
        bases = [] if thing.__bases__ in ((object,), (tuple,)) else ["   :show-inheritance:"]
        return [f".. {kind}:: {path}", "   :members:", *bases, ""]
    return [f".. autofunction:: {path}" if callable(thing) else f".. autodata:: {path}", ""]


def departures(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Give a closing "Departs from the paper: ..." a heading of its own.

    It stands after the last section of a docstring, where numpydoc would take it for one more parameter; where
    notes have begun already, it is one of them.
    """
    if "Notes" in lines:
        return
    for start, line in enumerate(lines):
        if line.startswith("Departs from the paper: "):
            stop = next((i for i in range(start, len(lines)) if not lines[i].strip()), len(lines))
            lines[start:stop] = ["Notes", "-----", *lines[start:stop]]
            return


def inherited(app: Any, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leave out the methods that scikit-learn adds to every estimator."""
    return True if re.fullmatch(r"set_\w+_request|get_metadata_routing", name) else None


def resolve(app: Any, env: Any, node: Any, content: Any) -> Any:
    """Link the short names of docstrings, such as `Marks` or `pools.ema`, where only one thing is called so."""
    from sphinx.util.nodes import make_refnode  # the tests import this file where there is no Sphinx

    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or not re.match(r"[A-Z]\w+$|\w+\.\w+", target):
        return None
    domain = env.get_domain("py")
    found = [name for name in domain.objects if name.endswith(f".{target}")]
    if len(found) != 1:
        return None
    where = domain.objects[found[0]]
    return make_refnode(app.builder, node["refdoc"], where.docname, where.node_id, content, found[0])


# Pages that stand elsewhere in the repository


def page(path: str) -> str:
    """A Markdown file of the repository, its links turned to pages of the site where there is one."""
    return LINK.sub(_link, (ROOT / path).read_text(encoding="utf-8"))


def _link(found: re.Match[str]) -> str:
    picture, text, target = found.groups()
    if picture:
        return found[0].replace("docs/", "", 1)
    if target in PAGES:
        return f"[{text}]({PAGES[target]})"
    return f"`{target}`" if text.strip("`") == target else f"{text} (`{target}`)"


def bench(path: str) -> str:
    """A file of results one heading lower, or a sentence where it has not been made yet."""
    if not (ROOT / path).is_file():
        target = {"bench/real.md": "make reproduce", "bench/crowds.md": "make crowds"}.get(path, "make bench")
        return f"There are no results in this checkout yet; `{target}` writes them to `{path}`.\n"
    return re.sub(r"^#", "##", page(path), flags=re.MULTILINE)


NAMED = {"wrong": "wrong", "value": "estimate", "width": "width of the interval"}


def coverage(path: str) -> str:
    """Table of how often the stated intervals held the truth, out of the JSON the measurement leaves."""
    if not (ROOT / path).is_file():
        command = f"python -m bench.{Path(path).stem}"
        return f"There are no results in this checkout yet; `{command}` writes them to `{path}`.\n"
    found = json.loads((ROOT / path).read_text(encoding="utf-8"))
    beside = [key for key in ("wrong", "value", "width") if key in found["blocks"]["all"]]
    heads = [
        "sets",
        "how many",
        "interval holds the truth",
        "truth below",
        "truth above",
        *map(NAMED.get, beside),
    ]
    rows = ["| " + " | ".join(heads) + " |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    for name, b in found["blocks"].items():
        shares = [f"{b[key]:.1%}" for key in ("coverage", "too_high", "too_low")]
        more = [f"{b[key]:.2%}" for key in beside]
        rows.append("| " + " | ".join([name, str(b["sets"]), *shares, *more]) + " |")
    return "\n".join(rows) + "\n"


# References


def references() -> dict[str, dict[str, str]]:
    """Entries of references.bib by key, in the order of the file."""
    text = (ROOT / "src/labelwright/papers/references.bib").read_text(encoding="utf-8")
    found = {}
    for kind, key, body in ENTRY.findall(text):
        fields = {name: " ".join(plain(value).split()) for name, value in FIELD.findall(body)}
        found[key] = {"kind": kind, **fields}
    return found


def bibliography() -> str:
    """The references as a list: key, authors, title, where and when."""
    lines = []
    for key, e in references().items():
        authors = [" ".join(reversed(a.split(", ", 1))) for a in e["author"].split(" and ")]
        where = e.get("journal") or e.get("booktitle") or e.get("howpublished") or e.get("publisher", "")
        volume = f" {e['volume']}" if "volume" in e else ""
        pages = f", {e['pages'].replace('--', '-')}" if "pages" in e else ""
        lines += [
            f"({key})=",
            f"`{key}`",
            f": {', '.join(authors)} ({e['year']}). *{e['title']}.* {where}{volume}{pages}.",
            "",
        ]
    return "\n".join(lines)


PARTS: dict[str, Callable[..., str]] = {
    "api": api,
    "bench": bench,
    "cards": cards,
    "gallery": gallery,
    "command": command,
    "coverage": coverage,
    "page": page,
    "references": bibliography,
    "study": study,
}


def setup(app: Any) -> dict[str, bool]:
    """Expand markers as pages are read, and read pages with markers again in every build."""

    def read(app: Any, name: str, source: list[str]) -> None:
        source[0] = expand(source[0])

    def stale(app: Any, env: Any, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
        return [
            name
            for name in env.found_docs
            if MARKER.search(Path(env.doc2path(name)).read_text(encoding="utf-8"))
        ]

    app.connect("source-read", read)
    app.connect("env-get-outdated", stale)
    app.connect("autodoc-process-docstring", departures, priority=100)
    app.connect("autodoc-skip-member", inherited)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True}
