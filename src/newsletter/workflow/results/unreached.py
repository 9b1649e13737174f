"""Institutions that an issue reached nobody of: whom a later run would write to, and who needs a letter.

A later run is submitted and approved like the first. Of a statutory notice it goes to the institution's next contact
by role, because one whose server refused holds the copy no longer (audience/select.py); news is not passed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, or_, select

from newsletter.audience.select import AudienceRule, not_reached, ranked
from newsletter.model.contact import full_name
from newsletter.model.delivery import DeliveryState
from newsletter.store import editions, runs
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.store.runs import RunRow
from newsletter.store.tables import contact, delivery, institution
from newsletter.workflow.audience import frozen_rule
from newsletter.workflow.context import Context


@dataclass(frozen=True, slots=True)
class Unreached:
    """`reason`: what became of the first who was tried. `next_contact` (with `next_role`) would get a later run; where
    there is none, only a letter is left."""

    institution: str
    name: str
    reason: str
    next_contact: str | None = None
    next_role: str | None = None


def unreached(ctx: Context, issue: IssueRow) -> list[Unreached]:
    """Of a statutory notice, over all its runs; empty for news, and for what was not sent yet."""
    with reading(ctx.engine) as connection:
        edition = editions.latest(connection, issue.id)
        real = [run for run in runs.of_issue(connection, issue.id) if not run.rehearsal]
    return nobody_reached(ctx, edition, real) if edition is not None and edition.definition["statutory"] else []


def nobody_reached(ctx: Context, edition: EditionRow, of: Sequence[RunRow]) -> list[Unreached]:
    """By name of institution. Reads every row of these runs."""
    ids, rule = [run.id for run in of], frozen_rule(ctx, edition)
    with reading(ctx.engine) as connection:
        found = _nobody(connection, ids)
        nexts = _next(ctx, connection, rule, ids, [row.id for row in found])
    return [Unreached(row.code, row.name, row.reason or "", *nexts.get(row.id, (None, None))) for row in found]


def _nobody(connection: Connection, run_ids: Sequence[int]) -> Sequence[Any]:
    """Institutions with deliveries in these runs, of which none has arrived, may have, or still may."""
    ended = or_(delivery.c.state == DeliveryState.SKIPPED.value, not_reached(delivery))
    refused = func.min(case((not_reached(delivery), delivery.c.reason)))
    looked = (
        select(delivery.c.institution_id, func.coalesce(refused, func.min(delivery.c.reason)).label("reason"))
        .where(delivery.c.run_id.in_(run_ids), delivery.c.institution_id.is_not(None))
        .group_by(delivery.c.institution_id)
        .having(func.max(case((ended, 0), else_=1)) == 0)
        .subquery()
    )
    statement = (
        select(institution.c.id, institution.c.code, institution.c.name, looked.c.reason)
        .join(looked, looked.c.institution_id == institution.c.id)
        .order_by(institution.c.name, institution.c.code)
    )
    return connection.execute(statement).all()


def _next(
    ctx: Context, connection: Connection, rule: AudienceRule, run_ids: Sequence[int], institutions: Sequence[int]
) -> dict[int, tuple[str, str | None]]:
    """Whom a later run would write to, by institution."""
    if not institutions:
        return {}
    found = ranked(rule, ctx.fields)
    served = exists().where(
        delivery.c.contact_id == found.c.contact_id,
        delivery.c.run_id.in_(run_ids),
        delivery.c.state != DeliveryState.SKIPPED.value,
    )
    statement = (
        select(contact.c.id, contact.c.first_name, contact.c.last_name, contact.c.role, found.c.institution_id)
        .join(contact, contact.c.id == found.c.contact_id)
        .where(and_(found.c.why.is_(None), ~served, found.c.institution_id.in_(institutions)))
        .order_by(found.c.rank.desc(), contact.c.id.desc())
    )
    return {
        row.institution_id: (full_name(row.first_name, row.last_name) or f"contact {row.id}", row.role)
        for row in connection.execute(statement)
    }
