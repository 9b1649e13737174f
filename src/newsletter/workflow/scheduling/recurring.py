"""The campaigns that fall due by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from newsletter.errors import NewsletterError, Problem, ProblemsFound
from newsletter.i18n import say
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
        raise ProblemsFound([Problem(say("recurrence: %(error)s", error=error), path, *where)]) from error
    return one
