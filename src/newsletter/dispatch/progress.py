"""How far a dispatch is, told as it goes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from newsletter.dispatch.post import Progress
from newsletter.model.delivery import DeliveryState, Sums

PAUSE = 0.2  # seconds between two calls, at least


@dataclass
class Tally:
    """The ledger's sums, moved on by what this process has done since they were read."""

    sums: Sums
    listener: Callable[[Progress], None] | None
    _moved: Counter[DeliveryState] = field(default_factory=Counter)
    _sent: int = 0
    _started: float = field(default_factory=time.monotonic)
    _told: float = 0.0

    def read(self, sums: Sums) -> None:
        """The ledger's own sums take the place of what was counted here."""
        self.sums, self._moved = sums, Counter()

    def count(self, state: DeliveryState) -> None:
        """A delivery that was pending is in this state now."""
        self._moved[state] += 1
        self._moved[DeliveryState.PENDING] -= 1
        self._sent += 1

    def tell(self, *, now: bool = False) -> None:
        """At most five times a second."""
        if self.listener is None or (not now and time.monotonic() - self._told < PAUSE):
            return
        self._told = time.monotonic()
        counts = {state: self.sums[state] + self._moved[state] for state in DeliveryState}
        rate = self._sent / max(self._told - self._started, 0.001)
        self.listener(Progress(Sums(self.sums.audience, counts), rate))
