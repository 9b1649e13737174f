"""Person rows: everybody who may act by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.store.tables import person


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    slug: str
    name: str
    address: str | None
    roles: tuple[str, ...]
    language: str | None = None  # of the studio
    left: bool = False  # keeps their name in the record, may do nothing


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a person signs in with."""

    password: str | None  # argon2 hash
    totp_secret: str | None


def find(connection: Connection, slug: str) -> Person | None:
    row = connection.execute(select(person).where(person.c.slug == slug)).first()
    return None if row is None else _person(row)


def by_id(connection: Connection, id_: int) -> Person:
    """UsageError where there is nobody of this number."""
    row = connection.execute(select(person).where(person.c.id == id_)).one_or_none()
    if row is None:
        raise UsageError(say("There is no such person: see the list of staff."))
    return _person(row)


def by_name_typed(connection: Connection, typed: str) -> Person | None:
    """Whom somebody means who types an address or a short name at the sign-in."""
    wanted = typed.strip().lower()
    found = person.c.ended_at.is_(None) & ((func.lower(person.c.address) == wanted) | (person.c.slug == wanted))
    rows = connection.execute(select(person).where(found).limit(2)).all()
    return _person(rows[0]) if len(rows) == 1 else None


def everybody(connection: Connection) -> list[Person]:
    return [_person(row) for row in connection.execute(select(person).order_by(person.c.name, person.c.id))]


def slugs(connection: Connection) -> list[str]:
    return list(connection.execute(select(person.c.slug).order_by(person.c.slug)).scalars())


def credentials(connection: Connection, id_: int) -> Credentials:
    row = connection.execute(select(person.c.password, person.c.totp_secret).where(person.c.id == id_)).one()
    return Credentials(row.password, row.totp_secret)


def anybody_signs_in(connection: Connection) -> bool:
    """Whether somebody has a password already."""
    return connection.execute(select(person.c.id).where(person.c.password.is_not(None)).limit(1)).first() is not None


def add(
    connection: Connection, slug: str, *, name: str, address: str | None, roles: Sequence[str], now: datetime
) -> None:
    """Adds a person; one who is known stays as they are."""
    if find(connection, slug) is None:
        values = {"slug": slug, "name": name, "address": address, "roles": list(roles), "created_at": now}
        connection.execute(insert(person).values(values))


def change(connection: Connection, id_: int, **values: Any) -> None:
    connection.execute(update(person).where(person.c.id == id_).values(**values))


def _person(row: Row[Any]) -> Person:
    left = row.ended_at is not None
    return Person(row.id, row.slug, row.name, row.address, () if left else tuple(row.roles), row.language, left)
