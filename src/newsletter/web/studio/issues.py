"""Issues: the list, a new one, and the page of one, from which all its steps are reached."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi.responses import Response

from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import say
from newsletter.model.permission import Action
from newsletter.store.issues import IssueRow
from newsletter.web.studio.desk import At, Desk, allowed
from newsletter.workflow.context import issue_name
from newsletter.workflow.drafts.duplicating import duplicate
from newsletter.workflow.results.overview import cards, find_row, next_issues, overview

router = APIRouter()
COPIED = 20  # issues that are offered to be copied


def the_issue(at: At, campaign: str, key: str) -> IssueRow:
    """The issue that an address names; its row is made where so far only its file is there."""
    if (row := find_row(at.ctx, campaign, key)) is not None:
        return row
    raise UsageError(say("There is no issue %(campaign)s/%(key)s: see the list of issues.", campaign=campaign, key=key))


ThisIssue = Annotated[IssueRow, Depends(the_issue)]


@router.get("/issues")
def issue_list(at: At, state: str = "", campaign: str = "") -> Response:
    return _list(at, state=state, campaign=campaign)


def _list(at: Desk, status: int = 200, *, state: str = "", campaign: str = "", **more: object) -> Response:
    every = cards(at.ctx)
    states = {
        value: sum(card.row.state.value == value for card in every) for value in {c.row.state.value for c in every}
    }
    shown = [
        card
        for card in every
        if (not state or card.row.state.value == state) and (not campaign or card.row.campaign == campaign)
    ]
    values = {"cards": shown, "states": states, "state": state, "campaign": campaign}
    values |= {"campaigns": next_issues(at.ctx), "known": every[:COPIED], "error": "", "like": "", "name": ""}
    return at.page("issues.html", status, **values | more)


@router.post("/issues", dependencies=[allowed(Action.EDIT)])
def new_issue(at: At, campaign: Annotated[str, Form()], key: Annotated[str, Form()] = "") -> Response:
    """Gathers the next issue of a campaign, and opens it."""
    row = at.workspace.gather(campaign, key=key or None, person=at.person.slug)
    return at.go(f"/issues/{row.name}")


@router.post("/issues/copy", dependencies=[allowed(Action.EDIT)])
def copy(at: At, like: Annotated[str, Form()], name: Annotated[str, Form()] = "") -> Response:
    """A new draft with the content of another issue; without a name it is the next one."""
    try:
        row = duplicate(at.ctx, the_issue(at, *issue_name(like)), name, at.person)
    except NewsletterError as error:
        return _list(at, 422, error=at.say(error), like=like, name=name)
    return at.go(f"/issues/{row.name}", say("The copy is a draft of its own: look at subjects and dates."))


@router.get("/issues/{campaign}/{key}")
def issue_page(at: At, issue: ThisIssue) -> Response:
    shown = overview(at.ctx, issue)
    return at.page("issue.html", issue=issue, shown=shown, findings=at.studio.editions.checked(at.ctx, issue))
