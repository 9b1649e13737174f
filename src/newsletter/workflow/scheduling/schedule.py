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
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.dispatch.lock import AlreadyDispatching
from newsletter.dispatch.settling import forget_the_dead
from newsletter.model.delivery import RunState
from newsletter.model.issue import IssueState
from newsletter.store import issues, link_trials, runs
from newsletter.store.engine import reading
from newsletter.workflow.context import Context
from newsletter.workflow.scheduling.firing import look, settle_firings
from newsletter.workflow.scheduling.planned import settle_issues
from newsletter.workflow.scheduling.work import LINKS, REHEARSE, SEND, Defer


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
    from whatever program, or what was put off has fallen due.

    What another program has just deferred is deferred again at the next glance, once it is taken: then two send it."""

    ctx: Context
    defer: Defer
    _before: set[int] = field(default_factory=set)

    def __call__(self) -> None:
        with reading(self.ctx.engine) as connection:
            now = set(runs.workable(connection, now=self.ctx.clock.now()))
        waiting = {run_id for run_id in sorted(now - self._before) if self.defer(SEND, str(run_id)) is False}
        self._before = now - waiting
