"""Time every task beside its peers: ``python -m bench [part of a name ...]``.

Prints the table and writes results.json and results.md beside this file. With names, only those tasks are timed and
replace their rows in the files.
"""

import argparse
import json
import platform
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.harness import Measured, apart
from bench.tasks import Task, tasks, wide

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="part of a task's name; all tasks without any")
    parser.add_argument("--no-growth", action="store_true", help="leave the other numbers of rows out")
    parser.add_argument(
        "--out", type=Path, default=HERE, metavar="DIR", help="folder of results.json and results.md"
    )
    told = parser.parse_args()
    console = wide()
    file = told.out / "results.json"
    rows = {row["task"]: row for row in (json.loads(file.read_text()) if file.is_file() else [])}
    known = list(tasks())
    rows = {task.name: rows[task.name] for _, task in known if task.name in rows}
    wanted = [(m, t) for m, t in known if not told.names or any(name in t.name for name in told.names)]
    for module, task in wanted:
        with console.status(f"{task.name} ..."):
            rows[task.name] = row_of(module, task, growth=not told.no_growth)
        console.print(show([rows[task.name]]))
        order = [rows[t.name] for _, t in known if t.name in rows]
        file.write_text(json.dumps(order, indent=1) + "\n")
        (told.out / "results.md").write_text(markdown(order))
    if len(wanted) > 1:
        console.print(show([rows[t.name] for _, t in wanted]))
    console.print(f"Written to {file} and results.md.")


def row_of(module: str, task: Task, *, growth: bool = True) -> dict[str, Any]:
    """Measure both sides of a task, one after the other, and growth."""
    ours = apart(module, task.name, "ours", task.n)
    peers = {name: apart(module, task.name, name, task.n) for name in task.peers}
    timed = {name: found for name, found in peers.items() if isinstance(found, Measured)}
    best = min(timed, key=lambda name: timed[name].cpu_min, default=None)
    row: dict[str, Any] = {
        "task": task.name,
        "ours_s": _seconds(ours),
        "peer": best,
        "peer_s": None if best is None else _seconds(timed[best]),
        "goal_s": task.goal_s,
        "limit_s": task.limit_s,
        "ours_mb": _number(ours, "peak_mb"),
        "peer_mb": None if best is None else _number(timed[best], "peak_mb"),
        "goal_mb": task.goal_mb,
        "ours_private_mb": _number(ours, "private_mb"),
        "peer_private_mb": None if best is None else _number(timed[best], "private_mb"),
        "pass_s": _number(ours, "pass_s", 5),
        "met": _met(ours, task),
        "ours": asdict(ours) if isinstance(ours, Measured) else ours,
        "peers": {name: asdict(m) if isinstance(m, Measured) else m for name, m in peers.items()},
        "growth": [],
        "note": task.note,
        "versions": _versions([*task.peers]),
    }
    if growth and task.growth:
        found = {n: apart(module, task.name, "ours", n) for n in task.growth} | {task.n: ours}
        row["growth"] = [
            {
                "n": n,
                "ours_s": _seconds(m),
                "ours_mb": _number(m, "peak_mb"),
                "ours_private_mb": _number(m, "private_mb"),
                "bytes_per_row": None
                if isinstance(m, str)
                else round((m.private_mb or m.peak_mb) * 2**20 / n, 1),
            }
            for n, m in sorted(found.items())
        ]
    return row


def show(rows: list[dict[str, Any]]) -> Table:
    """The table for the terminal."""
    table = Table(title="CPU seconds on one core; megabytes above the start", title_justify="left")
    for heading in (
        "task",
        "ours s",
        "goal",
        "limit",
        "peer s",
        "times",
        "pass s",
        "ours MB",
        "(private)",
        "peer MB",
        "peer",
    ):
        table.add_column(heading, justify="left" if heading in ("task", "peer") else "right")
    for row in rows:
        colour = {True: "green", False: "yellow", None: ""}[row["met"]]
        ours = _text(row["ours_s"], 4)
        table.add_row(
            row["task"], f"[{colour}]{ours}[/]" if colour else ours, _text(row["goal_s"]), _text(row["limit_s"]),
            _text(row["peer_s"], 3), _times(row), _text(row["pass_s"], 4), _text(row["ours_mb"], 1),
            _text(row["ours_private_mb"], 1), _text(row["peer_mb"], 0), row["peer"] or "-",
        )  # fmt: skip
        for point in row["growth"]:
            table.add_row(
                f"  n = {point['n']:,}", _text(point["ours_s"], 4), "", "", "", "", "", _text(point["ours_mb"], 1),
                _text(point["ours_private_mb"], 1), "", f"{_text(point['bytes_per_row'], 0)} bytes a row",
            )  # fmt: skip
    return table


def markdown(rows: list[dict[str, Any]]) -> str:
    """The same for the documentation."""
    lines = [
        "CPU seconds on one core (the fastest of several runs) and peak memory in MB above the start, result included; "
        "*private* leaves out pages of mapped files. *Pass*: one sum over the same table in the same process.",
        "",
        "| task | ours | goal | limit | peer | times | pass | ours MB | private | goal MB | peer MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        peer = "-" if row["peer"] is None else f"{row['peer']} {_text(row['peer_s'], 3)}"
        cells = [
            row["task"], f"**{_text(row['ours_s'], 4)}**", _text(row["goal_s"]), _text(row["limit_s"]), peer,
            _times(row), _text(row["pass_s"], 4), _text(row["ours_mb"], 1), _text(row["ours_private_mb"], 1),
            _text(row["goal_mb"]), _text(row["peer_mb"], 0),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    grown = [row for row in rows if row["growth"]]
    if grown:
        lines += [
            "",
            "Growth of ours:",
            "",
            "| task | n | s | MB | private MB | bytes a row |",
            "|---|---|---|---|---|---|",
        ]
    for row in grown:
        for point in row["growth"]:
            cells = [
                row["task"], f"{point['n']:,}", _text(point["ours_s"], 4), _text(point["ours_mb"], 1),
                _text(point["ours_private_mb"], 1), _text(point["bytes_per_row"], 0),
            ]  # fmt: skip
            lines.append("| " + " | ".join(cells) + " |")
    notes = [f"- {row['task']}: {row['note']}." for row in rows if row["note"]]
    loads = [row["ours"]["load"] for row in rows if isinstance(row["ours"], dict)]
    said = f"Measured under a load average of {min(loads):.1f} to {max(loads):.1f}." if loads else ""
    versions = ", ".join(
        f"{name} {v}" for name, v in sorted({k: v for r in rows for k, v in r["versions"].items()}.items())
    )
    return "\n".join([*lines, "", *notes, "", f"{said} {versions}.".strip(), ""])


def _met(ours: Measured | str, task: Task) -> bool | None:
    if isinstance(ours, str):
        return False if task.goal_s or task.goal_mb else None
    memory = ours.peak_mb if ours.private_mb is None else ours.private_mb
    checks = [ours.cpu_min <= task.goal_s] if task.goal_s is not None else []
    checks += [memory <= task.goal_mb] if task.goal_mb is not None else []
    return all(checks) if checks else None


def _seconds(found: Measured | str) -> float | None:
    return round(found.cpu_min, 5) if isinstance(found, Measured) else None


def _number(found: Measured | str, name: str, digits: int = 2) -> float | None:
    value = getattr(found, name) if isinstance(found, Measured) else None
    return None if value is None else round(value, digits)


def _times(row: dict[str, Any]) -> str:
    if not row["peer_s"] or not row["ours_s"]:
        return "-"
    times = row["peer_s"] / row["ours_s"]
    return f"{times:.0f}" if times >= 10 else f"{times:.1f}"


def _text(value: float | None, digits: int | None = None) -> str:
    if value is None:
        return "-"
    return f"{value:g}" if digits is None else f"{value:.{digits}f}"


def _versions(peers: list[str]) -> dict[str, str]:
    names = {"labelwright", "numpy", *(peer.split()[0] for peer in peers)}
    return {"Python": platform.python_version()} | {name: metadata.version(name) for name in sorted(names)}


if __name__ == "__main__":
    main()
