"""The campaigns that recur, and what comes next, for people to see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from newsletter.errors import NewsletterError, Problem, ProblemsFound
from newsletter.model.campaign import Recurrence
from newsletter.model.recurrence import Firing, RecurrenceError, firings, key_of, zone_of
from newsletter.workflow.context import Context
from newsletter.workspace.loading import place


@dataclass(frozen=True, slots=True)
class Recurring:
    """A campaign that falls due by itself."""

    campaign: str
    recurrence: Recurrence
    zone: ZoneInfo

    @property
    def grace(self) -> timedelta:
        return self.recurrence.grace

    def firings(self, after: datetime) -> Iterator[Firing]:
        return firings(self.recurrence, self.zone, after)

    def due(self, since: datetime, now: datetime) -> Iterator[Firing]:
        """What fell due after one instant and until another."""
        return takewhile(lambda firing: firing.at <= now, self.firings(since))

    def key(self, wall: datetime) -> str:
        """Of the issue that falls due at a wall time."""
        return key_of(self.recurrence, wall.date())


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A firing to come, as people see it: local time in one named zone, and UTC."""

    issue: str
    action: str
    local: datetime
    zone: str
    utc: datetime
    note: str | None = None


def recurring(ctx: Context) -> tuple[list[Recurring], list[NewsletterError]]:
    """The campaigns that fall due by themselves, and what is wrong with those that cannot be read: the others go on."""
    found, problems = [], list[NewsletterError]()
    for name in ctx.campaigns:
        try:
            if (one := _recurring(ctx, name)) is not None:
                found.append(one)
        except NewsletterError as error:
            problems.append(error)
    return found, problems


def _recurring(ctx: Context, name: str) -> Recurring | None:
    recurrence = ctx.campaign(name).recurrence
    if recurrence is None:
        return None
    try:
        one = Recurring(name, recurrence, zone_of(recurrence, ctx.settings.time_zone))
        next(one.firings(ctx.clock.now()), None)
    except RecurrenceError as error:
        path = f"campaigns/{name}/campaign.yaml"
        where = place(ctx.documents.text(path), ["recurrence"]) or (None, None)
        raise ProblemsFound([Problem(f"recurrence: {error}", path, *where)]) from error
    return one


def upcoming(ctx: Context, one: Recurring, number: int) -> list[Upcoming]:
    """The next firings of a campaign."""
    return [
        Upcoming(
            f"{one.campaign}/{one.key(each.wall)}",
            one.recurrence.action,
            each.at.astimezone(one.zone),
            one.zone.key,
            each.at,
            f"clocks do not show {each.wall:%H:%M} that day" if each.shifted(one.zone) else None,
        )
        for each in islice(one.firings(ctx.clock.now()), number)
    ]
