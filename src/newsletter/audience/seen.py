"""Which keys a file has shown already, without holding them in memory."""

from __future__ import annotations

import sqlite3
from types import TracebackType


class Seen:
    """A scratch database on disk: 1 million keys as Python objects would be most of an import's memory."""

    def __init__(self) -> None:
        self._scratch = sqlite3.connect("", isolation_level=None)
        self._scratch.execute("PRAGMA cache_size = -8192")
        self._scratch.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._scratch.execute("BEGIN")

    def __enter__(self) -> Seen:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._scratch.close()

    def first(self, key: str, line: int) -> int | None:
        """None where the key is new; else the line that showed it first."""
        new = self._scratch.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, line)).rowcount
        if new:
            return None
        earlier: int = self._scratch.execute("SELECT line FROM seen WHERE key = ?", (key,)).fetchone()[0]
        return earlier
