"""Mail to staff about their work: whom an approval waits for, and what was decided. Outside all sums.

Each is written in the language that the colleague chose, else in English: `said` says a sentence in a language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

from newsletter.i18n import Listed, Tongue, say, say_many
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
from newsletter.workflow.sending.own_mail import OwnMail, post

SaidIn = Callable[[str, str], str]  # a language and a sentence


def as_it_is(language: str, sentence: str) -> str:
    return sentence


def approval_asked(
    ctx: Context, issue: IssueRow, edition: EditionRow, by: Person, recipients: int, *, said: SaidIn = as_it_is
) -> None:
    """To all who may approve it; failures are kept with the message."""
    title = f"{ctx.campaign(issue.campaign).title} {issue.key}"
    text = say_many(
        recipients,
        "%(person)s asks for approval of %(issue)s: version %(version)s, in %(languages)s, for %(num)s contact.",
        "%(person)s asks for approval of %(issue)s: version %(version)s, in %(languages)s, for %(num)s contacts.",
        person=by.name,
        issue=title,
        version=edition.number,
        languages=Listed(map(Tongue, edition.languages)),
    )
    subject = say("To approve: %(issue)s", issue=title)
    with reading(ctx.engine) as connection:
        everybody = [each for each in people.everybody(connection) if each.address and not each.left]
    able = [each for each in everybody if Role.APPROVER in each.roles] or [
        e for e in everybody if Role.ADMIN in e.roles
    ]
    others = [each for each in able if each.id != by.id]
    for person in others:
        _post(ctx, issue, person, "approval-asked", subject, [text], said)


def decided(
    ctx: Context,
    issue: IssueRow,
    edition: EditionRow,
    by: Person,
    *,
    words: str,
    comment: str = "",
    said: SaidIn = as_it_is,
) -> None:
    """To those who asked for it and who changed it last; `words` end the sentence `Luc ...`."""
    title = f"{ctx.campaign(issue.campaign).title} {issue.key}"
    with reading(ctx.engine) as connection:
        ids = {id_ for id_ in (edition.frozen_by, issue.changed_by) if id_ is not None and id_ != by.id}
        authors = [people.by_id(connection, id_) for id_ in sorted(ids)]
    told = say(
        "%(person)s %(words)s: %(issue)s, version %(version)s.",
        person=by.name,
        words=words,
        issue=title,
        version=edition.number,
    )
    subject = say("%(issue)s: %(person)s %(words)s", issue=title, person=by.name, words=words)
    lines = [told, *([comment] if comment else [])]
    for person in authors:
        if person.address and not person.left:
            _post(ctx, issue, person, "approval-decided", subject, lines, said)


def halted(ctx: Context, issue: IssueRow, reason: str, *, said: SaidIn = as_it_is) -> None:
    """To all who may resume or cancel a send that paused by itself; `reason` holds the server's words."""
    title = f"{ctx.campaign(issue.campaign).title} {issue.key}"
    subject = say("%(issue)s: the send has paused by itself", issue=title)
    lines = [reason, say("Nothing more leaves until somebody resumes or cancels it.")]
    with reading(ctx.engine) as connection:
        able = [each for each in people.everybody(connection) if {Role.APPROVER, Role.ADMIN} & set(each.roles)]
    for person in able:
        if person.address and not person.left:
            _post(ctx, issue, person, "send-halted", subject, lines, said, page="progress")


def _post(
    ctx: Context,
    issue: IssueRow,
    person: Person,
    kind: str,
    subject: str,
    lines: Iterable[str],
    said: SaidIn,
    *,
    page: str = "approval",
) -> None:
    language = person.language or "en"
    campaign = ctx.campaign(issue.campaign)
    sender = campaign.sender_for(ctx.settings.default_language)
    envelope = Envelope(
        Mailbox(sender.address, sender.name), language, ctx.settings.host, unsubscribe=False, automatic=True
    )
    link = f"{ctx.settings.studio_url.rstrip('/')}/issues/{issue.name}/{page}"
    template = mime.compile(
        _letter(language, said(language, subject), [said(language, line) for line in lines], link), envelope, ()
    )
    post(ctx, campaign, OwnMail(kind, issue, person, person.address or "", template, name=person.name))


def _letter(language: str, subject: str, lines: list[str], link: str) -> Compiled:
    text = "\n\n".join([*lines, link]) + "\n"
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
    html = (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(subject)}</title></head>'
        f'<body>{paragraphs}<p><a href="{escape(link)}">{escape(link)}</a></p></body></html>'
    )
    return Compiled((subject,), (text,), (html,))
