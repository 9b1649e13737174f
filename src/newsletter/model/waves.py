"""Waves: everybody gets the issue at the same hour of their own day. One launch and snapshot; only `due_at` differs."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.model.recurrence import instant

LATE = timedelta(hours=6)  # past by less: it leaves at once; by more: at that hour of the next day


def due_in(zone: ZoneInfo, wall: datetime, launched: datetime) -> datetime:
    """When a contact of this zone gets what is meant for `wall` (their local time, naive), launched at an instant.

    A wall time in a gap is the first instant after it; a doubled one the first (`recurrence.instant`).
    """
    at, day = instant(wall, zone), wall
    while launched - at >= LATE:
        day += timedelta(days=1)
        at = instant(day, zone)
    return max(at, launched)
