"""Approval: asking for it, and deciding on exactly what will go out."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Form
from fastapi.responses import HTMLResponse, Response

from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import Listed, Tongue, say, say_many
from newsletter.message.parts import CompiledLanguage
from newsletter.model.permission import Action
from newsletter.model.recipient import Recipient
from newsletter.store import people
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.web import views
from newsletter.web.studio.desk import At, Desk, allowed, plain
from newsletter.web.studio.issues import ThisIssue
from newsletter.web.studio.preview import Asked, View, framed
from newsletter.web.studio.trying import trial_of
from newsletter.workflow.approving import reviews
from newsletter.workflow.approving.approve import latest_edition
from newsletter.workflow.approving.freeze import count_for, submit, to_serve
from newsletter.workflow.checking.acceptance import accepted, key_of
from newsletter.workflow.composing import preview
from newsletter.workflow.people import specimens
from newsletter.workflow.results.overview import overview
from newsletter.workflow.sending import notices

router = APIRouter()
PLACE = "/issues/{campaign}/{key}/approval"
Text = Annotated[str, Form()]


@router.get(PLACE)
def page(at: At, issue: ThisIssue, view: Asked) -> Response:
    return _page(at, issue, view=view)


@router.get(PLACE + "/frame")
def frame(at: At, issue: ThisIssue, view: Asked) -> Response:
    """A language of the version that waits for approval, as it was frozen."""
    try:
        return framed(at, _frozen(at, issue, latest_edition(at.ctx, issue), view).html)
    except NewsletterError as error:
        return plain(at.say(error), 422)


@router.post(PLACE + "/find")
def find(at: At, issue: ThisIssue, view: Asked, who: Text) -> Response:
    """Contacts to look through the eyes of; what is typed stands in no address."""
    return _page(at, issue, view=view, asked=who, found=specimens.search(at.ctx, who, at.person))


@router.get(PLACE + "/who")
def who(at: At, issue: ThisIssue) -> Response:
    """The number of recipients and who is left out; counting may take a moment."""
    edition = latest_edition(at.ctx, issue)
    count, recipients = count_for(at.ctx, issue, edition), to_serve(at.ctx, issue, edition)
    return at.page("approval_who.html", issue=issue, count=count, recipients=recipients)


@router.post(PLACE + "/request", dependencies=[allowed(Action.EDIT)])
def request(at: At, issue: ThisIssue, tasks: BackgroundTasks) -> Response:
    """Freezes the issue as it stands; those who may approve are told."""
    try:
        done = submit(at.ctx, issue, at.person)
    except NewsletterError as error:
        return _page(at, issue, 422, error=at.say(error))
    tasks.add_task(notices.approval_asked, at.ctx, issue, done.edition, at.person, done.recipients, said=views.said)
    said = say_many(
        done.recipients,
        "Version %(version)s waits for approval, for %(num)s contact.",
        "Version %(version)s waits for approval, for %(num)s contacts.",
        version=done.edition.number,
    )
    return _go(at, issue, said, tasks)


@router.post(PLACE + "/approve", dependencies=[allowed(Action.APPROVE)])
def approve(at: At, issue: ThisIssue, tasks: BackgroundTasks, version: Text, language: Text = "") -> Response:
    try:
        standing = reviews.approve_seen(at.ctx, issue, at.person, version, language=language or None)
    except NewsletterError as error:
        return _page(at, issue, 422, error=at.say(error))
    words = say("approved %(language)s", language=Tongue(language)) if language else say("approved it")
    tasks.add_task(notices.decided, at.ctx, issue, standing.edition, at.person, words=words, said=views.said)
    if standing.missing:
        return _go(at, issue, say("Noted. It still lacks %(missing)s.", missing=Listed(standing.missing, "and")), tasks)
    at.studio.wake()
    return _go(at, issue, say("Version %(version)s is approved.", version=standing.edition.number), tasks)


@router.post(PLACE + "/changes", dependencies=[allowed(Action.APPROVE)])
def changes(at: At, issue: ThisIssue, tasks: BackgroundTasks, version: Text, text: Text = "") -> Response:
    try:
        edition = latest_edition(at.ctx, issue)
        reviews.changes_asked(at.ctx, issue, at.person, version, text)
    except NewsletterError as error:
        return _page(at, issue, 422, error=at.say(error), typed=text)
    words = say("asks for changes")
    tasks.add_task(
        notices.decided, at.ctx, issue, edition, at.person, words=words, said=views.said, comment=text.strip()
    )
    return _go(at, issue, say("The issue goes back to its authors, with what you wrote."), tasks)


@router.post(PLACE + "/comment", dependencies=[allowed(Action.EDIT)])
def comment(at: At, issue: ThisIssue, text: Text = "", language: Text = "", item: Text = "") -> Response:
    try:
        reviews.comment(at.ctx, issue, at.person, text, language=language or None, item=item)
    except UsageError as error:
        return _page(at, issue, 422, error=at.say(error), remark=text)
    return at.go(f"/issues/{issue.name}/approval#comments")


def _go(at: Desk, issue: IssueRow, said: str, tasks: BackgroundTasks) -> Response:
    """The mail goes out when the answer has gone: no page waits for the network."""
    answer = at.go(f"/issues/{issue.name}/approval", said)
    answer.background = tasks
    return answer


def _name(at: Desk, id_: int) -> str:
    with reading(at.ctx.engine) as connection:
        return people.by_id(connection, id_).name


def _frozen(at: Desk, issue: IssueRow, row: EditionRow, view: View) -> preview.Message:
    def chosen(compiled: CompiledLanguage) -> Recipient:
        campaign = at.ctx.campaign(issue.campaign)
        return specimens.specimen(at.ctx, issue.campaign, campaign, compiled, view.as_, at.person).recipient

    return reviews.frozen_message(at.ctx, row, view.language, chosen if view.as_ else None)


def _shown_as(at: Desk, issue: IssueRow, row: EditionRow | None, view: View) -> dict[str, Any]:
    """Who it is, in the first language; or why nobody can be shown."""
    if row is None or not view.as_:
        return {}
    try:
        shown = _frozen(at, issue, row, replace(view, language=next(iter(row.languages))))
    except NewsletterError as error:
        return {"as_error": at.say(error)}
    return {"recipient": shown.recipient}


def _page(at: Desk, issue: IssueRow, status: int = 200, *, view: View | None = None, **values: Any) -> HTMLResponse:
    view = view or View()
    shown = overview(at.ctx, issue)
    row = shown.edition
    last = reviews.last_approved(at.ctx, issue, row) if row else None
    known, checked = at.studio.editions.known(at.ctx, issue), at.studio.editions.checked(at.ctx, issue)
    trial = trial_of(at, issue) if known else None
    told = [*(checked or ()), *(trial.findings if trial else ())]
    taken = accepted(at.ctx, issue)
    common: dict[str, Any] = {
        "issue": issue,
        "shown": shown,
        "edition": row,
        "by": _name(at, row.frozen_by) if row else "",
        "subjects": reviews.subjects(at.ctx, row) if row else {},
        "last": last,
        "differences": reviews.differences(at.ctx, last, row) if last and row else [],
        "changed": bool(row and known and known.composition.hash != row.hash),
        "comments": reviews.comments(at.ctx, row) if row else [],
        "decisions": reviews.decisions(at.ctx, issue),
        "accepted": list(taken.values()),
        "open_warnings": sum(not each.error and key_of(each) not in taken for each in told),
        "titles": at.titles(issue),
        "own": issue.changed_by == at.person.id,
        "open": issue.state.value in ("in review", "held", "missed", "approved"),
        "error": "",
        "typed": "",
        "remark": "",
        "view": view,
        "asked": "",
        "found": None,
        "recipient": None,
        "as_error": "",
    }
    common |= _shown_as(at, issue, row, view)
    return at.page("approval.html", status, **common | values)
