"""Firing rows: one per campaign and planned wall time, whoever looks and however often (invariant 7).

none -> due                   look       unique on campaign and wall time
due -> started                take       by one process; again by another where it died
due, started -> fired, failed, missed    settle
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, update

from newsletter.model.recurrence import Firing, FiringState
from newsletter.store.ledger.sql import sql
from newsletter.store.tables import firing, meta

# A process that took a firing and said nothing for so long has died: what it did is done again (it does no harm).
STALE_AFTER = timedelta(minutes=15)
LOOKED = "schedule.looked_at"  # in `meta`: until when each campaign's rule was looked at, as JSON

ADD = """
    INSERT INTO firing (campaign, planned_wall, planned_at, state, fired_at)
    VALUES (:campaign, :wall, :at, 'due', :now)
        ON CONFLICT (campaign, planned_wall) DO NOTHING
"""
REMEMBER = "INSERT INTO meta (key, value) VALUES (:key, '{}') ON CONFLICT (key) DO NOTHING"


@dataclass(frozen=True, slots=True)
class FiringRow:
    id: int
    campaign: str
    wall: datetime  # naive: what the rule says
    planned_at: datetime
    state: FiringState
    issue_id: int | None
    note: str | None
    fired_at: datetime  # when it was last acted on


def looked_at(connection: Connection) -> dict[str, datetime]:
    """Until when each campaign's rule was looked at; a campaign that is not there is new."""
    text = connection.execute(select(meta.c.value).where(meta.c.key == LOOKED)).scalar()
    return {name: datetime.fromisoformat(at) for name, at in json.loads(text or "{}").items()}


def look(connection: Connection, found: Mapping[str, Iterable[Firing]], known: Collection[str], now: datetime) -> None:
    """Writes down what has come due since the last look. `known`: all campaigns there are, read or not.

    Looking again, from anywhere and at any time, adds nothing: so a clock that steps back does no harm. What a clock
    that ran ahead has called missed becomes open again.
    """
    connection.execute(sql(REMEMBER), {"key": LOOKED})
    connection.execute(select(meta.c.value).where(meta.c.key == LOOKED).with_for_update())
    for campaign, some in found.items():
        ahead = firing.c.campaign == campaign, firing.c.planned_at > now, firing.c.state.in_(["due", "missed"])
        connection.execute(delete(firing).where(*ahead))
        for each in some:
            row = {"campaign": campaign, "wall": each.wall.isoformat(), "at": each.at, "now": now}
            connection.execute(sql(ADD, instants=("at", "now")), row)
    looked = {**looked_at(connection), **dict.fromkeys(found, now)}
    value = json.dumps({name: at.isoformat() for name, at in looked.items() if name in known})
    connection.execute(update(meta).where(meta.c.key == LOOKED).values(value=value))


def open_firings(connection: Connection, now: datetime) -> list[FiringRow]:
    """Those on which somebody should act, oldest first."""
    return _rows(connection, _open(now), limit=None)


def take(connection: Connection, id_: int, now: datetime) -> FiringRow | None:
    """Makes a firing ours: exactly one of several that try gets it."""
    statement = update(firing).where(firing.c.id == id_, _open(now))
    if not connection.execute(statement.values(state=FiringState.STARTED.value, fired_at=now)).rowcount:
        return None
    return _rows(connection, firing.c.id == id_, limit=1)[0]


def settle(
    connection: Connection,
    row: FiringRow,
    state: FiringState,
    *,
    now: datetime,
    note: str | None = None,
    issue_id: int | None = None,
) -> bool:
    """Ends a firing that is as we read it; says whether it was (somebody else may have been quicker)."""
    same = firing.c.id == row.id, firing.c.state == row.state.value, firing.c.fired_at == row.fired_at
    values = {"state": state.value, "note": note, "issue_id": issue_id, "fired_at": now}
    return bool(connection.execute(update(firing).where(*same).values(values)).rowcount)


def with_states(connection: Connection, states: Iterable[FiringState], *, limit: int) -> list[FiringRow]:
    """The latest, newest first."""
    return _rows(connection, firing.c.state.in_([state.value for state in states]), limit=limit)[::-1]


def _open(now: datetime) -> ColumnElement[bool]:
    dead = and_(firing.c.state == FiringState.STARTED.value, firing.c.fired_at < now - STALE_AFTER)
    return or_(firing.c.state == FiringState.DUE.value, dead)


def _rows(connection: Connection, where: ColumnElement[bool], *, limit: int | None) -> list[FiringRow]:
    statement = select(firing).where(where).order_by(firing.c.planned_at.desc(), firing.c.id.desc()).limit(limit)
    return [
        FiringRow(
            row.id,
            row.campaign,
            datetime.fromisoformat(row.planned_wall),
            row.planned_at,
            FiringState(row.state),
            row.issue_id,
            row.note,
            row.fired_at,
        )
        for row in connection.execute(statement)
    ][::-1]
