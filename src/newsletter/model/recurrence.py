"""When a campaign falls due: an RFC 5545 rule on wall time, turned into instants.

A wall time in a gap (clocks go forward) fires at the first instant after the gap; a doubled one fires the first time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrule, rruleset, rrulestr

from newsletter.model.campaign import Recurrence

EPOCH = date(2020, 1, 1)  # where a rule without a start begins to count


@dataclass(frozen=True, slots=True)
class Firing:
    """A planned moment: the wall time in its zone, and the instant that it is."""

    wall: datetime  # naive
    at: datetime  # aware, UTC


class RecurrenceError(ValueError):
    """Why a recurrence cannot be computed."""


def zone_of(recurrence: Recurrence, default: str) -> ZoneInfo:
    name = recurrence.zone or default
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise RecurrenceError(f"there is no time zone {name!r}; write one as in Europe/Zurich") from None


def firings(recurrence: Recurrence, zone: ZoneInfo, after: datetime) -> Iterator[Firing]:
    """All firings later than an instant, in order."""
    rule = rule_of(recurrence)
    wall = after.astimezone(zone).replace(tzinfo=None) - timedelta(days=1)  # a day of room for shifted wall times
    while (found := rule.after(wall)) is not None:
        wall = found
        at = instant(found, zone)
        if at > after:
            yield Firing(found, at)


def next_firing(recurrence: Recurrence, zone: ZoneInfo, after: datetime) -> Firing | None:
    return next(firings(recurrence, zone, after), None)


def rule_of(recurrence: Recurrence) -> rrule | rruleset:
    """The rule on wall time; RecurrenceError where it cannot be read."""
    if recurrence.rule is None:
        return rrule(3, dtstart=_moment(recurrence.at), count=1)
    hour = _time(recurrence.at)
    try:
        start = date.fromisoformat(recurrence.start) if recurrence.start else EPOCH
        return rrulestr(recurrence.rule.removeprefix("RRULE:"), dtstart=datetime.combine(start, hour))
    except ValueError as error:
        raise RecurrenceError(
            f"{recurrence.rule!r} is no RFC 5545 rule ({error}); for example FREQ=MONTHLY;BYDAY=1TU"
        ) from None


def is_monthly(recurrence: Recurrence | None) -> bool:
    """Whether issues are keyed by month."""
    return recurrence is not None and "FREQ=MONTHLY" in (recurrence.rule or "").upper()


def key_of(recurrence: Recurrence | None, day: date) -> str:
    """The key of the issue that falls on a day: `2026-12` if monthly, else `2026-12-08`."""
    return day.strftime("%Y-%m" if is_monthly(recurrence) else "%Y-%m-%d")


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall time."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    return _end_of_gap(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), first, zone)


def _end_of_gap(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The instant between the two at which the offset changes, to the second."""
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise RecurrenceError(f"at: {text!r} is no time of day such as 09:00") from None


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None  # type: ignore[assignment]
    if found is None or found.tzinfo is not None or ":" not in text:
        raise RecurrenceError(f"at: without a rule it is a local date and time such as 2026-12-08 09:00, not {text!r}")
    return found
