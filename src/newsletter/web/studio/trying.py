"""Trying the links of an issue from its checks: a button, and what came of the last trial."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from newsletter.model.permission import Action
from newsletter.store.issues import IssueRow
from newsletter.web.studio.desk import At, Desk, allowed
from newsletter.web.studio.issues import ThisIssue
from newsletter.workflow.checking import link_trials
from newsletter.workflow.checking.link_trials import Trial

router = APIRouter()


@router.post("/issues/{campaign}/{key}/checks/links", dependencies=[allowed(Action.EDIT)])
def try_links(at: At, issue: ThisIssue) -> Response:
    """Asks for it and goes back: the network takes its time."""
    link_trials.ask(at.ctx, issue, at.studio.editions.links(at.ctx, issue), at.person)
    at.studio.wake()
    return at.go(f"/issues/{issue.name}/checks?run=1#links")


def trial_of(at: Desk, issue: IssueRow) -> Trial | None:
    """The last trial, held against the links as they are now."""
    standing = at.studio.editions.links(at.ctx, issue)
    return link_trials.trial_of(at.ctx, issue, standing, at.studio.libraries.of(at.ctx, issue.campaign))
