"""Measures everything once, prints the table and writes benchmarks/latest.json: `python -m benchmarks [NAME ...]`.

Every module runs in a process of its own, so that neither memory nor imports of one count for another. Exit code 1
when something could not be measured; a target that is not met is a result like any other.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MODULES = ("compile", "splice", "sendgrid", "audience", "launch", "dispatch", "workers", "reacting", "pages")
LATEST = Path(__file__).parent / "latest.json"
KEYS = ("name", "value", "unit", "target", "versus", "met")
MARKS = {True: "yes", False: "no", None: ""}

Row = dict[str, Any]


def main(names: Sequence[str]) -> int:
    wrong = [name for name in names if name not in MODULES]
    if wrong:
        print(f"There is no benchmark {wrong[0]!r}; there are: {', '.join(MODULES)}", file=sys.stderr)
        return 2
    found = [row for name in names or MODULES for row in measured(f"benchmarks.{name}")]
    return report(found, machine(), None if names else LATEST)


def report(rows: Sequence[Row], here: Row, latest: Path | None) -> int:
    """Prints the table; writes the file of a whole run. 1 where something could not be measured."""
    print(table(rows, here))
    if latest is not None:
        latest.write_text(json.dumps([{**row, "machine": here} for row in rows], indent=1, ensure_ascii=False) + "\n")
    return int(any(row["value"] is None for row in rows))


def measured(module: str) -> list[Row]:
    """The rows of a module, from a process of its own; one row that says why where it failed."""
    print(f"{module} ...", end=" ", file=sys.stderr, flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "benchmarks", "--rows", module]
    done = subprocess.run(command, cwd=LATEST.parents[1], capture_output=True, text=True, check=False)
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        print(done.stderr, file=sys.stderr)
        return [not_measured(module, said[-1])]
    found: list[Row] = json.loads(done.stdout)
    return found


def print_rows(module: str) -> None:
    """In the process of its own. What the module prints itself goes to standard error."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    found = importlib.import_module(module).rows()
    with out:
        json.dump([{key: row[key] for key in KEYS} for row in found], out)


def not_measured(name: str, why: str, unit: str = "", target: str | None = None) -> Row:
    why = why.replace(f"{LATEST.parents[1]}/", "").replace(str(Path.home()), "~")
    return dict(zip(KEYS, (name, None, unit, target, f"not measured: {why}", None), strict=True))


def machine() -> Row:
    """What the figures hold for. Names neither the host nor a folder."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "date": datetime.now(UTC).date().isoformat(),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def table(rows: Sequence[Row], here: Row) -> str:
    """Aligned columns, under the machine's name."""
    cells = [("figure", "value", "target", "met")]
    cells += [(row["name"], _value(row), row["target"] or "", MARKS[row["met"]]) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    lines = []
    for line, row in zip(cells, [None, *rows], strict=True):
        name, *others = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        lines.append("  ".join([name, *others]).rstrip())
        if row is not None and row["versus"]:
            lines.append(f"    {row['versus']}")
    what = "{cpu}, {cores} cores, {memory_gb} GB, {system}, Python {python}, SQLite {sqlite}, {date}".format(**here)
    return "\n".join([what, "", *lines])


def _value(row: Row) -> str:
    return "-" if row["value"] is None else f"{row['value']:,} {row['unit']}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--rows"]:
        print_rows(sys.argv[2])
    else:
        sys.exit(main(sys.argv[1:]))
