"""What holds a send back, and until when: quiet hours, limits that are used up, domains that are given a rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, func, select

from newsletter.i18n import Moment, Number, Said, say, say_many
from newsletter.model.delivery import DeliveryState, RunState
from newsletter.pace import DAY, HOUR, MINUTE, SECOND, Limits, allowance
from newsletter.store import ledger
from newsletter.store.engine import reading
from newsletter.store.runs import RunRow
from newsletter.store.tables import delivery, hold
from newsletter.store.tables import run as run_table
from newsletter.workflow.context import Context

NAMED = 5  # domains that are told, those with the most contacts waiting first

# `say` collects the pattern for translation; the values come when it is told.
LIMITS = {
    MINUTE: say("The limit of %(number)s a minute of this sending service is used up until %(until)s."),
    HOUR: say("The limit of %(number)s an hour of this sending service is used up until %(until)s."),
    DAY: say("The limit of %(number)s a day of this sending service is used up until %(until)s."),
}


def held(ctx: Context, run: RunRow, zone: str) -> list[Said]:
    """In sentences, for a run that is being sent; empty where nothing holds it back."""
    settings = ctx.settings.transports.get(run.transport)
    if run.state is not RunState.SENDING or settings is None:
        return []
    now = ctx.clock.now()
    with reading(ctx.engine) as connection:
        return [
            *_canary(connection, run, now, zone),
            *_quiet(settings.limits, now, zone),
            *_limits(connection, run.transport, settings.limits, now, zone),
            *_rests(connection, run, now, zone),
        ]


def _canary(connection: Connection, run: RunRow, now: datetime, zone: str) -> Iterator[Said]:
    chosen = select(run_table.c.canary, run_table.c.canary_until).where(run_table.c.id == run.id)
    row = connection.execute(chosen).one()
    if row.canary is not None and row.canary_until is not None and row.canary_until > now:
        yield say(
            "A first share of %(number)s has left; the others wait until %(until)s for word of it.",
            number=Number(row.canary),
            until=_at(row.canary_until, zone),
        )


def _quiet(limits: Limits, now: datetime, zone: str) -> Iterator[Said]:
    if (until := limits.quiet_until(now)) is not None:
        yield say("These are the quiet hours of this sending service: it goes on at %(until)s.", until=_at(until, zone))


def _limits(connection: Connection, transport: str, limits: Limits, now: datetime, zone: str) -> Iterator[Said]:
    caps = limits.caps_at(now)
    windows = ledger.windows(connection, transport).get("", {})
    for seconds, cap in caps.items():
        left = allowance({seconds: cap}, windows, now)
        if left.number == 0 and seconds > SECOND:
            until = left.until or now + timedelta(seconds=seconds)
            yield say(LIMITS[seconds].pattern, number=Number(cap), until=_at(until, zone))


def _rests(connection: Connection, run: RunRow, now: datetime, zone: str) -> Iterator[Said]:
    waiting = (
        select(delivery.c.domain, func.count().label("number"))
        .where(delivery.c.run_id == run.id, delivery.c.state == DeliveryState.PENDING.value)
        .where(delivery.c.domain.in_(_resting(run.transport, now)))
        .group_by(delivery.c.domain)
        .order_by(func.count().desc())
        .limit(NAMED)
    )
    numbers = {row.domain: row.number for row in connection.execute(waiting)}
    chosen = select(hold).where(hold.c.transport == run.transport, hold.c.domain.in_(list(numbers)))
    for row in connection.execute(chosen):
        yield say_many(
            numbers[row.domain],
            "%(domain)s puts mail off (%(reply)s): its %(num)s contact is tried again at %(until)s, the others go on.",
            "%(domain)s puts mail off (%(reply)s): its %(num)s contacts are tried at %(until)s, the others go on.",
            domain=row.domain,
            reply=row.reason,
            until=_at(row.until, zone),
        )


def _resting(transport: str, now: datetime) -> Select[tuple[str]]:
    return select(hold.c.domain).where(hold.c.transport == transport, hold.c.until > now)


def _at(instant: datetime, zone: str) -> Moment:
    return Moment(instant.astimezone(ZoneInfo(zone)), zone)
