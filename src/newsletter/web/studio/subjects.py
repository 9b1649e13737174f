"""Subjects and preview texts of an issue, in every language on one page, as they stand and as an inbox shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import say
from newsletter.store.issues import IssueRow
from newsletter.web.studio.composer import BASE, EDIT, TheForm
from newsletter.web.studio.desk import At, Desk
from newsletter.web.studio.issues import ThisIssue
from newsletter.workflow.composing.inbox import LINES, inbox
from newsletter.workflow.drafts import drafting
from newsletter.workflow.drafts.drafting import Conflict

router = APIRouter()


@router.get(BASE + "/subjects")
def subjects(at: At, issue: ThisIssue, read: str = "") -> Response:
    """`read`: also as contacts read them, which without script is asked for."""
    return _subjects(at, issue, read=bool(read))


@router.post(BASE + "/subjects/read/{language}", dependencies=EDIT)
def read_subjects(at: At, issue: ThisIssue, language: str, form: TheForm) -> Response:
    """Changes nothing: what stands in the fields, as a contact's inbox shows it."""
    if language not in _languages(at, issue):
        raise UsageError(say("This newsletter has no edition in %(language)r.", language=language))
    typed = {name: form.get(f"{name}.{language}", "") for name in LINES}
    return at.page("subjects_read.html", tag=language, **_read(at, issue, language, typed))


@router.post(BASE + "/subjects", dependencies=EDIT)
def save_subjects(at: At, issue: ThisIssue, form: TheForm) -> Response:
    """Each field is an operation of its own: those that nobody else touched are saved, the others shown twice."""
    conflicts: dict[str, Conflict] = {}
    for field, value in form.items():
        name, _, language = field.partition(".")
        if name not in LINES or language not in _languages(at, issue):
            continue
        try:
            made_from = form.get(f"from.{field}", "")
            drafting.set_line(at.ctx, issue, name, language, value, at.person, made_from=made_from)
        except Conflict as conflict:
            conflicts[field] = conflict
    if conflicts:
        return _subjects(at, issue, conflicts, status=409)
    return at.go(f"/issues/{issue.name}/content/subjects", say("Saved."))


def _subjects(
    at: Desk,
    issue: IssueRow,
    conflicts: dict[str, Conflict] | None = None,
    status: int = 200,
    *,
    read: bool = False,
) -> Response:
    campaign, draft = at.ctx.campaign(issue.campaign), at.ctx.draft(issue.campaign, issue.key)
    rows = [
        (tag, {name: drafting.own_line(draft, getattr(campaign, name), name, tag) for name in LINES})
        for tag in _languages(at, issue)
    ]
    values: dict[str, Any] = {"rows": rows, "hash": drafting.line_hash, "conflicts": conflicts or {}}
    values["read"] = {
        tag: _read(at, issue, tag, {name: line.own for name, line in lines.items()}) for tag, lines in rows if read
    }
    return at.page("subjects.html", status, issue=issue, **values)


def _read(at: Desk, issue: IssueRow, language: str, typed: Mapping[str, str]) -> dict[str, Any]:
    library = at.studio.libraries.of(at.ctx, issue.campaign)
    try:
        return {"inbox": inbox(at.ctx, issue, library, language, typed), "wrong": ""}
    except NewsletterError as error:
        return {"inbox": None, "wrong": error}  # half a merge field is there at every keystroke


def _languages(at: Desk, issue: IssueRow) -> list[str]:
    return at.ctx.languages(at.ctx.campaign(issue.campaign))
