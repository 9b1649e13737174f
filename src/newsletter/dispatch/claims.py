"""Claimed deliveries, shared by the connections of one dispatch."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from newsletter.store.ledger import Claimed

SIZE = 200  # deliveries a claim, at least

Claim = Callable[[int], Awaitable[tuple[list[Claimed], bool]]]  # and whether there may be more


@dataclass
class Claims:
    """Hands out batches of one variant; where none are left, it claims more by `claim`."""

    claim: Claim
    batch: int  # deliveries that one batch may have
    connections: int
    _waiting: dict[tuple[str, int], deque[Claimed]] = field(default_factory=dict)
    _claiming: asyncio.Lock = field(default_factory=asyncio.Lock)
    _exhausted: bool = False

    def look_again(self) -> None:
        """Something may be due by now."""
        self._exhausted = False

    async def next_batch(self, over: Callable[[], bool]) -> list[Claimed]:
        """Empty where nothing more is due, or where the dispatch is over by the time that it is our turn."""
        async with self._claiming:
            if over():
                return []
            if not self._waiting and not self._exhausted:
                await self._claim_more()
            return self._take()

    def at_hand(self) -> bool:
        """Whether a batch is there without asking the database."""
        return bool(self._waiting)

    def take(self) -> list[Claimed]:
        """The next batch if it is at hand; whoever takes it carries it or gives it back."""
        return self._take()

    def drop(self, domains: Collection[str]) -> list[Claimed]:
        """Takes out what is claimed of some domains, so that they can rest."""
        dropped = [row for rows in self._waiting.values() for row in rows if row.domain in domains]
        for key, rows in list(self._waiting.items()):
            kept = deque(row for row in rows if row.domain not in domains)
            if kept:
                self._waiting[key] = kept
            else:
                del self._waiting[key]
        return dropped

    def give_back(self, batch: list[Claimed]) -> None:
        """To whichever connection asks next."""
        self._waiting.setdefault(_variant(batch[0]), deque()).extendleft(reversed(batch))

    async def _claim_more(self) -> None:
        size = max(SIZE, self.batch * self.connections)
        rows, more = await self.claim(size)
        self._exhausted = not more
        for row in rows:
            self._waiting.setdefault(_variant(row), deque()).append(row)

    def _take(self) -> list[Claimed]:
        if not self._waiting:
            return []
        key = max(self._waiting, key=lambda each: len(self._waiting[each]))
        rows = self._waiting[key]
        batch = [rows.popleft() for _ in range(min(self.batch, len(rows)))]
        if not rows:
            del self._waiting[key]
        return batch


def _variant(row: Claimed) -> tuple[str, int]:
    return row.language, row.variant
