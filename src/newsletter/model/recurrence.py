"""When a campaign falls due: an RFC 5545 rule on wall time, turned into instants.

A wall time in a gap (clocks go forward) fires at the first instant after the gap; a doubled one fires the first time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrule, rrulestr

from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.model.campaign import Recurrence

EPOCH = date(2020, 1, 1)  # where a rule without a start begins to count
HORIZON = timedelta(days=366 * 9)  # how far ahead is looked: 29 February may be eight years away
ROOM = timedelta(days=2)  # a wall time may fire so much later than it reads: Apia skipped a whole day


class FiringState(StrEnum):
    """What became of a planned moment. Once a row is there, no process makes another for it."""

    DUE = "due"  # its time has come; nobody has begun
    STARTED = "started"  # a process acts on it
    FIRED = "fired"
    FAILED = "failed"  # tried, and a person must look: the note says why
    MISSED = "missed"  # nobody was there within its grace; never made up for by itself


@dataclass(frozen=True, slots=True)
class Firing:
    """A planned moment: the wall time in its zone, and the instant that it is."""

    wall: datetime  # naive
    at: datetime  # aware, UTC


class RecurrenceError(NewsletterError, ValueError):
    """Why a recurrence cannot be computed."""


def zone_of(recurrence: Recurrence | None, default: str) -> ZoneInfo:
    return zone_named((recurrence and recurrence.zone) or default)


def zone_named(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder, such as Europe
        raise RecurrenceError(say("there is no time zone %(name)r; write one as in Europe/Zurich", name=name)) from None


def firings(recurrence: Recurrence, zone: ZoneInfo, after: datetime) -> Iterator[Firing]:
    """All firings later than an instant, in order, as far as the horizon."""
    local = after.astimezone(zone).replace(tzinfo=None)
    for wall in walls(recurrence, local - ROOM, local + HORIZON):
        if wall > local - ROOM and (at := instant(wall, zone)) > after:
            yield Firing(wall, at)


def next_firing(recurrence: Recurrence, zone: ZoneInfo, after: datetime) -> Firing | None:
    return next(firings(recurrence, zone, after), None)


def walls(recurrence: Recurrence, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The wall times that a recurrence names in a span, and some before; RecurrenceError where it cannot be read."""
    if recurrence.rule is None:
        return iter([moment(recurrence.at)])
    parts = _parts(recurrence.rule)
    if "FREQ" in parts and recurrence.start is None and _hangs_on_start(parts):
        raise RecurrenceError(
            say(
                "%(rule)r needs `start:`, the date from which it counts, or a day such as BYDAY=TU",
                rule=recurrence.rule,
            )
        )
    start = _date(recurrence.start) if recurrence.start else EPOCH
    if not _hangs_on_start(parts):  # so it may be counted from a later day, at which its periods begin
        start = max(start, date(begin.year - 1, 1, 1))
    first = datetime.combine(start, _time(recurrence.at))
    count, until = parts.pop("COUNT", None), parts.pop("UNTIL", None)
    try:
        limit = int(count) if count else None
        last = min(end, _last(until)) if until else end
        rule = rrulestr(";".join(map("=".join, parts.items())), dtstart=first)
        assert isinstance(rule, rrule)
        return islice(rule.replace(until=last), limit)
    except (ValueError, TypeError) as error:
        reason = str(error) if "FREQ" in parts else say("it has no FREQ")
        raise RecurrenceError(
            say(
                "%(rule)r is no RFC 5545 rule (%(reason)s); for example FREQ=MONTHLY;BYDAY=1TU",
                rule=recurrence.rule,
                reason=reason,
            )
        ) from None


_DAY = ("BYDAY", "BYMONTHDAY", "BYYEARDAY")


def _parts(rule: str) -> dict[str, str]:
    """The parts of a rule by name; RecurrenceError for what RFC 5545 knows and campaigns do not."""
    text = rule.strip().upper().removeprefix("RRULE:")
    parts = dict(part.partition("=")[::2] for part in text.split(";"))
    interval = parts.get("INTERVAL", "1")
    if "\n" in text or "DTSTART" in text:
        why = say("write one rule; its first date stands in `start:`")
    elif {"BYHOUR", "BYMINUTE", "BYSECOND"} & parts.keys():
        why = say("the time of day stands in `at:`, not in the rule")
    elif parts.get("FREQ") in ("HOURLY", "MINUTELY", "SECONDLY"):
        why = say("a campaign falls due at most once a day: FREQ is DAILY, WEEKLY, MONTHLY or YEARLY")
    elif parts.get("FREQ") in ("DAILY", "WEEKLY") and {"BYMONTHDAY", "BYYEARDAY"} & parts.keys():
        why = say("days of the month go with FREQ=MONTHLY or YEARLY")  # dateutil looks for 30 February for six seconds
    elif not interval.isdecimal() or int(interval) < 1:  # dateutil counts for ever with 0
        why = say("INTERVAL is a number from 1")
    else:
        return parts
    raise RecurrenceError(say("%(rule)r: %(why)s", rule=rule, why=why))


def _hangs_on_start(parts: dict[str, str]) -> bool:
    """Whether the days depend on where counting begins."""
    if "COUNT" in parts or parts.get("INTERVAL", "1") != "1":
        return True
    return parts.get("FREQ") != "DAILY" and not any(name in parts for name in _DAY)


def _last(until: str) -> datetime:
    """Local time, as `at:` is; a date includes its day."""
    found = datetime.fromisoformat(until)
    if found.tzinfo is not None:
        raise ValueError(say("UNTIL is local time here: write it without Z, for example UNTIL=20261231"))
    return found if "T" in until else found + timedelta(days=1, seconds=-1)


def is_monthly(recurrence: Recurrence | None) -> bool:
    """Whether issues are keyed by month: a monthly rule that falls at most once a month."""
    if recurrence is None or recurrence.rule is None or _parts(recurrence.rule).get("FREQ") != "MONTHLY":
        return False
    start = datetime.combine(_date(recurrence.start) if recurrence.start else EPOCH, time())
    some = [(each.year, each.month) for each in islice(walls(recurrence, start, start + HORIZON), 24)]
    return len(some) == len(set(some))


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


def moment(text: str) -> datetime:
    """A local date and time as people write it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or ":" not in text:
        raise RecurrenceError(say("%(text)r is no local date and time such as 2026-12-08 09:00", text=text))
    return found.replace(second=0, microsecond=0)


def _time(text: str) -> time:
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or ":" not in text:
        raise RecurrenceError(say("at: %(text)r is no local time of day such as 09:00", text=text))
    return found.replace(second=0, microsecond=0)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RecurrenceError(say("start: %(text)r is no date such as 2026-12-01", text=text)) from None
