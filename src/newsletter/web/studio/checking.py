"""The checks of an issue: what blocks the send, what to look at, what was accepted, and what is in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, Response

from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import say
from newsletter.model.permission import Action
from newsletter.store.issues import IssueRow
from newsletter.web.studio.desk import At, Desk, allowed
from newsletter.web.studio.issues import ThisIssue
from newsletter.web.studio.mending import Mending, mending
from newsletter.web.studio.trying import trial_of
from newsletter.workflow.checking.acceptance import Accepted, accept, accepted, key_of, withdraw
from newsletter.workflow.people.addressees import names

if TYPE_CHECKING:
    from newsletter.checks import Finding

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding as the page shows it."""

    finding: Finding
    key: str
    mending: Mending
    accepted: Accepted | None


@router.get("/issues/{campaign}/{key}/checks")
def page(at: At, issue: ThisIssue, run: str = "") -> Response:
    """Answers at once: what is known, or (`run`) what the checks say now; `again` forgets what they said."""
    editions = at.studio.editions
    if run == "again":
        editions.forget(at.ctx, issue)
    try:
        return _page(at, issue, editions.findings(at.ctx, issue) if run else editions.checked(at.ctx, issue))
    except NewsletterError as error:
        return _page(at, issue, None, error=at.say(error))


@router.post("/issues/{campaign}/{key}/checks/accept", dependencies=[allowed(Action.EDIT)])
def accept_one(
    at: At, issue: ThisIssue, finding: Annotated[str, Form()], reason: Annotated[str, Form()] = ""
) -> Response:
    findings = at.studio.editions.findings(at.ctx, issue)
    trial = trial_of(at, issue)
    try:
        accept(at.ctx, issue, [*findings, *(trial.findings if trial else ())], finding, reason, at.person)
    except UsageError as error:
        return _page(at, issue, findings, status=422, error=at.say(error), typed={finding: reason})
    return at.go(f"/issues/{issue.name}/checks", say("The warning is accepted; your reason is kept with the issue."))


@router.post("/issues/{campaign}/{key}/checks/withdraw", dependencies=[allowed(Action.EDIT)])
def withdraw_one(at: At, issue: ThisIssue, finding: Annotated[str, Form()]) -> Response:
    withdraw(at.ctx, issue, finding, at.person)
    return at.go(f"/issues/{issue.name}/checks", say("The warning stands again."))


def _page(
    at: Desk, issue: IssueRow, findings: list[Finding] | None, *, status: int = 200, **values: Any
) -> HTMLResponse:
    known = accepted(at.ctx, issue)
    items = _items(at, issue)
    trial = trial_of(at, issue) if findings is not None else None
    told = [*(findings or ()), *(trial.findings if trial else ())]
    shown = [
        Shown(each, key_of(each), mending(issue, each, items), None if each.error else known.get(key_of(each)))
        for each in told
    ]
    groups = {
        "blockers": [each for each in shown if each.finding.error],
        "warnings": [each for each in shown if not each.finding.error and each.accepted is None],
        "accepted": [each for each in shown if each.accepted],
    }
    common: dict[str, Any] = {"error": "", "typed": {}, "issue": issue, "ran": findings is not None}
    named = names(at.ctx, [each for finding in told for each in finding.where.contacts])
    more: dict[str, Any] = {"named": named, "codes": {each.code for each in told}, "trial": trial}
    more["tryable"] = findings is not None and bool(at.studio.editions.links(at.ctx, issue))
    return at.page("checks.html", status, **common | groups | more | values)


def _items(at: Desk, issue: IssueRow) -> dict[str, str]:
    """The ids of the issue's items, by article; none where the draft cannot be read, which the checks then say."""
    try:
        return {item.article: item.id for item in at.ctx.draft(issue.campaign, issue.key).items()}
    except NewsletterError:
        return {}
