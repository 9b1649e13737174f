"""What pages keep between requests because it takes long to make."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
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
