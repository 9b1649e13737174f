"""How work is handed in, and what becomes of a job that fails."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

from newsletter.errors import NewsletterError
from newsletter.store.engine import failure_of

log = logging.getLogger(__name__)

Handler = Callable[[str], object]
WORTH_TELLING = 1.0  # seconds


class Jobs(Protocol):
    """Where work is handed in. `key` names the thing worked on."""

    def start(self) -> None:
        """Begins to work."""

    def defer(self, name: str, key: str) -> bool:
        """Whether it was queued: a job that waits already is not queued again."""
        ...

    def close(self) -> None:
        """Lets what has begun here finish."""


def done(name: str, key: str, handler: Handler) -> None:
    """A job that fails is logged, and ends nothing else: the next tick defers it again."""
    begun = time.monotonic()
    try:
        handler(key)
    except NewsletterError as error:
        log.warning("%s %s: %s", name, key, error)
    except Exception as error:
        if (sentence := failure_of(error)) is not None:
            log.warning("%s %s: %s", name, key, sentence)
        else:
            log.exception("%s %s failed", name, key)
    else:
        seconds = round(time.monotonic() - begun, 3)
        level = logging.INFO if seconds >= WORTH_TELLING else logging.DEBUG  # most jobs find nothing to do
        log.log(level, "%s %s done in %.1f s", name, key, seconds, extra={"job": name, "key": key, "seconds": seconds})
