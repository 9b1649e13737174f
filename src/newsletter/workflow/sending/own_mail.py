"""Mail of our own (tests, notices to staff): rows of `service_message`, by the same transports, outside all sums."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, update

from newsletter.dispatch.transports.base import Outgoing
from newsletter.errors import NewsletterError
from newsletter.message import splice
from newsletter.message.mime import Template
from newsletter.model.campaign import Campaign
from newsletter.model.delivery import AttemptState
from newsletter.settings import OutboxSettings
from newsletter.store.engine import writing
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.store.tables import service_message
from newsletter.tokens import INERT_ID
from newsletter.workflow.context import Context
from newsletter.workflow.sending.origin import strange
from newsletter.workflow.sending.send import transport_for


@dataclass(frozen=True, slots=True)
class OwnMail:
    """One message to one address; `person` is whom the record names with it."""

    kind: str
    issue: IssueRow
    person: Person
    address: str
    template: Template
    values: tuple[Any, ...] = ()  # what the template's slots read
    name: str = ""


@dataclass(frozen=True, slots=True)
class Posted:
    state: AttemptState
    reply: str  # the server's words, or why it could not be reached


def post(ctx: Context, campaign: Campaign, mail: OwnMail) -> Posted:
    """Sends it, and keeps what became of it; a transport that fails is an outcome like a refusal."""
    transport = (campaign.transports or ctx.settings.send_with or ["outbox"])[0]
    quiet = isinstance(ctx.settings.transports[transport], OutboxSettings)
    if not quiet and (copied := strange(ctx)) is not None:
        return Posted(AttemptState.REJECTED, str(copied))
    at = ctx.clock.now()
    values = {"kind": mail.kind, "issue_id": mail.issue.id, "person_id": mail.person.id, "address": mail.address}
    values |= {"transport": transport, "state": AttemptState.INTENT.value, "created_at": at}
    with writing(ctx.engine) as connection:
        made = insert(service_message).values(values).returning(service_message.c.id)
        id_ = int(connection.execute(made).scalar_one())
    trace = ctx.secrets.key_ring.digest(mail.kind, id_)
    address = mail.address if quiet else ctx.settings.redirect_all_to or mail.address
    data = ctx.personal.delivery(INERT_ID, address, at, mail.values, name=mail.name, trace=trace)
    # A number of its own below zero: this is no delivery, and its file in the outbox must meet none.
    sender = mail.template.envelope.sender.address
    posted = _sent(ctx, transport, Outgoing(-id_, -id_, 0, address, mail.template, data, splice.message, sender))
    with writing(ctx.engine) as connection:
        done = {"state": posted.state.value, "reply": posted.reply, "finished_at": ctx.clock.now()}
        connection.execute(update(service_message).where(service_message.c.id == id_).values(done))
    return posted


def _sent(ctx: Context, name: str, outgoing: Outgoing) -> Posted:
    async def main() -> Posted:
        channel = await transport_for(ctx, name).open()
        try:
            [outcome] = await channel.send([outgoing])
        finally:
            await channel.close()
        quiet = isinstance(ctx.settings.transports[name], OutboxSettings)
        return Posted(outcome.state, "" if quiet else outcome.reply)

    try:
        return asyncio.run(main())
    except NewsletterError as error:
        return Posted(AttemptState.REJECTED, str(error))
