"""Who is signed in where: sessions, one-time links, failed attempts. Tokens are kept as hashes only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from newsletter.store.tables import session, sign_in_failure, sign_in_link

IDLE = timedelta(days=14)  # a session that nobody used for so long has ended
SEEN_EVERY = timedelta(minutes=5)  # how exactly `seen_at` is kept, so that reading pages writes little


@dataclass(frozen=True, slots=True)
class SessionRow:
    id: int
    person_id: int
    device: str
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class LinkRow:
    id: int
    person_id: int | None


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def start(connection: Connection, token: str, *, person_id: int, device: str, now: datetime) -> None:
    values = {"token_hash": token_hash(token), "person_id": person_id, "device": device}
    connection.execute(insert(session).values(values | {"started_at": now, "seen_at": now}))


def find(connection: Connection, token: str, now: datetime) -> SessionRow | None:
    """The session of a cookie, if it has not ended."""
    row = connection.execute(
        select(session).where(
            session.c.token_hash == token_hash(token), session.c.ended_at.is_(None), session.c.seen_at > now - IDLE
        )
    ).first()
    return None if row is None else _session(row)


def seen(connection: Connection, id_: int, now: datetime) -> None:
    connection.execute(update(session).where(session.c.id == id_).values(seen_at=now))


def of_person(connection: Connection, person_id: int, now: datetime) -> list[SessionRow]:
    """Those that have not ended, latest first."""
    statement = select(session).where(
        session.c.person_id == person_id, session.c.ended_at.is_(None), session.c.seen_at > now - IDLE
    )
    return [_session(row) for row in connection.execute(statement.order_by(session.c.seen_at.desc()))]


def end(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    connection.execute(update(session).where(session.c.id.in_(ids), session.c.ended_at.is_(None)).values(ended_at=now))


def end_all(connection: Connection, person_id: int, now: datetime, *, but: int | None = None) -> None:
    statement = update(session).where(session.c.person_id == person_id, session.c.ended_at.is_(None))
    if but is not None:
        statement = statement.where(session.c.id != but)
    connection.execute(statement.values(ended_at=now))


def make_link(connection: Connection, token: str, *, person_id: int | None, now: datetime, hours: int) -> None:
    """A newer link to the same person ends the older ones."""
    same = sign_in_link.c.person_id.is_(None) if person_id is None else sign_in_link.c.person_id == person_id
    connection.execute(update(sign_in_link).where(same, sign_in_link.c.used_at.is_(None)).values(used_at=now))
    values = {"token_hash": token_hash(token), "person_id": person_id, "made_at": now}
    connection.execute(insert(sign_in_link).values(values | {"expires_at": now + timedelta(hours=hours)}))


def find_link(connection: Connection, token: str, now: datetime) -> LinkRow | None:
    """A link that still works."""
    row = connection.execute(
        select(sign_in_link).where(
            sign_in_link.c.token_hash == token_hash(token),
            sign_in_link.c.used_at.is_(None),
            sign_in_link.c.expires_at > now,
        )
    ).first()
    return None if row is None else LinkRow(row.id, row.person_id)


def use_link(connection: Connection, id_: int, now: datetime) -> bool:
    """Whether it had not been used before; so two who come at once are one."""
    statement = update(sign_in_link).where(sign_in_link.c.id == id_, sign_in_link.c.used_at.is_(None))
    return connection.execute(statement.values(used_at=now)).rowcount == 1


def failed(connection: Connection, keys: Sequence[str], now: datetime) -> None:
    connection.execute(insert(sign_in_failure), [{"key": key, "at": now} for key in keys])


def failures(connection: Connection, key: str, since: datetime) -> int:
    statement = select(func.count()).select_from(sign_in_failure)
    return int(
        connection.execute(statement.where(sign_in_failure.c.key == key, sign_in_failure.c.at > since)).scalar_one()
    )


def forget_failures(connection: Connection, key: str) -> None:
    connection.execute(delete(sign_in_failure).where(sign_in_failure.c.key == key))


def _session(row: Row[Any]) -> SessionRow:
    return SessionRow(row.id, row.person_id, row.device, row.started_at, row.seen_at)
