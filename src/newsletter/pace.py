"""How fast a transport may go: limits by window, by recipient domain, warm-up and quiet hours. Pure.

A limit counts what was claimed in the current window of its length; windows begin when they are first used, so that a
limit of 100 an hour is never 200 around the full hour for long.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from newsletter.i18n import say

SECOND, MINUTE, HOUR, DAY = 1, 60, 3_600, 86_400
EVERY_OTHER = "*"  # a domain that has no limits of its own

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def _hours(text: str) -> str:
    if not _HOURS.fullmatch(text):
        raise ValueError(say("hours are written 22:00-07:00"))
    return text


Count = Annotated[int, Field(ge=1)]


class Rates(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    per_second: Count | None = None
    per_minute: Count | None = None
    per_hour: Count | None = None
    per_day: Count | None = None

    def caps(self) -> dict[int, int]:
        """Window in seconds -> how many."""
        named = {SECOND: self.per_second, MINUTE: self.per_minute, HOUR: self.per_hour, DAY: self.per_day}
        return {seconds: number for seconds, number in named.items() if number is not None}


class Limits(Rates):
    """What newsletter.toml says of one transport; nothing said is no limit."""

    domains: dict[str, Rates] = Field(
        default_factory=dict, description='Per recipient domain; "*" is each that has none of its own'
    )
    warm_up: list[Count] = Field(
        default_factory=list, description="Messages on day 1, 2, ...; afterwards no more limit"
    )
    warm_up_from: date | None = Field(default=None, description="Day 1 of the warm-up")
    quiet: Annotated[str, AfterValidator(_hours)] | None = Field(
        default=None, description="Hours in which nothing leaves, for example 22:00-07:00"
    )
    zone: str | None = Field(default=None, description="Of the quiet hours and of the warm-up's days; IANA")

    @property
    def any(self) -> bool:
        return bool(self.model_fields_set)

    def caps_at(self, now: datetime) -> dict[int, int]:
        """The windows of the transport as a whole, with the day's share of the warm-up."""
        caps, day = self.caps(), now.astimezone(ZoneInfo(self.zone or "UTC")).date()
        if self.warm_up and self.warm_up_from is not None:
            number = (day - self.warm_up_from).days
            if number < 0:
                caps[DAY] = min(self.warm_up[0], caps.get(DAY, self.warm_up[0]))
            elif number < len(self.warm_up):
                caps[DAY] = min(self.warm_up[number], caps.get(DAY, self.warm_up[number]))
        return caps

    def caps_of(self, domain: str) -> dict[int, int]:
        rates = self.domains.get(domain) or self.domains.get(EVERY_OTHER)
        return rates.caps() if rates else {}

    def quiet_until(self, now: datetime) -> datetime | None:
        """The end of the quiet hours in which `now` falls; None outside them."""
        if self.quiet is None:
            return None
        local = now.astimezone(ZoneInfo(self.zone or "UTC"))
        found = _HOURS.fullmatch(self.quiet)
        assert found is not None
        begin, end = (time(int(found[n]), int(found[n + 1])) for n in (1, 3))
        at = local.time()
        inside = begin <= at < end if begin < end else at >= begin or at < end
        if not inside or begin == end:
            return None
        day = local.date() if at < end else local.date() + timedelta(days=1)
        return datetime.combine(day, end, local.tzinfo).astimezone(now.tzinfo)


@dataclass(frozen=True, slots=True)
class Window:
    """How much of a limit is used up since when."""

    started_at: datetime
    used: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many may go now (None: any number), and when to ask again where it is none."""

    number: int | None
    until: datetime | None = None


def allowance(caps: Mapping[int, int], windows: Mapping[int, Window], now: datetime) -> Allowance:
    """The smallest of what the windows leave; where one is used up, the end of the last such."""
    left: list[int] = []
    ends: list[datetime] = []
    for seconds, cap in caps.items():
        window = windows.get(seconds)
        over = window is None or _over(window, seconds, now)
        rest = cap if over or window is None else cap - window.used
        left.append(max(rest, 0))
        if rest <= 0 and window is not None:
            ends.append(window.started_at + timedelta(seconds=seconds))
    if not left:
        return Allowance(None)
    return Allowance(min(left), max(ends, default=None))


def used(window: Window | None, seconds: int, number: int, now: datetime) -> Window:
    """The window after `number` more."""
    if window is None or _over(window, seconds, now):
        return Window(now, number)
    return Window(window.started_at, window.used + number)


def _over(window: Window, seconds: int, now: datetime) -> bool:
    """Over; or begun in the future, where the clock was put back: then it counts anew rather than for ever."""
    return not timedelta(0) <= now - window.started_at < timedelta(seconds=seconds)
