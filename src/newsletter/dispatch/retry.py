"""When a message that was put off is tried again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

# Greylisting lets a second try through after 1 to 15 minutes; later ones are for servers that are down.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 15, 30, 60, 120))
SPREAD = 0.25
HELD_BACK = timedelta(seconds=10)


def next_try(now: datetime, *, attempts: int, delivery: int, asked: timedelta | None = None) -> datetime:
    """After so many attempts; not before what the other side asked for. Spread by delivery, so that they do not all
    come back at once."""
    pause = PAUSES[min(max(attempts, 1), len(PAUSES)) - 1]
    share = (delivery * 2654435761 % 1000) / 1000  # Knuth's multiplicative hash: the same at every run of a test
    return now + max(pause * (1 + SPREAD * share), asked or timedelta(0))


def reopen_pause(failures: int) -> float:
    """Seconds to wait before a channel is opened again after so many failures in a row."""
    return float(min(2 ** max(failures - 1, 0), 60))
