"""Erasing a contact's data: address and values go, key and state stay, and no import brings the contact back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from newsletter.audience import suppressions
from newsletter.audience.consent import left_all
from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.model.contact import SubscriptionState
from newsletter.model.delivery import DeliveryState
from newsletter.model.suppression import NEWS, Reason, publication_scope
from newsletter.store import audit
from newsletter.store.tables import contact, delivery, subscription


class NoSuchContact(NewsletterError):
    """There is no contact of this id, or it was erased before."""


def erase(connection: Connection, contact_id: int, person_id: int, at: datetime) -> None:
    """Erases one contact.

    Every ended subscription becomes a suppression of its scope; who had left all news is suppressed for all of it.
    Deliveries keep their states for the sums, waiting ones are left out, and one that is being sent at this moment
    keeps its address until its outcome (erase again then). Old values leave the audit log as well.
    """
    row = connection.execute(
        select(contact.c.address_key).where(contact.c.id == contact_id, contact.c.erased_at.is_(None))
    ).one_or_none()
    if row is None:
        raise NoSuchContact(
            say("There is no contact %(contact_id)s whose data could be erased.", contact_id=contact_id)
        )
    if row.address_key:
        _keep_refusals(connection, contact_id, row.address_key, at)
    connection.execute(
        update(subscription)
        .where(subscription.c.contact_id == contact_id, subscription.c.state != SubscriptionState.ENDED)
        .values(state=SubscriptionState.ENDED, ended_at=at)
    )
    connection.execute(update(contact).where(contact.c.id == contact_id).values(_nothing(contact_id, at)))
    _clear_deliveries(connection, contact_id, at)
    audit.empty(connection, f"contact:{contact_id}")
    audit.note(connection, "erase", f"contact:{contact_id}", at=at, person_id=person_id)


def _keep_refusals(connection: Connection, contact_id: int, key: str, at: datetime) -> None:
    ended = connection.scalars(
        select(subscription.c.publication).where(
            subscription.c.contact_id == contact_id, subscription.c.state == SubscriptionState.ENDED
        )
    )
    scopes = [publication_scope(publication) for publication in ended]
    if left_all(connection, contact_id):
        scopes.append(NEWS)
    for scope in scopes:
        suppressions.add(connection, key, scope, Reason.ERASED, at)


def _nothing(contact_id: int, at: datetime) -> dict[str, object]:
    """The row without values. The code of the association's own system stays, so that its imports find the row; one
    that was made from the address is as good as the key and stays too."""
    blank = ("address", "domain", "title", "first_name", "last_name", "folded_name", "role", "language", "time_zone")
    return {
        **dict.fromkeys(blank),
        "fields": {},
        "sources": {},
        "active": False,
        "updated_at": at,
        "erased_at": at,
    }


def _clear_deliveries(connection: Connection, contact_id: int, at: datetime) -> None:
    mine = delivery.c.contact_id == contact_id
    connection.execute(
        update(delivery)
        .where(mine, delivery.c.state == DeliveryState.PENDING)
        .values(
            state=DeliveryState.SKIPPED,
            serves=None,
            reason="data erased",
            claim_id=None,
            claimed_until=None,
            changed_at=at,
        )
    )
    connection.execute(
        update(delivery)
        .where(mine, delivery.c.state != DeliveryState.SENDING)
        .values(address=None, domain=None, field_values=None)
    )
