"""A message as it was sent: spliced again from its edition, so that nothing need be kept of each.

For the screen its personal links are inert, and its address is masked for who may not see it; the exact bytes are for
those who may.
"""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from sqlalchemy import select

from newsletter.dispatch.post import Letter
from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.message import splice
from newsletter.message.envelope import DeliveryData
from newsletter.model.permission import Action, may, require
from newsletter.store import editions, runs
from newsletter.store.engine import reading
from newsletter.store.ledger import Claimed
from newsletter.store.people import Person
from newsletter.store.tables import delivery
from newsletter.tokens import INERT_ID
from newsletter.workflow.context import Context
from newsletter.workflow.people.contacts import masked
from newsletter.workflow.people.deliveries import DeliveryRow, listed
from newsletter.workflow.sending.send import composer

ADDRESS = "contact.address"


@dataclass(frozen=True, slots=True)
class Sent:
    row: DeliveryRow
    edition: int
    subject: str
    html: str
    text: str


class NoMessage(UsageError):
    """The delivery has no message: it was left out, or its values have been erased."""


def row_of(ctx: Context, delivery_id: int, person: Person) -> DeliveryRow | None:
    return next(iter(listed(ctx, [delivery.c.id == delivery_id], [delivery.c.id], 1, person)), None)


def sent(ctx: Context, row: DeliveryRow, person: Person) -> Sent:
    """For the screen."""
    letter, edition = _letter(ctx, row.id)
    sees = may(person.roles, Action.CONTACTS)
    shown: DeliveryData = letter.data._replace(links=ctx.personal.links(INERT_ID))
    if not sees:
        values = tuple(
            masked(value) if path == ADDRESS and isinstance(value, str) else value
            for path, value in zip(letter.template.fields, shown.values, strict=True)
        )
        shown = shown._replace(values=values)
    message = message_from_bytes(splice.message(letter.template, shown), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return Sent(row, edition, str(message["subject"]), _part(message, "html"), _part(message, "plain"))


def exact(ctx: Context, delivery_id: int, person: Person) -> bytes:
    """The very bytes, with the links that act for their recipient: for who may see addresses."""
    require(person.name, person.roles, Action.CONTACTS)
    letter, _ = _letter(ctx, delivery_id)
    return letter.splice(letter.template, letter.data)


def _letter(ctx: Context, delivery_id: int) -> tuple[Letter, int]:
    with reading(ctx.engine) as connection:
        row = connection.execute(select(delivery).where(delivery.c.id == delivery_id)).one()
        run = runs.get(connection, row.run_id)
        edition = editions.get(connection, run.edition_id)
    if row.state == "skipped" or row.address is None or row.field_values is None or row.variant is None:
        raise NoMessage(say("No message was made: the contact was left out, or has been erased since."))
    names = Claimed.__dataclass_fields__
    return composer(ctx, run, edition)(Claimed(**{name: getattr(row, name) for name in names})), edition.number


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return "" if part is None else str(part.get_content())
