"""What pages keep between requests because it takes long to make, and what tells that files have changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """The `most` values that were asked for last. Two threads may make the same one; either is right."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()
        self._guard = threading.Lock()

    def get(self, key: K) -> V | None:
        with self._guard:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: K, value: V) -> V:
        with self._guard:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value

    def forget(self, key: K) -> None:
        with self._guard:
            self._values.pop(key, None)

    def latest(self) -> list[tuple[K, V]]:
        """What is kept, the one asked for last first."""
        with self._guard:
            return list(reversed(self._values.items()))


class Lately(Generic[K, V]):
    """Values that were counted not long ago, each with the time it is as of: what reads every row is asked once by all
    who look."""

    def __init__(self, most: int, seconds: float) -> None:
        self._kept: Kept[K, tuple[V, datetime]] = Kept(most)
        self._seconds = seconds

    def get(self, key: K, now: datetime, make: Callable[[], V]) -> tuple[V, datetime]:
        found = self._kept.get(key)
        if found is None or not 0 <= (now - found[1]).total_seconds() < self._seconds:
            found = self._kept.put(key, (make(), now))
        return found


def stamp(root: Path, *parts: str, but: Callable[[Path], bool] = lambda file: False) -> str:
    """Another whenever a file in these folders, or one of these files, changes, comes or goes, by whatever hand."""
    infos = [file.stat() for part in parts for file in _files(root / part) if not but(file)]
    newest = max((info.st_mtime_ns for info in infos), default=0)
    return f"{len(infos)}-{newest}-{sum(info.st_size for info in infos)}"


def _files(part: Path) -> list[Path]:
    if part.is_file():
        return [part]
    return [file for file in part.rglob("*") if file.is_file() and not file.name.startswith(".")]
