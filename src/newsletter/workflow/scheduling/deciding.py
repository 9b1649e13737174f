"""What the schedule decides by itself: the person under whom it stands in the record, and how it is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from newsletter.errors import NewsletterError
from newsletter.model.issue import Step
from newsletter.model.recurrence import zone_of
from newsletter.store import issues, people
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.workflow.context import Context

SCHEDULE = "schedule"  # the person under whom the schedule's own decisions stand in the record


def take_step(ctx: Context, connection: Connection, issue: IssueRow, step: Step, note: str | None = None) -> None:
    """From the stored state: an earlier run may be under way while the next one is scheduled."""
    from_stored, who = replace(issue, state=issue.stored), schedule_in(connection)
    issues.step(connection, from_stored, step, person_id=who.id, now=ctx.clock.now(), note=note)


def schedule_person(ctx: Context) -> Person:
    with reading(ctx.engine) as connection:
        return schedule_in(connection)


def schedule_in(connection: Connection) -> Person:
    found = people.find(connection, SCHEDULE)
    assert found is not None, "look() comes first"
    return found


def zone_for(ctx: Context, campaign: str) -> ZoneInfo:
    """The zone in which a campaign's times are meant and shown."""
    try:
        return zone_of(ctx.campaign(campaign).recurrence, ctx.settings.time_zone)
    except NewsletterError:
        return zone_of(None, ctx.settings.time_zone)


def shown(ctx: Context, row: IssueRow) -> str:
    """An issue's planned moment, as people see it."""
    assert row.planned_at is not None
    zone = zone_for(ctx, row.campaign)
    return f"{row.planned_at.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"


def words(span: timedelta) -> str:
    """`6 hours`, `1 h 30 min`"""
    minutes = round(span.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} minutes"
    return f"{hours} hours" if not rest else f"{hours} h {rest} min"
