"""What commands print: tables and progress for people, plain lines when not a terminal, JSON for programs."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

UNKNOWN_STEP = 50_000

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def complain(error: object) -> None:
    """An error, as one clear sentence (or one a line), on stderr."""
    err.print(f"[bold red]Error[/]: {escape(str(error))}" if err.is_terminal else f"Error: {escape(str(error))}")


def say(text: str) -> None:
    out.print(escape(text))


def counted(number: int, noun: str) -> str:
    """`1 article`, `2 articles`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def note(text: str) -> None:
    """Something to know, on stderr, so that output stays clean."""
    err.print(escape(text))


def heading(text: str) -> None:
    out.print(f"[bold]{escape(text)}[/]")


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> None:
    """Aligned for people; tab-separated lines where the output is no terminal."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not out.is_terminal:
        for row in [list(columns), *texts]:
            print("\t".join(row))
        return
    drawn = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        numeric = bool(texts) and all(row[index].replace(",", "").isdigit() for row in texts if row[index])
        drawn.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in texts:
        drawn.add_row(*map(escape, row))
    out.print(drawn)


def as_json(value: object) -> None:
    json.dump(_plain(value), sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


@contextmanager
def progress(what: str) -> Iterator[Any]:
    """A bar with rate and time left; a plain line every 10% where there is no terminal. Yields update(done, total)."""
    if not err.is_terminal:
        yield _lines(what)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=None, rate="")

        def update(done: int, total: int, rate: float | None = None) -> None:
            shown = f"{rate:,.0f}/s" if rate else ""
            bar.update(task, completed=done, total=total or None, rate=shown)

        yield update


def _lines(what: str) -> Any:
    last = -1

    def update(done: int, total: int, rate: float | None = None) -> None:
        nonlocal last
        if not total:  # of unknown length: a line now and then
            if done - max(last, 0) >= UNKNOWN_STEP:
                last = done
                note(f"{what}: {done:,}")
            return
        tenth = done * 10 // total if total else 10
        if tenth > last:
            last = tenth
            note(f"{what}: {done:,} of {total:,}" + (f", {rate:,.0f} a second" if rate else ""))

    return update


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key.value if isinstance(key, Enum) else key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value) if isinstance(value, Path) else value
