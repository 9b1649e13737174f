"""Warnings of the checks that somebody accepted, with the reason: kept with the issue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.model.permission import Action, require
from newsletter.store import audit
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.store.tables import acceptance, person
from newsletter.workflow.context import Context

if TYPE_CHECKING:
    from newsletter.checks import Finding

LONGEST = 2000  # characters of a reason


@dataclass(frozen=True, slots=True)
class Accepted:
    told: str  # what the warning said
    reason: str
    by: str
    at: datetime


def key_of(finding: Finding) -> str:
    """The same as long as the finding says the same about the same place, on whichever line that is now."""
    where = finding.where
    told = (finding.code, where.file or "", *sorted(where.languages), "", *sorted(where.articles), finding.what)
    return sha256("\0".join(told).encode()).hexdigest()


def accepted(ctx: Context, issue: IssueRow) -> dict[str, Accepted]:
    """What was accepted for an issue, by the keys of the findings."""
    columns = (acceptance.c.finding, acceptance.c.told, acceptance.c.reason, person.c.name, acceptance.c.at)
    statement = select(*columns).join(person, person.c.id == acceptance.c.person_id)
    with reading(ctx.engine) as connection:
        rows = connection.execute(statement.where(acceptance.c.issue_id == issue.id))
        return {row.finding: Accepted(row.told, row.reason, row.name, row.at) for row in rows}


def accept(ctx: Context, issue: IssueRow, findings: Iterable[Finding], key: str, reason: str, who: Person) -> None:
    """Notes why a warning may stand. UsageError for an error, which must be mended, and without a reason."""
    require(who.name, who.roles, Action.EDIT)
    finding = next((each for each in findings if key_of(each) == key), None)
    if finding is None:
        raise UsageError(say("The checks no longer say this: look at what they say now."))
    if finding.error:
        raise UsageError(say("This blocks the send, so it cannot be accepted: mend it."))
    reason = reason.strip()
    if not reason or len(reason) > LONGEST:
        raise UsageError(say("Say in a few words why this may stand, so that whoever approves the issue knows."))
    at = ctx.clock.now()
    with writing(ctx.engine) as connection:
        connection.execute(delete(acceptance).where(acceptance.c.issue_id == issue.id, acceptance.c.finding == key))
        values = {"issue_id": issue.id, "finding": key, "told": finding.what, "reason": reason, "person_id": who.id}
        connection.execute(insert(acceptance).values(values | {"at": at}))
        data = {"code": finding.code, "reason": reason}
        audit.note(connection, "accept", f"issue:{issue.id}", at=at, person_id=who.id, data=data)


def withdraw(ctx: Context, issue: IssueRow, key: str, who: Person) -> None:
    """The warning stands again."""
    require(who.name, who.roles, Action.EDIT)
    with writing(ctx.engine) as connection:
        connection.execute(delete(acceptance).where(acceptance.c.issue_id == issue.id, acceptance.c.finding == key))
        data = {"finding": key}
        audit.note(connection, "withdraw", f"issue:{issue.id}", at=ctx.clock.now(), person_id=who.id, data=data)
