"""Mail to staff about their work: whom an approval waits for, and what was decided. Outside all sums."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from html import escape

from sqlalchemy import insert, update

from newsletter.dispatch.transports.base import Outgoing
from newsletter.errors import NewsletterError
from newsletter.message import mime, splice
from newsletter.message.envelope import Envelope, Mailbox
from newsletter.message.parts import Compiled
from newsletter.model.delivery import AttemptState
from newsletter.model.permission import Role
from newsletter.settings import OutboxSettings
from newsletter.store import people
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.store.tables import service_message
from newsletter.tokens import INERT_ID
from newsletter.workflow.context import Context
from newsletter.workflow.send import transport_for


def approval_asked(ctx: Context, issue: IssueRow, edition: EditionRow, by: Person, recipients: int) -> None:
    """To all who may approve it; failures are kept with the message."""
    title = f"{ctx.campaign(issue.campaign).title} {issue.key}"
    text = (
        f"{by.name} asks for approval of {title}: version {edition.number}, "
        f"in {', '.join(edition.languages)}, for {recipients:,} contacts."
    )
    with reading(ctx.engine) as connection:
        everybody = [each for each in people.everybody(connection) if each.address and not each.left]
    able = [each for each in everybody if Role.APPROVER in each.roles] or [
        e for e in everybody if Role.ADMIN in e.roles
    ]
    others = [each for each in able if each.id != by.id]
    for person in others:
        _post(ctx, issue, person, "approval-asked", f"To approve: {title}", [text])


def decided(ctx: Context, issue: IssueRow, edition: EditionRow, by: Person, *, words: str, comment: str = "") -> None:
    """To those who asked for it and who changed it last; `words` end the sentence `Luc ...`."""
    title = f"{ctx.campaign(issue.campaign).title} {issue.key}"
    with reading(ctx.engine) as connection:
        ids = {id_ for id_ in (edition.frozen_by, issue.changed_by) if id_ is not None and id_ != by.id}
        authors = [people.by_id(connection, id_) for id_ in sorted(ids)]
    lines = [f"{by.name} {words}: {title}, version {edition.number}.", *([comment] if comment else [])]
    for person in authors:
        if person.address and not person.left:
            _post(ctx, issue, person, "approval-decided", f"{title}: {by.name} {words}", lines)


def _post(ctx: Context, issue: IssueRow, person: Person, kind: str, subject: str, lines: Iterable[str]) -> None:
    campaign = ctx.campaign(issue.campaign)
    address = person.address or ""
    name = (campaign.transports or ctx.settings.send_with or ["outbox"])[0]
    language = ctx.settings.default_language
    sender = campaign.sender_for(language)
    envelope = Envelope(
        Mailbox(sender.address, sender.name), "en", ctx.settings.host, unsubscribe=False, automatic=True
    )
    link = f"{ctx.settings.studio_url.rstrip('/')}/issues/{issue.name}/approval"
    template = mime.compile(_letter(subject, list(lines), link), envelope, ())
    at = ctx.clock.now()
    with writing(ctx.engine) as connection:
        values = {"kind": kind, "issue_id": issue.id, "person_id": person.id, "address": address, "transport": name}
        values |= {"state": AttemptState.INTENT.value, "created_at": at}
        made = insert(service_message).values(values).returning(service_message.c.id)
        id_ = int(connection.execute(made).scalar_one())
    trace = ctx.secrets.key_ring.digest("notice", id_)
    data = ctx.personal.delivery(INERT_ID, address, at, (), name=person.name, trace=trace)
    outgoing = Outgoing(-id_, -id_, 0, address, template, data, splice.message, sender.address)
    state, reply = _sent(ctx, name, outgoing)
    with writing(ctx.engine) as connection:
        done = {"state": state.value, "reply": reply, "finished_at": ctx.clock.now()}
        connection.execute(update(service_message).where(service_message.c.id == id_).values(done))


def _sent(ctx: Context, name: str, outgoing: Outgoing) -> tuple[AttemptState, str]:
    async def main() -> tuple[AttemptState, str]:
        channel = await transport_for(ctx, name).open()
        try:
            [outcome] = await channel.send([outgoing])
        finally:
            await channel.close()
        return outcome.state, "" if isinstance(ctx.settings.transports[name], OutboxSettings) else outcome.reply

    try:
        return asyncio.run(main())
    except NewsletterError as error:
        return AttemptState.REJECTED, str(error)


def _letter(subject: str, lines: list[str], link: str) -> Compiled:
    text = "\n\n".join([*lines, link]) + "\n"
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
    html = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(subject)}</title></head><body>'
        f'{paragraphs}<p><a href="{escape(link)}">{escape(link)}</a></p></body></html>'
    )
    return Compiled((subject,), (text,), (html,))
