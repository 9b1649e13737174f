"""Row 2 within limits: how many may be claimed now, of which domains none, and what that uses up.

All in the transaction of the claim, so that limits hold over a restart and over any number of workers. What is claimed
counts, whether it leaves a moment later or not: the limit is never passed, and at a stop a little of it may be lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from newsletter.pace import Allowance, Limits, Window, allowance, used
from newsletter.store.ledger.canary import Held, Watch, watch
from newsletter.store.ledger.claim import Claimed, claim, unclaim
from newsletter.store.ledger.sql import sql
from newsletter.store.tables import hold, pace

WHOLE = ""  # the scope of the transport as a whole
RESTS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120))

# Runs that want something of the same transport now: a limit is shared among them.
WANTING = """
    SELECT COUNT(*) FROM run
     WHERE run.transport = :transport AND run.state = 'sending'
       AND EXISTS (SELECT 1 FROM delivery d
                    WHERE d.run_id = run.id AND d.state = 'pending' AND d.not_before <= :now)
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """What was claimed. `until`: a limit or a rest holds back more, and until when; None: nothing more is due."""

    rows: list[Claimed]
    until: datetime | None = None
    more: bool = False  # ask again at once
    stop: str | None = None  # why the run must pause


@dataclass(frozen=True, slots=True)
class Of:
    """Whose turn it is."""

    run: int
    worker: int
    transport: str
    limits: Limits
    canary: Watch | None = None


def claim_within(connection: Connection, whose: Of, *, size: int, now: datetime) -> Turn:
    """As `claim`, within the limits of the transport and its domains."""
    if (quiet := whose.limits.quiet_until(now)) is not None:
        return Turn([], quiet)
    _lock(connection, whose.transport)
    first = watch(connection, whose.run, whose.canary, now=now) if whose.canary else Held()
    if first.until is not None or first.stop is not None:
        return Turn([], first.until, stop=first.stop)
    used_up = windows(connection, whose.transport)
    caps = whose.limits.caps_at(now)
    whole = allowance(caps, used_up.get(WHOLE, {}), now)
    if whole.number == 0:
        return Turn([], whole.until)
    wanted = size if whole.number is None else min(size, _share(connection, whose, whole.number, now))
    wanted = wanted if first.size is None else min(wanted, first.size)
    resting, ends = _resting(connection, whose, used_up, now)
    rows = claim(connection, whose.run, whose.worker, size=wanted, now=now, without=sorted(resting))
    kept, surplus = _within_domains(whose.limits, used_up, rows, now)
    if surplus:
        unclaim(connection, [row.id for row in surplus])
    _use(connection, whose, caps, used_up, kept, now)
    full = len(rows) == wanted
    until = min(ends, default=None)
    return Turn(kept, None if kept else until, more=full or bool(surplus))


def put_off_domain(connection: Connection, transport: str, domain: str, reason: str, *, now: datetime) -> datetime:
    """A domain that says "later" again and again is given a rest, longer each time; says until when."""
    there = hold.c.transport == transport, hold.c.domain == domain
    before = connection.execute(select(hold.c.tries, hold.c.until).where(*there)).first()
    if before is not None and before.until > now:
        until: datetime = before.until
        return until
    tries = 0 if before is None else min(before.tries + 1, len(RESTS) - 1)
    until = now + RESTS[tries]
    values = {"transport": transport, "domain": domain, "until": until, "tries": tries, "reason": reason, "at": now}
    connection.execute(delete(hold).where(*there))
    connection.execute(hold.insert().values(values))
    return until


def domain_recovered(connection: Connection, transport: str, domains: Iterable[str]) -> None:
    """They take mail again."""
    connection.execute(delete(hold).where(hold.c.transport == transport, hold.c.domain.in_(list(domains))))


def _lock(connection: Connection, transport: str) -> None:
    """Two workers on PostgreSQL share the limit one after the other; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sql("SELECT pg_advisory_xact_lock(20261125, hashtext(:name))"), {"name": transport})


def _share(connection: Connection, whose: Of, number: int, now: datetime) -> int:
    wanting = connection.execute(
        sql(WANTING, instants=("now",)), {"transport": whose.transport, "now": now}
    ).scalar_one()
    return max(1, -(-number // max(int(wanting), 1)))


def windows(connection: Connection, transport: str) -> dict[str, dict[int, Window]]:
    """What is used up, by scope ('' is the transport as a whole) and length in seconds."""
    found: dict[str, dict[int, Window]] = {}
    for row in connection.execute(select(pace).where(pace.c.transport == transport)):
        found.setdefault(row.scope, {})[row.seconds] = Window(row.started_at, row.used)
    return found


def _resting(
    connection: Connection, whose: Of, windows: Mapping[str, Mapping[int, Window]], now: datetime
) -> tuple[set[str], list[datetime]]:
    """Domains of which nothing is claimed now, and when each comes back."""
    chosen = select(hold.c.domain, hold.c.until).where(hold.c.transport == whose.transport, hold.c.until > now)
    resting = {row.domain: row.until for row in connection.execute(chosen)}
    for domain, of_domain in windows.items():
        left = allowance(whose.limits.caps_of(domain), of_domain, now) if domain else Allowance(None)
        if left.number == 0 and left.until is not None:
            resting[domain] = max(left.until, resting.get(domain, left.until))
    return set(resting), list(resting.values())


def _within_domains(
    limits: Limits, windows: Mapping[str, Mapping[int, Window]], rows: Sequence[Claimed], now: datetime
) -> tuple[list[Claimed], list[Claimed]]:
    if not limits.domains:
        return list(rows), []
    kept, surplus, taken = list[Claimed](), list[Claimed](), Counter[str]()
    for row in rows:
        left = allowance(limits.caps_of(row.domain), windows.get(row.domain, {}), now).number
        if left is not None and taken[row.domain] >= left:
            surplus.append(row)
        else:
            taken[row.domain] += 1
            kept.append(row)
    return kept, surplus


def _use(
    connection: Connection,
    whose: Of,
    caps: Mapping[int, int],
    windows: Mapping[str, Mapping[int, Window]],
    rows: Sequence[Claimed],
    now: datetime,
) -> None:
    counted = {WHOLE: (caps, len(rows))} if rows else {}
    for domain, number in Counter(row.domain for row in rows).items():
        counted[domain] = (whose.limits.caps_of(domain), number)
    values = [
        {
            "transport": whose.transport,
            "scope": scope,
            "seconds": seconds,
            "started_at": after.started_at,
            "used": after.used,
        }
        for scope, (its_caps, number) in counted.items()
        for seconds in its_caps
        for after in [used(windows.get(scope, {}).get(seconds), seconds, number, now)]
    ]
    if not values:
        return
    into = postgresql.insert(pace) if connection.dialect.name == "postgresql" else sqlite.insert(pace)
    keys = ["transport", "scope", "seconds"]
    changed = {"started_at": into.excluded.started_at, "used": into.excluded.used}
    connection.execute(into.on_conflict_do_update(index_elements=keys, set_=changed), values)
