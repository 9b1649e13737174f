"""Whether the links of an issue lead anywhere: who asked for a trial when, and what came of the last one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from newsletter.store.tables import link_trial, person

PATIENCE = timedelta(minutes=2)  # after which a trial is taken for lost


@dataclass(frozen=True, slots=True)
class TrialRow:
    """`silent`: what became of the addresses that did not answer; None until the trial has come to its end."""

    issue_id: int
    asked_at: datetime
    asked_by: str  # the name
    addresses: tuple[str, ...]
    tried_at: datetime | None
    silent: Mapping[str, str] | None

    def running(self, now: datetime) -> bool:
        return self.tried_at is None and now - self.asked_at < PATIENCE


def ask(connection: Connection, issue_id: int, addresses: Iterable[str], *, person_id: int, now: datetime) -> None:
    """In place of what was known."""
    connection.execute(delete(link_trial).where(link_trial.c.issue_id == issue_id))
    values = {"issue_id": issue_id, "person_id": person_id, "asked_at": now, "addresses": list(addresses)}
    connection.execute(insert(link_trial).values(values))


def find(connection: Connection, issue_id: int) -> TrialRow | None:
    names = ("issue_id", "asked_at", "addresses", "tried_at", "silent")
    columns = [link_trial.c[name] for name in names]
    statement = select(*columns, person.c.name.label("asked_by")).join(person, person.c.id == link_trial.c.person_id)
    row = connection.execute(statement.where(link_trial.c.issue_id == issue_id)).one_or_none()
    return None if row is None else TrialRow(**{**row._mapping, "addresses": tuple(row.addresses)})


def waiting(connection: Connection, now: datetime) -> list[int]:
    """The issues whose links are to be tried."""
    asked = link_trial.c.tried_at.is_(None), link_trial.c.asked_at > now - PATIENCE
    return list(connection.execute(select(link_trial.c.issue_id).where(*asked)).scalars())


def keep(connection: Connection, trial: TrialRow, silent: Mapping[str, str], now: datetime) -> None:
    """What came of a trial, unless another was asked for meanwhile."""
    one = link_trial.c.issue_id == trial.issue_id, link_trial.c.asked_at == trial.asked_at
    connection.execute(update(link_trial).where(*one).values(tried_at=now, silent=dict(silent)))
