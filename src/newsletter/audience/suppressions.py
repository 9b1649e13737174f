"""The do-not-mail list: adding to it, lifting from it by a named person, and what stands there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.model.address import normalise_address
from newsletter.model.suppression import Reason
from newsletter.store import audit
from newsletter.store.tables import suppression
from newsletter.tokens import AddressKeys


class NotSuppressed(NewsletterError):
    """There is nothing to lift."""


@dataclass(frozen=True, slots=True)
class Suppression:
    scope: str
    reason: str
    at: datetime


def key_of(address: str, keys: AddressKeys) -> str:
    return keys.key(normalise_address(address))


def add(
    connection: Connection, key: str, scope: str, reason: Reason, at: datetime, source_id: int | None = None
) -> bool:
    """Suppresses an address in a scope; False where it was already, and then its first reason stays."""
    there = select(suppression.c.id).where(suppression.c.address_key == key, suppression.c.scope == scope)
    if connection.scalar(there) is not None:
        return False
    connection.execute(
        insert(suppression).values(address_key=key, scope=scope, reason=reason, source_id=source_id, at=at)
    )
    return True


def of(connection: Connection, key: str) -> list[Suppression]:
    """Everything that stands against an address, oldest first."""
    rows = connection.execute(
        select(suppression.c.scope, suppression.c.reason, suppression.c.at)
        .where(suppression.c.address_key == key)
        .order_by(suppression.c.at, suppression.c.id)
    )
    return [Suppression(scope, reason, at) for scope, reason, at in rows]


def lift(connection: Connection, key: str, scope: str, person_id: int, why: str, at: datetime) -> None:
    """Takes a suppression away. A named person does it and says why; both go into the audit log, the address does not.

    NotSuppressed where there is none in this scope, ValueError without a reason.
    """
    if not why.strip():
        raise ValueError("lifting a suppression needs a reason")
    gone = connection.execute(
        delete(suppression)
        .where(suppression.c.address_key == key, suppression.c.scope == scope)
        .returning(suppression.c.reason)
    ).all()
    if not gone:
        raise NotSuppressed(
            say(
                "This address is not suppressed in the scope %(scope)r; %(others)s.",
                scope=scope,
                others=_others(of(connection, key)),
            )
        )
    data = {"scope": scope, "reason": gone[0].reason, "why": why}
    audit.note(connection, "lift suppression", f"address:{key}", at=at, person_id=person_id, data=data)


def _others(standing: Sequence[Suppression]) -> str:
    return f"it is in {', '.join(each.scope for each in standing)}" if standing else "nor in any other"
