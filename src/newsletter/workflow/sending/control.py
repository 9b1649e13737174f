"""Pause, resume and cancel the runs of an issue; and what has left meanwhile."""

from __future__ import annotations

import time
from datetime import datetime

from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.model.delivery import RunState
from newsletter.model.issue import IN_WORDS, Step
from newsletter.model.permission import Action, require
from newsletter.store import issues, ledger, runs
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.workflow.context import Context

DONE = {"pause": "paused by", "resume": "resumed by", "cancel": "cancelled by"}
_TO = {"pause": say("pause"), "resume": say("resume"), "cancel": say("cancel")}
_WHO = {"pause": Action.PAUSE, "resume": Action.APPROVE, "cancel": Action.APPROVE}
_STEPS = {"pause": ledger.pause, "resume": ledger.resume, "cancel": ledger.cancel}
_FROM = {
    "pause": (RunState.SENDING,),
    "resume": (RunState.PAUSED,),
    "cancel": (RunState.SENDING, RunState.PAUSED, RunState.LAUNCHING),
}


def control(ctx: Context, issue: IssueRow, what: str, person: Person, *, within: float | None = None) -> str:
    """Moves every run that can be moved; an issue that is not sending yet is cancelled itself.

    Nothing leaves from the first moment. That what waited in a cancelled run becomes `skipped` may take long: `within`
    bounds the seconds spent on it here, and housekeeping does the rest.
    """
    require(person.name, person.roles, _WHO[what])
    now = ctx.clock.now()
    with reading(ctx.engine) as connection:
        open_runs = [run for run in runs.of_issue(connection, issue.id) if run.state in _FROM[what]]
    if not open_runs:
        if what == "cancel":
            with writing(ctx.engine) as connection:
                issues.step(connection, issue, Step.CANCEL, person_id=person.id, now=now)
            return f"{issue.name} is cancelled; nothing had been sent."
        raise UsageError(
            say(
                "%(issue)s is %(state)s: there is nothing to %(what)s.",
                issue=issue.name,
                state=IN_WORDS[issue.state],
                what=_TO[what],
            )
        )
    said = []
    for run in open_runs:
        by = ledger.By(person.id, now, f"{DONE[what]} {person.name}")
        with writing(ctx.engine) as connection:
            _STEPS[what](connection, run.id, by)
        if what == "cancel":
            _leave_out(ctx, run.id, now, within)
        with reading(ctx.engine) as connection:
            sums = ledger.run_sums(connection, run.id)
        kind = "Rehearsal" if run.rehearsal else "Run"
        said.append(f"{kind} {run.number} of {issue.name}: {DONE[what]} {person.name}. {sums.line}")
    return "\n".join(said)


def _leave_out(ctx: Context, run_id: int, now: datetime, within: float | None) -> None:
    ends = None if within is None else time.monotonic() + within
    while ends is None or time.monotonic() < ends:
        with writing(ctx.engine) as connection:
            if not ledger.skip_cancelled(connection, run_id, now=now):
                return
