"""Firings of campaigns that fall due by themselves: each happens once, or is missed and shown."""

from __future__ import annotations

from sqlalchemy import Connection

from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.model.campaign import Recurrence
from newsletter.model.issue import IssueState, Step
from newsletter.model.permission import Role
from newsletter.model.recurrence import FiringState, zone_of
from newsletter.store import firings, issues, people
from newsletter.store.engine import reading, writing
from newsletter.store.firings import FiringRow
from newsletter.workflow.context import Context
from newsletter.workflow.scheduling.deciding import SCHEDULE, schedule_person, take_step, words
from newsletter.workflow.scheduling.recurring import Recurring, recurring
from newsletter.workflow.scheduling.work import GATHER, Defer, Gather


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
        take_step(ctx, connection, issue, Step.SCHEDULE)
    else:
        take_step(
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
