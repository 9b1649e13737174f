"""Content is written anew: what was approved or scheduled said something else, so that falls first."""

from __future__ import annotations

from newsletter.i18n import Said, say
from newsletter.model.issue import IssueState, Step
from newsletter.store import approvals, editions, issues
from newsletter.store.engine import writing
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.workflow.context import Context, draft_path
from newsletter.workspace.documents import Write

_STEP = {IssueState.MISSED: Step.REOPEN, IssueState.CANCELLED: Step.REOPEN}
_AS_IT_IS = (IssueState.SENT,)  # a later run begins with a submit


def write_draft(ctx: Context, row: IssueRow, text: str, operation: str, person: Person) -> Said | None:
    """The issue first, then the file: what was scheduled must not leave as it was. Says which approval falls."""
    fallen = falls(ctx, row, person)
    ctx.documents.apply(Write(draft_path(row.campaign, row.key), operation, text.encode()), person.id)
    return fallen


def falls(ctx: Context, row: IssueRow, person: Person) -> Said | None:
    """An approval, a request for one and a plan; says which approval."""
    now, fallen = ctx.clock.now(), None
    with writing(ctx.engine) as connection:
        issue = issues.lock(connection, row.id)
        if issue.state not in _AS_IT_IS:
            step = _STEP.get(issue.state, Step.EDIT)
            issues.step(connection, issue, step, person_id=person.id, now=now)
            last = editions.latest(connection, issue.id)
            if last is not None and approvals.valid(connection, last.id):
                fallen = say("the approval of edition %(number)s no longer holds", number=last.number)
            approvals.void_all(connection, issue.id, now=now)
        issues.plan(connection, issue.id, None)
        issues.changed(connection, issue.id, person_id=person.id, now=now)
    return fallen
