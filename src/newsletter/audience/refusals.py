"""The rows that an import did not take, kept in a CSV file with line and reason, to be mended and imported again."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from newsletter.audience.reading import Line

SHOWN = 20


class Refusals:
    """Writes as it goes; makes no file where nothing is refused. The file holds personal data: mode 0600."""

    def __init__(self, file: Path | None, header: Sequence[str]) -> None:
        self.file = file
        self.count = 0
        self.first: list[tuple[int, str]] = []
        self._header = header
        self._stream: TextIO | None = None
        self._writer: Any = None

    def __enter__(self) -> Refusals:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._stream:
            self._stream.close()

    def add(self, line: Line, reason: str) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self.first.append((line.number, reason))
        if self.file is not None:
            if self._writer is None:
                self._open(self.file)
            self._writer.writerow([line.number, reason, *line.cells])

    def _open(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._stream = open(file, "w", encoding="utf-8-sig", newline="", opener=_private)  # noqa: SIM115
        self._writer = csv.writer(self._stream)
        self._writer.writerow(["line", "reason", *self._header])


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
