"""The end of a program that dispatches: what is under way may finish, but not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass
class Drain:
    """`limit`: how long what is under way may take once this process was asked to stop."""

    limit: timedelta
    _ends: float | None = None  # by the loop's clock; none while nobody has asked
    _under_way: set[asyncio.Timeout] = field(default_factory=set)

    @asynccontextmanager
    async def bounded(self) -> AsyncIterator[asyncio.Timeout]:
        """TimeoutError, and the timeout has expired, where the drain ends while this is under way."""
        async with asyncio.timeout_at(self._ends) as timeout:
            self._under_way.add(timeout)
            try:
                yield timeout
            finally:
                self._under_way.discard(timeout)

    async def begin_after(self, stop: asyncio.Event) -> None:
        """Waits until this process is asked to stop; from then on the time runs."""
        await stop.wait()
        self._ends = asyncio.get_running_loop().time() + self.limit.total_seconds()
        for timeout in self._under_way:
            timeout.reschedule(self._ends)
