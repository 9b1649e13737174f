"""When the send stops itself: too many of the last messages failed, so somebody must look before more do. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from newsletter.model.delivery import AttemptState

FAILED = (AttemptState.REJECTED, AttemptState.UNCONFIRMED)  # "later" is no failure: domains that say it are rested


@dataclass
class Breaker:
    """Looks at the last `window` outcomes, once there are `least`: a share of `share` failed ones opens it."""

    share: float = 0.3
    window: int = 100
    least: int = 20
    _last: deque[bool] = field(default_factory=deque)

    def note(self, outcomes: Iterable[tuple[AttemptState, str]]) -> str | None:
        """Of one batch, in order: state and reply. Says why the send should stop, or None."""
        reply = ""
        for state, words in outcomes:
            if state is AttemptState.UNSENT:
                continue
            failed = state in FAILED
            reply = words if failed else reply
            self._last.append(failed)
            if len(self._last) > self.window:
                self._last.popleft()
        failures = sum(self._last)
        if not reply or len(self._last) < self.least or failures < self.share * len(self._last):
            return None
        looked_at = len(self._last)
        self._last.clear()  # who resumes it gives it another chance
        return f"Paused by itself: {failures} of the last {looked_at} messages failed. Last reply: {reply}"
