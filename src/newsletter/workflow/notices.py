"""Mail to staff about their work: whom an approval waits for, and what was decided. Outside all sums."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from newsletter.message import mime
from newsletter.message.envelope import Envelope, Mailbox
from newsletter.message.parts import Compiled
from newsletter.model.permission import Role
from newsletter.store import people
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.workflow.context import Context
from newsletter.workflow.own_mail import OwnMail, post


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
    sender = campaign.sender_for(ctx.settings.default_language)
    envelope = Envelope(
        Mailbox(sender.address, sender.name), "en", ctx.settings.host, unsubscribe=False, automatic=True
    )
    link = f"{ctx.settings.studio_url.rstrip('/')}/issues/{issue.name}/approval"
    template = mime.compile(_letter(subject, list(lines), link), envelope, ())
    post(ctx, campaign, OwnMail(kind, issue, person, person.address or "", template, name=person.name))


def _letter(subject: str, lines: list[str], link: str) -> Compiled:
    text = "\n\n".join([*lines, link]) + "\n"
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
    html = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(subject)}</title></head><body>'
        f'{paragraphs}<p><a href="{escape(link)}">{escape(link)}</a></p></body></html>'
    )
    return Compiled((subject,), (text,), (html,))
