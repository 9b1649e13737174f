"""Sending from a page: at a time or now, with a window in which it can be taken back; and rehearsals.

Nothing is launched here. Sending now schedules the approved edition for a minute ahead, and the schedule launches it;
until then `take_back` returns the issue to approved. A rehearsal is begun as a run that is `launching`, which the
schedule finishes: a stop in between costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from newsletter.dispatch import launch as launching
from newsletter.dispatch.lock import AlreadyLaunching, launch_lock
from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import Listed, Moment, Number, say
from newsletter.model.approval import NotApproved
from newsletter.model.count import far_off, typed_number
from newsletter.model.delivery import RunState
from newsletter.model.issue import IN_WORDS, IssueState, Step
from newsletter.model.permission import Action, require
from newsletter.model.recurrence import instant, moment
from newsletter.settings import OutboxSettings
from newsletter.store import approvals, editions, issues, ledger, people, runs
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.store.tables import run as run_table
from newsletter.workflow.approving.approve import standing
from newsletter.workflow.checking.last_time import last_time
from newsletter.workflow.context import Context
from newsletter.workflow.scheduling.agenda import Entry, surprise
from newsletter.workflow.scheduling.deciding import zone_for
from newsletter.workflow.scheduling.work import SEND, Defer
from newsletter.workflow.sending.launch import launch, run_of
from newsletter.workflow.sending.plan import plan_send

WINDOW = timedelta(seconds=60)  # between "send now" and the launch


class TypeTheNumber(UsageError):
    """The number of messages is unusual, or nobody else has looked: it is to be typed."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What can be done about sending an issue, and what must be known before."""

    edition: EditionRow | None
    missing: tuple[str, ...]  # what the approval lacks
    messages: int | None  # the number that was approved
    last: int | None  # messages of the campaign's last issue
    reviewed: bool  # somebody else than who changed it last has approved
    approved_for: datetime | None  # the time that was approved; none: any
    transport: str | None  # for the real send
    used: bool  # a run has served by this approval already: a later one asks for another

    @property
    def typing(self) -> bool:
        """Whether the number is to be typed."""
        return not self.reviewed or (self.last is not None and far_off(self.messages or 0, self.last))

    @property
    def ready(self) -> bool:
        return self.edition is not None and not self.missing and not self.used


def outlook(ctx: Context, issue: IssueRow) -> Outlook:
    with reading(ctx.engine) as connection:
        edition = editions.latest(connection, issue.id)
        given = approvals.valid(connection, edition.id) if edition else []
        served = [run.launched_at for run in runs.of_issue(connection, issue.id) if not run.rehearsal]
    now = standing(ctx, edition) if edition else None
    planned = edition.definition["planned"] if edition else "now"
    named = list(edition.definition["transports"]) if edition else []
    real = [each for each in named if not isinstance(ctx.settings.transports.get(each), OutboxSettings | None)]
    return Outlook(
        edition=edition,
        missing=now.missing if now else (),
        messages=now.approved if now else None,
        last=last_time(ctx, issue),
        reviewed=any(each.person_id != issue.changed_by for each in given),
        approved_for=None if planned == "now" else datetime.fromisoformat(planned),
        transport=real[0] if real else None,
        used=bool(served) and max((each.at for each in given), default=served[-1]) <= served[-1],
    )


def meaning(ctx: Context, campaign: str, when: str) -> Entry:
    """What a local date and time is, in the campaign's zone and in UTC, and what clocks do to it."""
    try:
        wall = moment(when)
    except NewsletterError as error:
        raise UsageError(*error.args) from None
    zone = zone_for(ctx, campaign)
    at = instant(wall, zone)
    note = say("this is past") if at <= ctx.clock.now() else surprise(wall, zone)
    return Entry(campaign, "planned", at.astimezone(zone), zone.key, at, note)


def send_now(ctx: Context, issue: IssueRow, person: Person, *, typed: str = "") -> datetime:
    """Schedules the approved edition for the end of the window, and says when that is. Twice is once."""
    return _schedule(ctx, issue, person, ctx.clock.now() + WINDOW, typed=typed)


def send_at(ctx: Context, issue: IssueRow, person: Person, when: str, *, typed: str = "") -> datetime:
    """Schedules an approved edition for which no time was approved, or for the one that was."""
    meant = meaning(ctx, issue.campaign, when)
    if meant.utc <= ctx.clock.now():
        raise UsageError(
            say(
                "%(time)s is past: name a time to come, or send it now.",
                time=Moment(meant.local, meant.zone),
            )
        )
    return _schedule(ctx, issue, person, meant.utc, typed=typed)


def send_as_approved(ctx: Context, issue: IssueRow, person: Person, *, typed: str = "") -> datetime:
    """Schedules again, for the very time that was approved."""
    at = outlook(ctx, issue).approved_for
    if at is None or at <= ctx.clock.now():
        raise UsageError(
            say("%(issue)s was approved for no time to come: send it now, or choose a time.", issue=issue.name)
        )
    return _schedule(ctx, issue, person, at, typed=typed)


def _schedule(ctx: Context, issue: IssueRow, person: Person, at: datetime, *, typed: str) -> datetime:
    require(person.name, person.roles, Action.APPROVE)
    if issue.state is IssueState.SCHEDULED and issue.planned_at is not None:
        return issue.planned_at  # somebody clicked twice
    found, now = outlook(ctx, issue), ctx.clock.now()
    if found.edition is None or found.missing:
        lacking = Listed(found.missing, "and") or say("a version to approve")
        raise NotApproved(
            say("%(issue)s lacks %(lacking)s: have it approved first.", issue=issue.name, lacking=lacking)
        )
    if found.used:
        raise UsageError(
            say("%(issue)s was sent by this approval: ask for a later run to whoever was not served.", issue=issue.name)
        )
    if found.transport is None:
        raise UsageError(
            say(
                "No sending service is set up, so nothing would reach anybody: rehearse it into the "
                'practice folder, or name a mail server in newsletter.toml: send_with = ["smtp"]. Then '
                "have the issue approved again."
            )
        )
    if found.approved_for is not None and found.approved_for > now and found.approved_for != at:
        raise NotApproved(
            say(
                "%(issue)s was approved for another time: schedule it for that, or change the time and "
                "have it approved again.",
                issue=issue.name,
            )
        )
    _check_typed(found, typed)
    with writing(ctx.engine) as connection:
        fresh = issues.lock(connection, issue.id)
        if fresh.state is IssueState.SCHEDULED and fresh.planned_at is not None:
            return fresh.planned_at
        if fresh.state not in (IssueState.APPROVED, IssueState.SENT) or fresh.stored is not IssueState.APPROVED:
            raise NotApproved(
                say(
                    "%(issue)s is %(state)s: only an approved issue can be sent.",
                    issue=issue.name,
                    state=IN_WORDS[fresh.state],
                )
            )
        latest = editions.latest(connection, issue.id)
        if latest is None or latest.id != found.edition.id or not approvals.valid(connection, latest.id):
            raise NotApproved(say("%(issue)s has been changed meanwhile: have it approved again.", issue=issue.name))
        issues.step(connection, replace(fresh, state=fresh.stored), Step.SCHEDULE, person_id=person.id, now=now)
        issues.plan(connection, issue.id, at)
    return at


def _check_typed(found: Outlook, typed: str) -> None:
    if not found.typing:
        return
    if typed_number(typed) != found.messages:
        why = say("nobody else approved")
        if found.reviewed and found.last is not None:
            why = say("last time it was %(number)s", number=Number(found.last))
        raise TypeTheNumber(
            say(
                "This sends %(number)s messages, and %(why)s: type the number, %(number)s, to go on.",
                number=Number(found.messages or 0),
                why=why,
            )
        )


def take_back(ctx: Context, issue: IssueRow, person: Person) -> None:
    """Within the window, and until any planned time: the issue is approved again, and nothing leaves."""
    require(person.name, person.roles, Action.PAUSE)
    with writing(ctx.engine) as connection:
        fresh = issues.lock(connection, issue.id)
        if fresh.state is not IssueState.SCHEDULED:
            raise UsageError(
                say(
                    "It is too late to take it back: %(issue)s is %(state)s. Pause or cancel what has not left yet.",
                    issue=issue.name,
                    state=IN_WORDS[fresh.state],
                )
            )
        issues.step(connection, fresh, Step.UNSCHEDULE, person_id=person.id, now=ctx.clock.now())
        issues.plan(connection, issue.id, None)


# Rehearsals


def rehearse(ctx: Context, issue: IssueRow, person: Person) -> int:
    """Begins a rehearsal of the approved edition, which the schedule carries out; says its run. Twice is once."""
    require(person.name, person.roles, Action.APPROVE)
    plan = plan_send(ctx, issue, rehearse=True)
    if plan.open_run is not None:
        return plan.open_run.id
    with launch_lock(ctx.engine, issue.id):
        return launching.begin(ctx.engine, run_of(ctx, plan, person), clock=ctx.clock)


def finish_rehearsal(ctx: Context, run_id: int, defer: Defer) -> None:
    """Lays out a rehearsal that was begun, unless somebody else does; where it cannot be, says why on the run."""
    with reading(ctx.engine) as connection:
        run = runs.get(connection, run_id)
        launched_by = connection.execute(select(run_table.c.launched_by).where(run_table.c.id == run_id)).scalar_one()
        person = people.by_id(connection, launched_by)
        issue = issues.get(connection, run.issue_id)
    if run.state is not RunState.LAUNCHING:
        return
    try:
        plan = plan_send(ctx, issue, rehearse=True)
        if plan.open_run is None or plan.open_run.id != run_id:
            raise NewsletterError(say("The issue has another version now."))
        launch(ctx, plan, person)
    except AlreadyLaunching:
        return
    except NewsletterError as error:
        _give_up(ctx, run_id, f"The rehearsal could not begin. {error}")
        raise
    defer(SEND, str(run_id))


def _give_up(ctx: Context, run_id: int, reason: str) -> None:
    with writing(ctx.engine) as connection:
        there = connection.execute(select(run_table.c.state).where(run_table.c.id == run_id)).scalar()
        if there == RunState.LAUNCHING.value:
            ledger.cancel(connection, run_id, ledger.By(None, ctx.clock.now(), reason))
