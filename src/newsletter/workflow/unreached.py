"""Institutions that a statutory notice reached nobody of: whom a later run would write to, and who needs a letter.

A later run is submitted and approved like the first. What its audience rule does (audience/select.py): a contact whose
server refused the notice holds the institution's copy no longer, so the next one by role gets it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, or_, select

from newsletter.audience.select import AudienceRule, not_reached, ranked
from newsletter.model.delivery import DeliveryState
from newsletter.store import editions
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
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
    """By name of institution; empty for what is not statutory, and for what was not sent yet."""
    with reading(ctx.engine) as connection:
        edition = editions.latest(connection, issue.id)
        if edition is None or not edition.definition["statutory"]:
            return []
        found = _nobody(connection, issue.id)
        rule = frozen_rule(ctx, edition)
        nexts = _next(ctx, connection, rule, issue.id, [row.id for row in found])
    return [Unreached(row.code, row.name, row.reason or "", *nexts.get(row.id, (None, None))) for row in found]


def _nobody(connection: Connection, issue_id: int) -> Sequence[Any]:
    """Institutions with deliveries in real runs, of which none has arrived, may have, or still may."""
    ended = or_(delivery.c.state == DeliveryState.SKIPPED.value, not_reached(delivery))
    refused = func.min(case((not_reached(delivery), delivery.c.reason)))
    statement = (
        select(institution.c.id, institution.c.code, institution.c.name)
        .add_columns(func.coalesce(refused, func.min(delivery.c.reason)).label("reason"))
        .join(institution, institution.c.id == delivery.c.institution_id)
        .where(delivery.c.scope_id == issue_id)
        .group_by(institution.c.id, institution.c.code, institution.c.name)
        .having(func.max(case((ended, 0), else_=1)) == 0)
        .order_by(institution.c.name, institution.c.code)
    )
    return connection.execute(statement).all()


def _next(
    ctx: Context, connection: Connection, rule: AudienceRule, issue_id: int, institutions: Sequence[int]
) -> dict[int, tuple[str, str | None]]:
    """Whom a later run would write to, by institution."""
    found = ranked(rule, ctx.fields)
    served = exists().where(
        delivery.c.scope_id == issue_id,
        delivery.c.state != DeliveryState.SKIPPED.value,
        delivery.c.contact_id == found.c.contact_id,
    )
    statement = (
        select(contact.c.id, contact.c.first_name, contact.c.last_name, contact.c.role, found.c.institution_id)
        .join(contact, contact.c.id == found.c.contact_id)
        .where(and_(found.c.why.is_(None), ~served, found.c.institution_id.in_(institutions)))
        .order_by(found.c.rank.desc(), contact.c.id.desc())
    )
    return {row.institution_id: (_name(row), row.role) for row in connection.execute(statement)}


def _name(row: Any) -> str:
    return " ".join(part for part in (row.first_name, row.last_name) if part) or f"contact {row.id}"
