"""What a send would do: the edition, whom it reaches, through which transport; for people to read and say yes to."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.audience.count import Count
from newsletter.errors import UsageError
from newsletter.i18n import Listed, say
from newsletter.model.approval import NotApproved
from newsletter.model.delivery import RunState
from newsletter.settings import OutboxSettings
from newsletter.store import editions, runs
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading
from newsletter.store.issues import IssueRow
from newsletter.store.runs import RunRow
from newsletter.workflow.approving.approve import latest_edition, standing
from newsletter.workflow.approving.freeze import count_for, to_serve
from newsletter.workflow.context import Context


@dataclass(frozen=True, slots=True)
class Plan:
    """What a send would do, for people to read before they say yes."""

    issue: IssueRow
    edition: EditionRow
    rehearsal: bool
    transport: str
    count: Count
    recipients: int  # whom this run would reach: in a later run, those not served yet
    approved: int | None  # the number that was approved; a rehearsal reaches nobody and is not held to it
    open_run: RunRow | None  # a run that was begun and is not done: it goes on
    complete: RunRow | None  # a rehearsal of this very edition that is done
    seen: int = 0  # the number of the issue's latest run


def plan_send(ctx: Context, issue: IssueRow, *, rehearse: bool = False) -> Plan:
    """NotApproved where the edition lacks an approval; UsageError where nothing says how to send.

    A run that was begun goes on with its own edition, whatever was frozen since: its approval was looked at when it
    was launched.
    """
    edition = latest_edition(ctx, issue)
    transport = _transport_name(ctx, edition, rehearse)
    rehearsal = isinstance(ctx.settings.transports[transport], OutboxSettings)
    with reading(ctx.engine) as connection:
        begun = runs.of_issue(connection, issue.id)
        mine = [run for run in begun if run.rehearsal == rehearsal and (not rehearsal or run.edition_id == edition.id)]
        open_run = next((run for run in mine if run.state not in (RunState.DONE, RunState.CANCELLED)), None)
        if open_run is not None:
            edition, transport = editions.get(connection, open_run.edition_id), open_run.transport
    now = standing(ctx, edition)
    if now.missing and open_run is None:
        raise NotApproved(
            say(
                "Edition %(number)s of %(issue)s lacks %(missing)s: `newsletter approve %(issue)s --as PERSON`.",
                number=edition.number,
                issue=issue.name,
                missing=Listed(now.missing, "and"),
            )
        )
    done = [each for each in mine if each.state is RunState.DONE]
    complete = done[-1] if rehearsal and done else None
    count = count_for(ctx, issue, edition)
    return Plan(
        issue=issue,
        edition=edition,
        rehearsal=rehearsal,
        transport=transport,
        count=count,
        recipients=count.recipients if rehearsal else to_serve(ctx, issue, edition),
        approved=None if rehearsal else now.approved,
        open_run=open_run,
        complete=complete,
        seen=max((each.number for each in begun), default=0),
    )


def _transport_name(ctx: Context, edition: EditionRow, rehearse: bool) -> str:
    """The first that the approved edition names; for a rehearsal, an outbox."""
    named = list(edition.definition["transports"])
    if rehearse or not named:
        outboxes = [name for name, each in ctx.settings.transports.items() if isinstance(each, OutboxSettings)]
        if not outboxes:
            raise UsageError(say('There is no outbox to rehearse into: add [transports.outbox] kind = "outbox".'))
        if not rehearse and ctx.settings.send_with:
            raise UsageError(
                say(
                    "Edition %(number)s was frozen before send_with named a transport, so its approval names "
                    "none: submit and approve it again.",
                    number=edition.number,
                )
            )
        if not rehearse:
            raise UsageError(
                say(
                    "No transport is named for real sends. Rehearse into the outbox with --rehearse, or set "
                    'up a mail server in newsletter.toml and name it: send_with = ["smtp"].'
                )
            )
        return outboxes[0]
    if named[0] not in ctx.settings.transports:
        raise UsageError(
            say("The approved edition names the transport %(name)r, which newsletter.toml lacks now.", name=named[0])
        )
    return str(named[0])
