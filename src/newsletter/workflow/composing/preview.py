"""Any message of a composition or an edition, as any recipient would get it; its personal links are inert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from newsletter.audience import examples
from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import say
from newsletter.message import mime, splice
from newsletter.message.envelope import Envelope
from newsletter.message.parts import CompiledLanguage
from newsletter.message.slots import field_values
from newsletter.message.tree import bind_tree
from newsletter.model.contact import full_name
from newsletter.model.recipient import Recipient
from newsletter.rendering import proof
from newsletter.store.engine import reading
from newsletter.tokens import INERT_ID
from newsletter.workflow.context import Context


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a reader sees it, and as it goes on the wire."""

    subject: str
    html: str
    text: str
    recipient: Recipient
    _bytes: bytes

    def as_bytes(self) -> bytes:
        return self._bytes


def message(
    ctx: Context, compiled: CompiledLanguage, envelope: Envelope, recipient: Recipient, due_at: datetime
) -> Message:
    links = ctx.personal.links(INERT_ID)
    rendered = proof.splice(compiled, recipient, links)
    values = field_values(recipient, compiled.fields)
    number = bind_tree(compiled.tree, compiled.fields, compiled.language)(values)
    if rendered is None or number is None:
        raise NewsletterError(
            say("The answers of %(label)s to the template's conditions have no variant.", label=recipient.label)
        )
    template = mime.compile(compiled.variants[number], envelope, compiled.fields)
    name = full_name(recipient.contact["first_name"], recipient.contact["last_name"])
    data = ctx.personal.delivery(
        INERT_ID,
        recipient.address or "nobody@example.org",
        due_at,
        tuple(values),
        name=name,
        trace=ctx.secrets.key_ring.digest("preview", recipient.contact_id),
    )
    return Message(rendered.subject, rendered.html, rendered.text, recipient, splice.message(template, data))


def recipient_for(
    ctx: Context, language: str, address: str | None, public: Mapping[str, Mapping[str, object]]
) -> Recipient:
    """The contact of an address; `worst` the worst case; none: the public profile."""
    with reading(ctx.engine) as connection:
        if address is None:
            return examples.public(public, ctx.fields, language)
        if address == "worst":
            return examples.worst_case(connection, ctx.fields, language)
        found = examples.by_address(connection, address, ctx.secrets.address_keys, ctx.fields, language)
    if not found:
        raise UsageError(
            say("No contact has this address. `worst` stands for the worst case; leave it out for an example.")
        )
    return found[0]
