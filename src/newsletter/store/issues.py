"""Issue rows: one occurrence of a campaign, with its stored state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from newsletter.model.delivery import RunState
from newsletter.model.issue import IssueState, Step, after, shown
from newsletter.store import audit
from newsletter.store.tables import issue, run


@dataclass(frozen=True, slots=True)
class IssueRow:
    id: int
    campaign: str
    key: str
    state: IssueState  # as people see it
    stored: IssueState
    planned_at: datetime | None
    note: str | None
    changed_by: int | None

    @property
    def name(self) -> str:
        return f"{self.campaign}/{self.key}"


def find(connection: Connection, campaign: str, key: str) -> IssueRow | None:
    row = connection.execute(select(issue).where(issue.c.campaign == campaign, issue.c.key == key)).first()
    return None if row is None else _issue(connection, row)


def get(connection: Connection, id_: int) -> IssueRow:
    return _issue(connection, connection.execute(select(issue).where(issue.c.id == id_)).one())


def lock(connection: Connection, id_: int) -> IssueRow:
    """An issue that nobody else can take through a step until this transaction ends."""
    connection.execute(select(issue.c.id).where(issue.c.id == id_).with_for_update())  # SQLite has one writer anyway
    return get(connection, id_)


def all_issues(connection: Connection, campaign: str | None = None) -> list[IssueRow]:
    """Newest key first."""
    statement = select(issue).order_by(issue.c.campaign, issue.c.key.desc())
    if campaign is not None:
        statement = statement.where(issue.c.campaign == campaign)
    return [_issue(connection, row) for row in connection.execute(statement).all()]


def ensure(connection: Connection, campaign: str, key: str, *, person_id: int, now: datetime) -> IssueRow:
    found = find(connection, campaign, key)
    if found is not None:
        return found
    values = {
        "campaign": campaign,
        "key": key,
        "state": IssueState.DRAFT.value,
        "changed_by": person_id,
        "created_at": now,
        "updated_at": now,
    }
    connection.execute(insert(issue).values(values))
    made = find(connection, campaign, key)
    assert made is not None
    return made


def step(
    connection: Connection, row: IssueRow, step: Step, *, person_id: int | None, now: datetime, note: str | None = None
) -> IssueRow:
    """Takes an issue through a step of the transition table; NotNow where its state forbids it. Audited."""
    state = after(row.state, step)
    values: dict[str, object] = {"state": state.value, "note": note, "updated_at": now}
    connection.execute(update(issue).where(issue.c.id == row.id).values(values))
    _audit(connection, row.id, step, row.state, person_id=person_id, now=now)
    return get(connection, row.id)


def launched(connection: Connection, id_: int, *, person_id: int, now: datetime) -> None:
    """A run has begun: what was scheduled is so no longer. Said again, it changes nothing."""
    scheduled = issue.c.id == id_, issue.c.state == IssueState.SCHEDULED.value
    values = {"state": after(IssueState.SCHEDULED, Step.LAUNCH).value, "note": None, "updated_at": now}
    if connection.execute(update(issue).where(*scheduled).values(values)).rowcount:
        _audit(connection, id_, Step.LAUNCH, IssueState.SCHEDULED, person_id=person_id, now=now)


def changed(connection: Connection, id_: int, *, person_id: int, now: datetime) -> None:
    """Somebody changed what the issue says."""
    connection.execute(update(issue).where(issue.c.id == id_).values(changed_by=person_id, updated_at=now))


def plan(connection: Connection, id_: int, planned_at: datetime | None) -> None:
    connection.execute(update(issue).where(issue.c.id == id_).values(planned_at=planned_at))


def _audit(
    connection: Connection, id_: int, step: Step, from_: IssueState, *, person_id: int | None, now: datetime
) -> None:
    audit.note(connection, step.value, f"issue:{id_}", at=now, person_id=person_id, data={"from": from_.value})


def _issue(connection: Connection, row: Row[Any]) -> IssueRow:
    runs = connection.execute(
        select(run.c.state).where(run.c.issue_id == row.id, ~run.c.rehearsal).order_by(run.c.number)
    ).scalars()
    stored = IssueState(row.state)
    return IssueRow(
        id=row.id,
        campaign=row.campaign,
        key=row.key,
        state=shown(stored, [RunState(state) for state in runs]),
        stored=stored,
        planned_at=row.planned_at,
        note=row.note,
        changed_by=row.changed_by,
    )
