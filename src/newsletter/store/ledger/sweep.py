"""What a crash, a cancelled run or the passing of time leaves behind: rows 5, 8 and 10, done by whoever comes next."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from newsletter.store.ledger.sql import sql

# A worker whose heartbeat is older than this is taken for dead. Longer than an intent may wait for its body (30 s), so
# that a worker which only slept writes nothing after it was swept.
STALE_AFTER = timedelta(seconds=90)

# `alone`: this worker holds the lock under which one process dispatches, so all others are dead.
DEAD = """
    SELECT id FROM worker
     WHERE id <> :worker AND (stopped_at IS NOT NULL OR heartbeat_at < :stale OR :alone)
"""

# Row 5: sending -> unconfirmed; the worker's heartbeat is stale. Found by the attempts that are open, which are few.
UNCONFIRM_DELIVERIES = f"""
    UPDATE delivery
       SET state = 'unconfirmed', reason = 'the sending program stopped before it knew the outcome', changed_at = :now
     WHERE state = 'sending'
       AND (id, attempts) IN (SELECT a.delivery_id, a.number FROM attempt a
                               WHERE a.state = 'intent' AND a.worker_id IN ({DEAD}))
    RETURNING id
"""

# Of these alone: an intent that a worker wrote meanwhile, since it lives after all, is left to its outcome.
UNCONFIRM_ATTEMPTS = f"""
    UPDATE attempt
       SET state = 'unconfirmed', finished_at = :now
     WHERE delivery_id IN :deliveries AND state = 'intent' AND worker_id IN ({DEAD})
"""

# Claims of the dead are given back at once; the others expire by themselves (row 2).
RELEASE_CLAIMS = f"""
    UPDATE delivery
       SET claim_id = NULL, claimed_until = NULL
     WHERE state = 'pending' AND run_id = :run AND claim_id IN ({DEAD})
"""

STOP_DEAD = """
    UPDATE worker SET stopped_at = :now
     WHERE id <> :worker AND stopped_at IS NULL AND (heartbeat_at < :stale OR :alone)
"""

# Row 8: pending -> skipped; the run was cancelled.
SKIP_CANCELLED = """
    UPDATE delivery
       SET state = 'skipped', reason = COALESCE('cancelled: ' || (SELECT reason FROM run WHERE id = :run), 'cancelled'),
           serves = NULL, claim_id = NULL, claimed_until = NULL, changed_at = :now
     WHERE id IN (SELECT d.id FROM delivery d JOIN run ON run.id = d.run_id
                   WHERE run.id = :run AND run.state = 'cancelled' AND d.state = 'pending' LIMIT :size)
"""

TRYING = "SELECT id, give_up_after FROM run WHERE state = 'sending'"

# Row 10: pending -> rejected; past the run's give_up_after, counted from the first try (a run that was paused for days
# must not give up at its first "later").
GIVE_UP = """
    UPDATE delivery
       SET state = 'rejected', claim_id = NULL, claimed_until = NULL, changed_at = :now,
           reason = 'gave up after ' || attempts || CASE attempts WHEN 1 THEN ' try' ELSE ' tries' END
                    || COALESCE(', last reply: ' || (
                         SELECT NULLIF(a.reply, '') FROM attempt a
                          WHERE a.delivery_id = delivery.id AND a.number = delivery.attempts), '')
     WHERE id IN (SELECT d.id FROM delivery d
                   WHERE d.run_id = :run AND d.state = 'pending' AND d.trying_since <= :since LIMIT :size)
"""


def sweep(connection: Connection, worker: int, run: int, *, now: datetime, alone: bool) -> int:
    """Row 5, for all workers that died: their open attempts become unconfirmed, their claims free. Says how many."""
    values = {"worker": worker, "run": run, "now": now, "stale": now - STALE_AFTER, "alone": alone}
    times = ("now", "stale")
    doubtful = list(connection.execute(sql(UNCONFIRM_DELIVERIES, instants=times), values).scalars())
    attempts = sql(UNCONFIRM_ATTEMPTS, instants=times, lists=("deliveries",))
    connection.execute(attempts, values | {"deliveries": doubtful})
    connection.execute(sql(RELEASE_CLAIMS, instants=("stale",)), values)
    connection.execute(sql(STOP_DEAD, instants=times), values)
    return len(doubtful)


def skip_cancelled(connection: Connection, run: int, *, now: datetime, size: int = 500) -> int:
    """Row 8, at most `size` rows; call it until it says 0."""
    values = {"run": run, "now": now, "size": size}
    return connection.execute(sql(SKIP_CANCELLED, instants=("now",)), values).rowcount


def give_up(connection: Connection, *, now: datetime, size: int = 500) -> int:
    """Row 10, in all runs that are sending, at most `size` rows of each; call it until it says 0."""
    runs = connection.execute(sql(TRYING)).all()
    statement = sql(GIVE_UP, instants=("now", "since"))
    return sum(
        connection.execute(
            statement, {"run": run.id, "now": now, "since": now - timedelta(seconds=run.give_up_after), "size": size}
        ).rowcount
        for run in runs
    )
