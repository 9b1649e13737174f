"""Beginning and ending subscriptions, with the proof of each: consent records are only ever added.

Ending one never touches statutory notices, which need no subscription.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from newsletter.model.contact import ALL_NEWS, Basis, ConsentAction, SourceKind, SubscriptionState
from newsletter.store.tables import consent, source, subscription


@dataclass(frozen=True, slots=True)
class Act:
    """Who did it, where and when: `source_id` names the page, the person or the file."""

    source_id: int
    at: datetime
    basis: Basis = Basis.CONSENT
    wording: str | None = None
    language: str | None = None


def new_source(connection: Connection, kind: SourceKind, name: str, at: datetime, person_id: int | None = None) -> int:
    """Records where values or consents come from, for example a recipient's preferences page."""
    made = insert(source).values(kind=kind, person_id=person_id, name=name, at=at).returning(source.c.id)
    return int(connection.execute(made).scalar_one())


def subscribe(connection: Connection, contact_id: int, publication: str, act: Act) -> bool:
    """Begins a subscription, or begins it again: for the recipient and for staff, never for an import.

    False where it is active already.
    """
    state = _state(connection, contact_id, publication)
    if state == SubscriptionState.ACTIVE:
        return False
    values = {"state": SubscriptionState.ACTIVE, "started_at": act.at, "ended_at": None, "source_id": act.source_id}
    if state is None:
        connection.execute(insert(subscription).values(contact_id=contact_id, publication=publication, **values))
    else:
        connection.execute(update(subscription).where(_of(contact_id, publication)).values(**values))
    _record(connection, contact_id, publication, ConsentAction.GIVEN, act)
    return True


def unsubscribe(connection: Connection, contact_id: int, publication: str, act: Act) -> bool:
    """Ends one subscription; harmless to repeat. Without a subscription the refusal is kept all the same, so that no
    import begins one. False where nothing changed."""
    state = _state(connection, contact_id, publication)
    if state == SubscriptionState.ENDED:
        return False
    ended = {"state": SubscriptionState.ENDED, "ended_at": act.at}
    if state is None:
        connection.execute(
            insert(subscription).values(
                contact_id=contact_id, publication=publication, started_at=act.at, source_id=act.source_id, **ended
            )
        )
    else:
        connection.execute(update(subscription).where(_of(contact_id, publication)).values(**ended))
    _record(connection, contact_id, publication, ConsentAction.WITHDRAWN, act)
    return True


def unsubscribe_all(connection: Connection, contact_id: int, act: Act) -> list[str]:
    """Ends every subscription; returns those that were active. It is no suppression, so statutory notices still come;
    the record for all news keeps imports from beginning others."""
    active = select(subscription.c.publication).where(
        subscription.c.contact_id == contact_id, subscription.c.state != SubscriptionState.ENDED
    )
    ended = sorted(connection.scalars(active))
    for publication in ended:
        unsubscribe(connection, contact_id, publication, act)
    if not left_all(connection, contact_id):
        _record(connection, contact_id, ALL_NEWS, ConsentAction.WITHDRAWN, act)
    return ended


def left_all(connection: Connection, contact_id: int) -> bool:
    """Whether the contact once unsubscribed from everything."""
    found = select(consent.c.id).where(
        consent.c.contact_id == contact_id,
        consent.c.publication == ALL_NEWS,
        consent.c.action == ConsentAction.WITHDRAWN,
    )
    return connection.scalar(found.limit(1)) is not None


def states(connection: Connection, contact_id: int) -> dict[str, SubscriptionState]:
    """A contact's subscriptions by publication."""
    rows = connection.execute(
        select(subscription.c.publication, subscription.c.state).where(subscription.c.contact_id == contact_id)
    )
    return {publication: SubscriptionState(state) for publication, state in rows}


def _of(contact_id: int, publication: str) -> ColumnElement[bool]:
    return and_(subscription.c.contact_id == contact_id, subscription.c.publication == publication)


def _state(connection: Connection, contact_id: int, publication: str) -> str | None:
    return states(connection, contact_id).get(publication)


def _record(connection: Connection, contact_id: int, publication: str, action: ConsentAction, act: Act) -> None:
    connection.execute(
        insert(consent).values(
            contact_id=contact_id,
            publication=publication,
            action=action,
            basis=act.basis,
            wording=act.wording,
            language=act.language,
            source_id=act.source_id,
            at=act.at,
        )
    )
