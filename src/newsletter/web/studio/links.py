"""The links of an issue: where each leads, how often it was followed, and leading one elsewhere after the send."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.model.permission import Action
from newsletter.store.issues import IssueRow
from newsletter.web.studio.desk import At, Desk, allowed
from newsletter.web.studio.issues import ThisIssue
from newsletter.workflow.checking.mended_links import links_of, point

router = APIRouter(prefix="/issues/{campaign}/{key}/links")
Text = Annotated[str, Form()]


@router.get("")
def links_page(at: At, issue: ThisIssue) -> Response:
    return _page(at, issue)


@router.post("", dependencies=[allowed(Action.APPROVE)])
def lead(at: At, issue: ThisIssue, number: Annotated[int, Form()], seen: Text, target: Text = "") -> Response:
    """At once, for everybody who has the message already."""
    try:
        row = point(at.ctx, issue, number, target, at.person, seen=seen)
    except UsageError as error:
        return _page(at, issue, 422, error=at.say(error), typed={number: target})
    said = say("The link leads there from now on.")
    if row.target == row.original:
        said = say("The link leads again where the issue says.")
    return at.go(f"/issues/{issue.name}/links#l{number}", said)


def _page(at: Desk, issue: IssueRow, status: int = 200, **more: object) -> Response:
    values = {"issue": issue, "links": links_of(at.ctx, issue), "titles": at.titles(issue), "error": "", "typed": {}}
    return at.page("links.html", status, **values | more)
