"""The steps of a run, each one statement that holds only in the states that model.delivery.RUN_TRANSITIONS allows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert

from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.model.delivery import RUN_IN_WORDS, RUN_TRANSITIONS, RunState
from newsletter.store.ledger.sql import sql
from newsletter.store.tables import audit

MOVE = """
    UPDATE run
       SET state = :state, reason = :reason, done_at = CASE WHEN :ended THEN :now ELSE done_at END
     WHERE id = :run AND state IN :from
"""

# Done: nothing waits and nothing is under way. What is unconfirmed is listed, and does not keep the run open.
FINISH = """
    UPDATE run
       SET state = 'done', done_at = :now
     WHERE id = :run AND state = 'sending'
       AND NOT EXISTS (SELECT 1 FROM delivery WHERE run_id = :run AND state IN ('pending', 'sending'))
"""

# Others took a worker for dead and finished its run, and then it woke and said of a message in doubt that it had not
# left: that one waits again, and the run goes on.
REOPEN = """
    UPDATE run SET state = 'sending', done_at = NULL
     WHERE id = :run AND state = 'done'
       AND EXISTS (SELECT 1 FROM delivery WHERE run_id = :run AND state = 'pending')
"""

STATE = "SELECT state, reason FROM run WHERE id = :run"


class NotThisRun(NewsletterError):
    """The run's state does not allow this step."""


@dataclass(frozen=True, slots=True)
class By:
    """Who moves a run, and when; `person` is None where the program itself does (a refused log-in, say)."""

    person: int | None
    now: datetime
    reason: str | None = None


def pause(connection: Connection, run: int, by: By) -> None:
    """No further message leaves; those under way are finished."""
    _move(connection, run, RunState.PAUSED, by)


def resume(connection: Connection, run: int, by: By) -> None:
    _move(connection, run, RunState.SENDING, by, only_from=(RunState.PAUSED,))


def cancel(connection: Connection, run: int, by: By) -> None:
    """Ends the run; what was waiting becomes skipped, in bites (`sweep.skip_cancelled`)."""
    _move(connection, run, RunState.CANCELLED, by)


def start(connection: Connection, run: int, by: By) -> None:
    """The launch is complete: deliveries may be claimed."""
    _move(connection, run, RunState.SENDING, by, only_from=(RunState.LAUNCHING,))


def finish(connection: Connection, run: int, *, now: datetime) -> bool:
    """Says whether the run is now done."""
    return bool(connection.execute(sql(FINISH, instants=("now",)), {"run": run, "now": now}).rowcount)


def reopen(connection: Connection, run: int) -> bool:
    """Whether a run that was done has something to send again."""
    return bool(connection.execute(sql(REOPEN), {"run": run}).rowcount)


def state_of(connection: Connection, run: int) -> tuple[RunState, str | None]:
    row = connection.execute(sql(STATE), {"run": run}).one()
    return RunState(row.state), row.reason


def _move(
    connection: Connection, run: int, to: RunState, by: By, *, only_from: tuple[RunState, ...] | None = None
) -> None:
    allowed = only_from or tuple(state for state, after in RUN_TRANSITIONS.items() if to in after)
    values = {
        "run": run,
        "state": to.value,
        "reason": by.reason,
        "now": by.now,
        "ended": to is RunState.CANCELLED,
        "from": [state.value for state in allowed],
    }
    if not connection.execute(sql(MOVE, instants=("now",), lists=("from",)), values).rowcount:
        state, _ = state_of(connection, run)
        raise NotThisRun(
            say("A send that is %(state)s cannot become %(to)s.", state=RUN_IN_WORDS[state], to=RUN_IN_WORDS[to])
        )
    row = {"at": by.now, "person_id": by.person, "action": f"run {to.value}", "subject": f"run {run}"}
    connection.execute(insert(audit), row | {"data": {"reason": by.reason}})
