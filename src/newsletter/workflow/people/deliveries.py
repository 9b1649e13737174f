"""Who got it: deliveries to be read, searched, exported and settled."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import IO, Any

from sqlalchemy import Connection, Select, or_, select

from newsletter.errors import UsageError, nearest
from newsletter.i18n import say
from newsletter.model.contact import full_name
from newsletter.model.delivery import DeliveryState
from newsletter.model.permission import Action, may, require
from newsletter.store import issues, ledger
from newsletter.store.engine import reading, writing
from newsletter.store.people import Person
from newsletter.store.tables import attempt, contact, delivery, institution, issue, run
from newsletter.workflow.context import Context, issue_name
from newsletter.workflow.people.contacts import masked


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One line of the record. `address` is for those who may see addresses."""

    id: int
    issue: str
    run: int
    rehearsal: bool
    contact: str
    role: str | None
    name: str
    institution: str | None
    language: str | None
    state: str
    reason: str | None
    reply: str | None
    attempts: int
    changed_at: datetime
    address: str | None
    contact_id: int = 0


def deliveries(
    ctx: Context,
    name: str | None,
    *,
    state: str | None = None,
    search: str | None = None,
    limit: int | None = None,
    person: Person | None = None,
) -> Sequence[DeliveryRow]:
    """The deliveries of an issue, or of all; `search` finds a name, an institution, a domain or an address.

    Addresses are masked for a person who may not see them.
    """
    sees = person is None or may(person.roles, Action.CONTACTS)
    statement = _statement()
    if name is not None:
        statement = statement.where(issue.c.id == _issue_id(ctx, name))
    if state is not None:
        if state not in {each.value for each in DeliveryState}:
            raise UsageError(
                say(
                    "There is no state %(state)r: %(hint)s",
                    state=state,
                    hint=nearest(state, [s.value for s in DeliveryState]),
                )
            )
        statement = statement.where(delivery.c.state == state)
    if search:
        statement = statement.where(_matches(search))
    statement = statement.order_by(delivery.c.run_id, delivery.c.id).limit(limit)
    with reading(ctx.engine) as connection:
        rows = [_row(row) for row in connection.execute(statement)]
    return rows if sees else [_masked(row) for row in rows]


def listed(
    ctx: Context, where: Sequence[Any], order: Sequence[Any], limit: int, person: Person | None
) -> list[DeliveryRow]:
    """Some of the record, for a page; addresses are masked for a person who may not see them."""
    statement = _statement().where(*where).order_by(*order).limit(limit)
    with reading(ctx.engine) as connection:
        rows = [_row(row) for row in connection.execute(statement)]
    sees = person is None or may(person.roles, Action.CONTACTS)
    return rows if sees else [_masked(row) for row in rows]


def export(rows: Iterable[DeliveryRow], stream: IO[str]) -> None:
    """As CSV; cells that a spreadsheet would run as a formula are quoted with an apostrophe."""
    writer = csv.writer(stream)
    writer.writerow(columns())
    writer.writerows(cells(row) for row in rows)


def columns() -> list[str]:
    return [each.name for each in fields(DeliveryRow) if each.name != "contact_id"]


def cells(row: DeliveryRow) -> list[str]:
    return [_safe(getattr(row, name)) for name in columns()]


def settle(ctx: Context, ids: Sequence[int], decision: str, person: Person) -> list[int]:
    """A named person decides what became of unconfirmed deliveries: accepted, rejected or resend. Says which moved."""
    require(person.name, person.roles, Action.SETTLE)
    if decision not in DECISIONS:
        raise UsageError(
            say("A delivery is settled as accepted, rejected, resend or retry, not %(decision)r.", decision=decision)
        )
    moved: list[int] = []
    for start in range(0, len(ids), BITE):
        with writing(ctx.engine) as connection:
            moved += _settled(connection, ids[start : start + BITE], decision, person.id, ctx.clock.now())
    return moved


DECISIONS = ("accepted", "rejected", "resend", "retry")
BITE = 500  # a commit: a send that goes on waits for no longer


def _settled(connection: Connection, ids: Sequence[int], decision: str, person: int, now: datetime) -> list[int]:
    if decision == "resend":
        return ledger.resend(connection, ids, person=person, now=now)
    if decision == "retry":
        return ledger.retry(connection, ids, person=person, now=now)
    return ledger.decide(connection, ids, DeliveryState(decision), person=person, now=now)


_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")


def _masked(row: DeliveryRow) -> DeliveryRow:
    """For who may not see addresses; servers repeat them in their words."""
    reason, reply = (_ADDRESS.sub("…", text) if text else text for text in (row.reason, row.reply))
    return replace(row, address=masked(row.address), reason=reason, reply=reply)


def _statement() -> Select[Any]:
    last = (
        select(attempt.c.reply)
        .where(attempt.c.delivery_id == delivery.c.id)
        .order_by(attempt.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(
        delivery,
        issue.c.campaign,
        issue.c.key,
        run.c.rehearsal,
        run.c.number.label("run_number"),
        contact.c.code.label("contact_code"),
        contact.c.role,
        contact.c.first_name,
        contact.c.last_name,
        institution.c.name.label("institution_name"),
        last.label("reply"),
    ).select_from(
        delivery.join(run, run.c.id == delivery.c.run_id)
        .join(issue, issue.c.id == delivery.c.issue_id)
        .outerjoin(contact, contact.c.id == delivery.c.contact_id)
        .outerjoin(institution, institution.c.id == delivery.c.institution_id)
    )


def _matches(search: str) -> Any:
    like = f"%{search.strip()}%"
    columns = (
        contact.c.first_name,
        contact.c.last_name,
        contact.c.code,
        institution.c.name,
        institution.c.code,
        delivery.c.address,
        delivery.c.domain,
    )
    return or_(*(column.ilike(like) for column in columns))


def _issue_id(ctx: Context, name: str) -> int:
    campaign, key = issue_name(name)
    with reading(ctx.engine) as connection:
        found = issues.find(connection, campaign, key)
        if found is None:
            known = [each.name for each in issues.all_issues(connection)]
            raise UsageError(say("There is no issue %(name)r: %(hint)s", name=name, hint=nearest(name, known)))
    return found.id


def _row(row: Any) -> DeliveryRow:
    return DeliveryRow(
        id=row.id,
        issue=f"{row.campaign}/{row.key}",
        run=row.run_number,
        rehearsal=bool(row.rehearsal),
        contact=row.contact_code or f"contact {row.contact_id}",
        role=row.role,
        name=full_name(row.first_name, row.last_name),
        institution=row.institution_name,
        language=row.language,
        state=row.state,
        reason=row.reason,
        reply=row.reply,
        attempts=row.attempts,
        changed_at=row.changed_at,
        address=row.address,
        contact_id=row.contact_id,
    )


def _safe(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠") else text
