"""Person rows: everybody who may act by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from newsletter.store.tables import person


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    slug: str
    name: str
    address: str | None
    roles: tuple[str, ...]


def find(connection: Connection, slug: str) -> Person | None:
    row = connection.execute(select(person).where(person.c.slug == slug)).first()
    return None if row is None else Person(row.id, row.slug, row.name, row.address, tuple(row.roles))


def by_id(connection: Connection, id_: int) -> Person:
    row = connection.execute(select(person).where(person.c.id == id_)).one()
    return Person(row.id, row.slug, row.name, row.address, tuple(row.roles))


def slugs(connection: Connection) -> list[str]:
    return list(connection.execute(select(person.c.slug).order_by(person.c.slug)).scalars())


def add(
    connection: Connection, slug: str, *, name: str, address: str | None, roles: Sequence[str], now: datetime
) -> None:
    """Adds a person; one who is known stays as they are."""
    if find(connection, slug) is None:
        values = {"slug": slug, "name": name, "address": address, "roles": list(roles), "created_at": now}
        connection.execute(insert(person).values(values))
