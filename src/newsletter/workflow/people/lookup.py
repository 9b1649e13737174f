"""Did we send it to X? An address, a domain, a name or an institution, answered from contacts to their deliveries.

Only contacts and institutions are searched, which are few; deliveries are reached by contact, through their index.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from newsletter.model.address import AddressError, normalise_address
from newsletter.model.contact import full_name
from newsletter.model.permission import Action, may
from newsletter.store.engine import reading
from newsletter.store.folding import fold, folded
from newsletter.store.people import Person
from newsletter.store.tables import contact, delivery, institution, run, subscription, suppression
from newsletter.workflow.context import Context
from newsletter.workflow.people.contacts import masked
from newsletter.workflow.people.deliveries import DeliveryRow, listed

FOUND = 50  # contacts that an answer looks at
SHOWN = 20
HISTORY = 100


@dataclass(frozen=True, slots=True)
class Match:
    """A contact that fits, and the last that was sent to them, if anything was."""

    id: int
    name: str
    role: str | None
    institution: str | None
    address: str | None  # masked for who may not see addresses
    last: DeliveryRow | None


@dataclass(frozen=True, slots=True)
class Answer:
    asked: str
    matches: list[Match]
    last: DeliveryRow | None  # the newest of all that really was sent or tried
    more: bool  # more contacts fit than were looked at


@dataclass(frozen=True, slots=True)
class History:
    id: int
    name: str
    role: str | None
    institution: str | None
    address: str | None
    language: str | None
    active: bool
    erased_at: datetime | None
    deliveries: list[DeliveryRow]  # newest first
    subscriptions: list[tuple[str, str, datetime]]  # publication, state, since
    suppressions: list[tuple[str, str, datetime]]  # scope, reason, since


def ask(ctx: Context, asked: str, person: Person) -> Answer:
    """Contacts that fit, those first to whom something was sent last."""
    ids = contacts(ctx, asked, FOUND + 1)
    sees, looked = may(person.roles, Action.CONTACTS), ids[:FOUND]
    last = _last_of(ctx, looked, person)
    with reading(ctx.engine) as connection:
        rows = connection.execute(_people().where(contact.c.id.in_(looked))).all()
    found = [
        Match(
            row.id,
            full_name(row.first_name, row.last_name),
            row.role,
            row.institution_name,
            row.address if sees else masked(row.address),
            last.get(row.id),
        )
        for row in rows
    ]
    found.sort(key=lambda each: (each.last is None, -(each.last.id if each.last else 0), each.id))
    newest = next((each.last for each in found if each.last is not None and not each.last.rehearsal), None)
    return Answer(asked, found[:SHOWN], newest or (found[0].last if found else None), len(ids) > SHOWN)


def contacts(ctx: Context, asked: str, limit: int = 200) -> list[int]:
    """Contacts of an address, of a domain, by name, or at an institution: the first of these that any fit."""
    text = " ".join(asked.split())[:200]
    if not text:
        return []
    with reading(ctx.engine) as connection:
        for condition in _conditions(ctx, text):
            statement = select(contact.c.id).where(condition).order_by(contact.c.id).limit(limit)
            if ids := list(connection.scalars(statement)):
                return ids
    return []


def _conditions(ctx: Context, text: str) -> list[ColumnElement[bool]]:
    """From the most exact; the first under which anybody is found decides."""
    if "@" in text.strip("@"):
        try:
            return [contact.c.address_key == ctx.secrets.address_keys.key(normalise_address(text))]
        except AddressError:
            return []
    found: list[ColumnElement[bool]] = []
    if "." in text or text.startswith("@"):
        found.append(contact.c.domain == text.lstrip("@").lower())
    words = re.sub(r"([\\%_])", r"\\\1", fold(text) or "").split()[:6]
    return [*found, _named(words), _at_institution(words)] if words else found


def _named(words: Sequence[str]) -> ColumnElement[bool]:
    """Each word begins a word of the name, whatever its accents."""
    return and_(*(contact.c.folded_name.like(f"% {word}%", escape="\\") for word in words))


def _at_institution(words: Sequence[str]) -> ColumnElement[bool]:
    """Each word stands in the institution's name; or they are its code."""
    name, code = folded(institution.c.name), folded(institution.c.code)
    fits = and_(*(name.like(f"%{word}%", escape="\\") for word in words)) | (code == " ".join(words))
    return contact.c.institution_id.in_(select(institution.c.id).where(fits).limit(FOUND))


def _last_of(ctx: Context, ids: Sequence[int], person: Person) -> dict[int, DeliveryRow]:
    """The newest delivery of each contact; one of a real send before a rehearsal's."""
    newest = (
        select(func.max(delivery.c.id))
        .join(run, run.c.id == delivery.c.run_id)
        .where(delivery.c.contact_id.in_(ids))
        .group_by(delivery.c.contact_id, run.c.rehearsal)
    )
    rows = listed(ctx, [delivery.c.id.in_(newest)], [delivery.c.id], 2 * len(ids) + 1, person)
    rows.sort(key=lambda row: (not row.rehearsal, row.id))
    return {row.contact_id: row for row in rows}


def history(ctx: Context, contact_id: int, person: Person) -> History | None:
    """What a contact was sent, what they are subscribed to, and what keeps us from writing."""
    with reading(ctx.engine) as connection:
        row = connection.execute(_people().where(contact.c.id == contact_id)).first()
        if row is None:
            return None
        mine = select(subscription).where(subscription.c.contact_id == contact_id).order_by(subscription.c.publication)
        subscriptions = [(each.publication, each.state, _since(each)) for each in connection.execute(mine)]
        key = row.address_key or ""
        barred = select(suppression).where(suppression.c.address_key == key).order_by(suppression.c.at.desc())
        suppressions = [(each.scope, each.reason, each.at) for each in connection.execute(barred)]
    sees = may(person.roles, Action.CONTACTS)
    return History(
        id=row.id,
        name=full_name(row.first_name, row.last_name),
        role=row.role,
        institution=row.institution_name,
        address=row.address if sees else masked(row.address),
        language=row.language,
        active=bool(row.active),
        erased_at=row.erased_at,
        deliveries=listed(ctx, [delivery.c.contact_id == contact_id], [delivery.c.id.desc()], HISTORY, person),
        subscriptions=subscriptions,
        suppressions=suppressions,
    )


def _since(row: Any) -> datetime:
    found: datetime = row.ended_at or row.started_at
    return found


def _people() -> Select[Any]:
    return select(contact, institution.c.name.label("institution_name")).select_from(
        contact.outerjoin(institution, institution.c.id == contact.c.institution_id)
    )
