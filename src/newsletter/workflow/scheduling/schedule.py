"""What is due, and what is done about it. Whoever wakes calls `tick`, from any number of processes, as often as it
likes: the rows decide, so that each firing and each launch happens once (invariant 7).

    a rule's moment, action gather   the draft of the issue is filled
    a rule's moment, action launch   the approved issue of that key is scheduled for that moment; another is held
    an issue's planned moment        the approved edition is launched, in the name of who approved it
    a rehearsal that was begun       it is laid out and carried out
    a trial of links that was asked  they are tried
    older than its grace             missed: shown, and left to a person

What the schedule itself decides is audited under a person of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from newsletter.dispatch.launch import LaunchHeld
from newsletter.dispatch.lock import AlreadyDispatching, AlreadyLaunching
from newsletter.dispatch.settling import forget_the_dead
from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.model.campaign import Recurrence
from newsletter.model.delivery import RunState
from newsletter.model.issue import IssueState, Step
from newsletter.model.permission import Role
from newsletter.model.recurrence import FiringState, zone_of
from newsletter.store import approvals, documents, editions, firings, issues, ledger, link_trials, people, runs
from newsletter.store.engine import reading, writing
from newsletter.store.firings import FiringRow
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.store.runs import RunRow
from newsletter.workflow.approving.approve import latest_edition
from newsletter.workflow.context import Context
from newsletter.workflow.scheduling.doubts import ask_after_doubts
from newsletter.workflow.scheduling.recurring import Recurring, recurring
from newsletter.workflow.sending.launch import LaunchedMeanwhile, launch
from newsletter.workflow.sending.plan import plan_send

Defer = Callable[[str, str], None]
Gather = Callable[[Context, str, str, Person], str | None]  # campaign, key; a note for people

# The kinds of work that a tick defers.
GATHER, LAUNCH, REHEARSE, SEND, LINKS = "gather", "launch", "rehearse", "send", "links"

SCHEDULE = "schedule"  # the person under whom the schedule's own decisions stand in the record


def tick(ctx: Context, defer: Defer) -> datetime | None:
    """Looks at what is due and defers the work; says when the next planned moment is."""
    forget_the_dead(ctx.engine, ctx.clock)
    now, found = ctx.clock.now(), look(ctx)
    settle_firings(ctx, found, defer)
    settle_issues(ctx, found, defer)
    with reading(ctx.engine) as connection:
        waiting = runs.workable(connection, now=now)
        rehearsals = runs.launching_rehearsals(connection)
        trials = link_trials.waiting(connection, now)
        planned = [row.planned_at for row in issues.all_issues(connection) if row.stored is IssueState.SCHEDULED]
    for run_id in waiting:
        defer(SEND, str(run_id))
    for run_id in rehearsals:
        defer(REHEARSE, str(run_id))
    for issue_id in trials:
        defer(LINKS, str(issue_id))
    coming = [firing.at for one in found for firing in [next(one.firings(now), None)] if firing is not None]
    return min((at for at in [*coming, *planned] if at is not None and at > now), default=None)


def look(ctx: Context) -> list[Recurring]:
    """Writes a row for every firing that has come due since the last look.

    A campaign is first looked at from now on: what its rule said before is no one's miss. One that cannot be read
    waits, and what falls due meanwhile is found when it can be.
    """
    found, _ = recurring(ctx)
    now = ctx.clock.now()
    with reading(ctx.engine) as connection:
        looked = firings.looked_at(connection)
    since = {one.campaign: min(looked.get(one.campaign, now), now) for one in found}
    due = {one.campaign: list(one.due(since[one.campaign], now)) for one in found}
    with writing(ctx.engine) as connection:
        firings.look(connection, due, ctx.campaigns, now)
        people.add(connection, SCHEDULE, name="The schedule", address=None, roles=[Role.AUTHOR.value], now=now)
    return found


# Firings


def settle_firings(ctx: Context, found: list[Recurring], defer: Defer) -> None:
    """Firings older than their grace are missed; the others are acted upon."""
    by_name, now, names = {one.campaign: one for one in found}, ctx.clock.now(), ctx.campaigns
    with reading(ctx.engine) as connection:
        rows = firings.open_firings(connection, now)
    for row in rows:
        one = by_name.get(row.campaign)
        if one is None:
            if row.campaign not in names or _recurrence(ctx, row.campaign) is None:
                _miss(ctx, row, "the campaign falls due by itself no longer")
        elif now - row.planned_at > one.grace:
            _miss(
                ctx,
                row,
                f"nobody was there within {words(one.grace)}: newsletter gather or send, if it is still wanted",
            )
        elif one.recurrence.action == GATHER:
            defer(GATHER, str(row.id))
        else:
            with writing(ctx.engine) as connection:
                _fire_launch(ctx, connection, row, one.key(row.wall))


def gather_firing(ctx: Context, firing_id: int, gather: Gather) -> None:
    """Fills the draft for which a firing stands, if nobody else does. A failure is noted, and shown."""
    with writing(ctx.engine) as connection:
        row = firings.take(connection, firing_id, ctx.clock.now())
    if row is None:
        return
    state, note, key = FiringState.FIRED, None, None
    try:
        if (recurrence := ctx.campaign(row.campaign).recurrence) is None:
            raise NewsletterError(say("The campaign falls due by itself no longer."))
        key = Recurring(row.campaign, recurrence, zone_of(recurrence, ctx.settings.time_zone)).key(row.wall)
        with reading(ctx.engine) as connection:
            issue = issues.find(connection, row.campaign, key)
        if issue is not None and issue.state is not IssueState.DRAFT:
            note = f"{issue.name} was {issue.state.value} already: nothing was gathered"
        else:
            note = gather(ctx, row.campaign, key, schedule_person(ctx))
    except NewsletterError as error:
        state, note = FiringState.FAILED, str(error)
    except BaseException as error:
        state, note = FiringState.FAILED, f"gathering failed ({type(error).__name__}): see the log"
        raise
    finally:
        with writing(ctx.engine) as connection:
            issue = issues.find(connection, row.campaign, key) if key else None
            id_ = None if issue is None else issue.id
            firings.settle(connection, row, state, now=ctx.clock.now(), note=note, issue_id=id_)


_DONE = (IssueState.SENDING, IssueState.PAUSED, IssueState.SENT, IssueState.CANCELLED)


def _fire_launch(ctx: Context, connection: Connection, row: FiringRow, key: str) -> None:
    """The approved issue of that key is scheduled for the moment; in the same transaction the firing ends."""
    state, note, now = FiringState.FIRED, None, ctx.clock.now()
    issue, id_ = issues.find(connection, row.campaign, key), None
    if issue is None:
        state, note = FiringState.FAILED, f"there is no issue {row.campaign}/{key}: nothing was sent"
    else:
        issue, id_ = issues.lock(connection, issue.id), issue.id
        note = f"{issue.name} was {issue.state.value} then"
        if issue.state in (IssueState.DRAFT, IssueState.IN_REVIEW, IssueState.HELD, IssueState.MISSED):
            state = FiringState.FAILED
            note = f"{issue.name} was {issue.state.value} then, not approved: nothing was sent"
    if not firings.settle(connection, row, state, now=now, note=note, issue_id=id_):
        return
    if (
        issue is None
        or issue.state in _DONE
        or issue.state in (IssueState.SCHEDULED, IssueState.HELD, IssueState.MISSED)
    ):
        return
    if issue.state is IssueState.APPROVED:
        issues.plan(connection, issue.id, row.planned_at)
        _step(ctx, connection, issue, Step.SCHEDULE)
    else:
        _step(
            ctx,
            connection,
            issue,
            Step.HOLD,
            "It was to be sent by the campaign's schedule, and was not approved by then.",
        )


def _miss(ctx: Context, row: FiringRow, note: str) -> None:
    with writing(ctx.engine) as connection:
        firings.settle(connection, row, FiringState.MISSED, now=ctx.clock.now(), note=note)


def _recurrence(ctx: Context, campaign: str) -> Recurrence | None:
    """The campaign's, or a default one where it cannot be read now: then its firings wait."""
    try:
        return ctx.campaign(campaign).recurrence
    except NewsletterError:
        return Recurrence()


# Issues


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


DEFAULT_GRACE: timedelta = Recurrence().grace


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
            _step(ctx, connection, issue, step, note)


def _step(ctx: Context, connection: Connection, issue: IssueRow, step: Step, note: str | None = None) -> None:
    """From the stored state: an earlier run may be under way while the next one is scheduled."""
    from_stored, who = replace(issue, state=issue.stored), _schedule(connection)
    issues.step(connection, from_stored, step, person_id=who.id, now=ctx.clock.now(), note=note)


# Dispatch and housekeeping


def send_run(ctx: Context, run_id: int, send: Callable[[Context, int], object]) -> None:
    """Dispatches a run, unless another process sends from this database already."""
    with reading(ctx.engine) as connection:
        if runs.get(connection, run_id).state is not RunState.SENDING:
            return
    try:
        send(ctx, run_id)
    except AlreadyDispatching:
        return  # a later tick looks again


@dataclass
class Glance:
    """Called twice a second, it defers each run that can go on and could not at the glance before: a person resumed it,
    from whatever program, or what was put off has fallen due."""

    ctx: Context
    defer: Defer
    _before: set[int] = field(default_factory=set)

    def __call__(self) -> None:
        with reading(self.ctx.engine) as connection:
            now = set(runs.workable(connection, now=self.ctx.clock.now()))
        for run_id in sorted(now - self._before):
            self.defer(SEND, str(run_id))
        self._before = now


def keep_house(ctx: Context, stopped: Callable[[], bool] = lambda: False) -> None:
    """Gives up what was tried for too long, leaves out the rest of cancelled runs, sweeps away bytes of documents that
    nobody has any more (in bites); asks after doubts. Once `stopped`, the rest is left for the next time."""
    now = ctx.clock.now()
    with reading(ctx.engine) as connection:
        cancelled = runs.cancelled_with_rest(connection)
    bites: list[Callable[[Connection], int]] = [
        partial(ledger.give_up, now=now),
        *(partial(ledger.skip_cancelled, run=run_id, now=now) for run_id in cancelled),
        partial(documents.sweep, now=now),
    ]
    for bite in bites:
        while not stopped() and _carried_out(ctx, bite):
            pass
    if not stopped():
        ask_after_doubts(ctx)


def _carried_out(ctx: Context, bite: Callable[[Connection], int]) -> int:
    with writing(ctx.engine) as connection:
        return bite(connection)


def schedule_person(ctx: Context) -> Person:
    with reading(ctx.engine) as connection:
        return _schedule(connection)


def _schedule(connection: Connection) -> Person:
    found = people.find(connection, SCHEDULE)
    assert found is not None, "look() comes first"
    return found


def zone_for(ctx: Context, campaign: str) -> ZoneInfo:
    """The zone in which a campaign's times are meant and shown."""
    try:
        return zone_of(ctx.campaign(campaign).recurrence, ctx.settings.time_zone)
    except NewsletterError:
        return zone_of(None, ctx.settings.time_zone)


def shown(ctx: Context, row: IssueRow) -> str:
    """An issue's planned moment, as people see it."""
    assert row.planned_at is not None
    zone = zone_for(ctx, row.campaign)
    return f"{row.planned_at.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"


def words(span: timedelta) -> str:
    """`6 hours`, `1 h 30 min`"""
    minutes = round(span.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} minutes"
    return f"{hours} hours" if not rest else f"{hours} h {rest} min"
