"""Issues whose planned moment has come: launched in the name of who approved them, or missed, or held."""

from __future__ import annotations

from datetime import timedelta

from newsletter.dispatch.launch import LaunchHeld
from newsletter.dispatch.lock import AlreadyLaunching
from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.model.campaign import Recurrence
from newsletter.model.delivery import RunState
from newsletter.model.issue import IssueState, Step
from newsletter.store import approvals, editions, issues, people, runs
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.store.runs import RunRow
from newsletter.workflow.approving.approve import latest_edition
from newsletter.workflow.context import Context
from newsletter.workflow.scheduling.deciding import shown, take_step
from newsletter.workflow.scheduling.recurring import Recurring
from newsletter.workflow.scheduling.work import LAUNCH, SEND, Defer
from newsletter.workflow.sending.launch import LaunchedMeanwhile, launch
from newsletter.workflow.sending.plan import plan_send

DEFAULT_GRACE: timedelta = Recurrence().grace


def settle_issues(ctx: Context, found: list[Recurring], defer: Defer) -> None:
    """Issues whose planned moment has come: approved ones are launched, late ones missed, others held."""
    now, grace = ctx.clock.now(), {one.campaign: one.grace for one in found}
    with reading(ctx.engine) as connection:
        rows = issues.all_issues(connection)
    for row in rows:
        if row.planned_at is None or row.planned_at > now:
            continue
        late = now - row.planned_at > grace.get(row.campaign, DEFAULT_GRACE)
        if row.stored is IssueState.SCHEDULED and not (late and _nobody_has_it(ctx, row)):
            defer(LAUNCH, str(row.id))
        elif row.state is IssueState.SCHEDULED:
            _decide(ctx, row, Step.MISS, f"Planned for {shown(ctx, row)}; nobody was there to send it.")
        elif row.state is IssueState.IN_REVIEW:
            _decide(ctx, row, Step.HOLD, f"Planned for {shown(ctx, row)}, and not approved by then.")


def _nobody_has_it(ctx: Context, row: IssueRow) -> bool:
    """Whether no message of the scheduled edition can have left: it has no run, or one that is still launching."""
    run = _run_of_edition(ctx, row)
    return run is None or run.state is RunState.LAUNCHING


def launch_issue(ctx: Context, issue_id: int, defer: Defer) -> None:
    """Launches a scheduled issue whose moment has come, unless somebody else does; what stands against it holds it."""
    with reading(ctx.engine) as connection:
        issue = issues.get(connection, issue_id)
    if issue.stored is not IssueState.SCHEDULED or issue.planned_at is None or issue.planned_at > ctx.clock.now():
        return
    try:
        run_id = _launch(ctx, issue)
    except (LaunchHeld, LaunchedMeanwhile, AlreadyLaunching):
        return  # held with its reason, or done by somebody else
    except NewsletterError as error:
        _decide(ctx, issue, Step.HOLD, f"It could not be sent at its time. {error}")
        return
    if run_id is not None:
        defer(SEND, str(run_id))


def _launch(ctx: Context, issue: IssueRow) -> int | None:
    plan = plan_send(ctx, issue)
    approver = _approver(ctx, plan.edition.id)
    if plan.rehearsal:
        raise NewsletterError(
            say(
                "%(transport)r is an outbox, which reaches nobody: name a mail server in send_with, or "
                "rehearse it with `newsletter send %(issue)s --rehearse`.",
                transport=plan.transport,
                issue=issue.name,
            )
        )
    if plan.open_run is not None and plan.open_run.edition_id != latest_edition(ctx, issue).id:
        return None  # an earlier run is still being sent: this one waits
    run = _run_of_edition(ctx, issue)
    if run is not None and run.state is not RunState.LAUNCHING:
        with writing(ctx.engine) as connection:  # a crash fell between its launch and this
            issues.launched(connection, issue.id, person_id=approver.id, now=ctx.clock.now())
        return run.id
    return launch(ctx, plan, approver)


def _run_of_edition(ctx: Context, issue: IssueRow) -> RunRow | None:
    """The real run of the issue's latest edition, if there is one."""
    with reading(ctx.engine) as connection:
        edition = editions.latest(connection, issue.id)
        real = [run for run in runs.of_issue(connection, issue.id) if not run.rehearsal]
    return next((run for run in real if edition is not None and run.edition_id == edition.id), None)


def _approver(ctx: Context, edition_id: int) -> Person:
    """Who approved the edition last: the launch happens in their name, and takes their role as it is now."""
    with reading(ctx.engine) as connection:
        given = [each for each in approvals.valid(connection, edition_id) if each.language is None]
        return people.by_id(connection, given[-1].person_id)


def _decide(ctx: Context, row: IssueRow, step: Step, note: str) -> None:
    """A step that the schedule takes by itself, if the issue still is as it was seen."""
    with writing(ctx.engine) as connection:
        issue = issues.lock(connection, row.id)
        if issue.stored is row.stored and issue.planned_at == row.planned_at:
            take_step(ctx, connection, issue, step, note)
