"""The waves of an issue whose campaign sends by the recipients' clocks: who gets it when, before it is approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select, union

from newsletter.audience.select import ranked
from newsletter.errors import NewsletterError
from newsletter.model.recurrence import zone_named
from newsletter.model.waves import due_in
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading
from newsletter.store.tables import contact, institution
from newsletter.workflow.audience import frozen_rule
from newsletter.workflow.context import Context


@dataclass(frozen=True, slots=True)
class Wave:
    """Contacts who get it at the same instant, and the zones that are meant."""

    at: datetime
    contacts: int
    zones: tuple[str, ...]


def by_zone(ctx: Context, edition: EditionRow, launched: datetime) -> Mapping[str, datetime]:
    """When a launch at this instant reaches each zone that contacts or institutions name; empty: all at once."""
    home = edition.definition.get("local_time")
    if home is None:
        return {}
    with reading(ctx.engine) as connection:
        names = _zones(connection)
    wall = _wall(edition, ZoneInfo(home), launched)
    return {name: due_in(zone, wall, launched) for name, zone in names.items()}


def waves(ctx: Context, edition: EditionRow) -> list[Wave]:
    """As it would be if it were launched at its planned time, else now; earliest first."""
    planned = edition.definition["planned"]
    launched = ctx.clock.now() if planned == "now" else max(datetime.fromisoformat(planned), ctx.clock.now())
    due = by_zone(ctx, edition, launched)
    if not due and edition.definition.get("local_time") is None:
        return []
    found = ranked(frozen_rule(ctx, edition), ctx.fields)
    zone = func.coalesce(contact.c.time_zone, institution.c.time_zone)
    counted = (
        select(zone.label("zone"), func.count().label("number"))
        .select_from(found)
        .join(contact, contact.c.id == found.c.contact_id)
        .outerjoin(institution, institution.c.id == contact.c.institution_id)
        .where(found.c.why.is_(None))
        .group_by(zone)
    )
    together: dict[datetime, list[tuple[str, int]]] = {}
    with reading(ctx.engine) as connection:
        for row in connection.execute(counted):
            home = str(edition.definition["local_time"])
            together.setdefault(due.get(row.zone, launched), []).append((row.zone or home, row.number))
    return [
        Wave(at, sum(number for _, number in zones), tuple(sorted({name for name, _ in zones})))
        for at, zones in sorted(together.items())
    ]


def _wall(edition: EditionRow, home: ZoneInfo, launched: datetime) -> datetime:
    """The local hour that is meant: the planned one in the campaign's zone, or that of the launch."""
    planned = edition.definition["planned"]
    meant = launched if planned == "now" else datetime.fromisoformat(planned)
    return meant.astimezone(home).replace(tzinfo=None)


def _zones(connection: Connection) -> dict[str, ZoneInfo]:
    """Every zone that is named; one that is unknown is passed over, and its contacts get it with the campaign's."""
    names = union(
        select(contact.c.time_zone).where(contact.c.time_zone.is_not(None)),
        select(institution.c.time_zone).where(institution.c.time_zone.is_not(None)),
    )
    found = {}
    for name in connection.execute(names).scalars():
        try:
            found[name] = zone_named(name)
        except NewsletterError:
            continue
    return found
