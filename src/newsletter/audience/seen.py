"""Which keys a file has shown already, without holding them in memory."""

from __future__ import annotations

import json
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

    def earlier(self, keys: list[tuple[str, int]]) -> dict[int, int]:
        """Of keys with their lines: the lines whose key was seen before -> the line that showed it first."""
        before = self._scratch.total_changes
        self._scratch.execute(_SHOW, (json.dumps(keys),))
        if self._scratch.total_changes - before == len(keys):
            return {}
        first = {line: self._scratch.execute(_FIRST, (key,)).fetchone()[0] for key, line in keys}
        return {line: shown for line, shown in first.items() if shown != line}


_SHOW = """
    INSERT OR IGNORE INTO seen SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)"""
_FIRST = "SELECT line FROM seen WHERE key = ?"
