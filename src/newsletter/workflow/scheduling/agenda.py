"""The schedule as people see and change it: what comes next, what is planned, what was not done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import Moment, say
from newsletter.model.draft import Draft
from newsletter.model.issue import IN_WORDS, IssueState, Step
from newsletter.model.permission import Action, require
from newsletter.model.recurrence import FiringState, instant, moment
from newsletter.store import firings, issues
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.workflow.content.rewriting import write_draft
from newsletter.workflow.context import Context, draft_path
from newsletter.workflow.scheduling.deciding import zone_for
from newsletter.workflow.scheduling.recurring import Recurring, recurring
from newsletter.workspace.loading import load_yaml

UNAPPROVED = say("planned, not approved")
LATEST = 20  # firings that were not done, newest first


@dataclass(frozen=True, slots=True)
class Entry:
    """A moment in its campaign's zone, which is named, and in UTC; and what happens then, or did not."""

    issue: str
    what: str  # gather, launch; of a planned issue: its state; of what was not done: missed, failed, held
    local: datetime
    zone: str
    utc: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Agenda:
    next: list[Entry]
    planned: list[Entry]
    undone: list[Entry]
    problems: list[str]


def agenda(ctx: Context, number: int = 3) -> Agenda:
    """`number`: firings a campaign."""
    found, problems = recurring(ctx)
    now = ctx.clock.now()
    with reading(ctx.engine) as connection:
        rows = issues.all_issues(connection)
        missed = firings.with_states(connection, [FiringState.MISSED, FiringState.FAILED], limit=LATEST)
    rows = with_hopes(ctx, rows)
    coming = [_coming(one, now, number) for one in found]
    planned = [_planned(ctx, row, now) for row in rows if row.stored is IssueState.SCHEDULED or _hopes(row)]
    undone = [_entry(ctx, row.campaign, row.planned_at, row.campaign, row.state.value, row.note) for row in missed]
    undone += [
        _entry(ctx, row.campaign, row.planned_at, row.name, row.state.value, row.note)
        for row in rows
        if row.planned_at is not None and row.state in (IssueState.MISSED, IssueState.HELD)
    ]
    return Agenda(
        sorted((entry for some in coming for entry in some), key=lambda entry: entry.utc),
        sorted(planned, key=lambda entry: entry.utc),
        sorted(undone, key=lambda entry: entry.utc, reverse=True),
        [str(problem) for problem in problems],
    )


def _coming(one: Recurring, now: datetime, number: int) -> list[Entry]:
    return [
        Entry(
            f"{one.campaign}/{one.key(each.wall)}",
            one.recurrence.action,
            each.at.astimezone(one.zone),
            one.zone.key,
            each.at,
            surprise(each.wall, one.zone),
        )
        for each in islice(one.firings(now), number)
    ]


def surprise(wall: datetime, zone: ZoneInfo) -> str | None:
    """What clocks do to a wall time, where they do something."""
    if instant(wall, zone).astimezone(zone).replace(tzinfo=None) != wall:
        return say("clocks skip %(time)s that day: the first moment after", time=f"{wall:%H:%M}")
    first, second = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    if first == second:
        return None
    return say("clocks show %(time)s twice that day: the first time", time=f"{wall:%H:%M}")


def both(note: str | None, more: str | None) -> str | None:
    """Two remarks as one, where there are two."""
    return say("%(note)s; %(more)s", note=note, more=more) if note and more else note or more


def _hopes(row: IssueRow) -> bool:
    return row.state in (IssueState.IN_REVIEW, IssueState.DRAFT) and row.planned_at is not None


def with_hopes(ctx: Context, rows: Sequence[IssueRow]) -> list[IssueRow]:
    """The issues, those that are drafts with the times that their files name: nobody has approved these yet."""
    return [_with_hope(ctx, row) if row.state is IssueState.DRAFT else row for row in rows]


def _with_hope(ctx: Context, row: IssueRow) -> IssueRow:
    try:
        planned = ctx.draft(row.campaign, row.key).planned
        at = instant(moment(planned), zone_for(ctx, row.campaign)) if planned else None
    except NewsletterError:  # no file, or one that cannot be read: checking names it
        at = None
    if at is None:
        return replace(row, planned_at=None)
    return replace(row, planned_at=at, note=both(row.note, UNAPPROVED))


def _planned(ctx: Context, row: IssueRow, now: datetime) -> Entry:
    note = say("needs an approval before") if row.state is IssueState.IN_REVIEW else row.note
    assert row.planned_at is not None
    if row.state is IssueState.SENDING:
        note = say(
            "its launch has begun; if it stands still: newsletter send %(issue)s, or cancel %(issue)s", issue=row.name
        )
    return _entry(ctx, row.campaign, row.planned_at, row.name, row.state.value, note)


def _entry(ctx: Context, campaign: str, at: datetime | None, name: str, what: str, note: str | None) -> Entry:
    assert at is not None
    zone = zone_for(ctx, campaign)
    return Entry(name, what, at.astimezone(zone), zone.key, at, note)


# Planning


def plan_issue(ctx: Context, row: IssueRow, when: str, person: Person) -> Entry:
    """Writes a planned time into the draft. What was approved names another time, so approvals fall."""
    require(person.name, person.roles, Action.EDIT)
    try:
        wall = moment(when)
    except NewsletterError as error:
        raise UsageError(*error.args) from None
    zone = zone_for(ctx, row.campaign)
    at = instant(wall, zone)
    if at <= ctx.clock.now() + timedelta(seconds=1):
        raise UsageError(
            say(
                "%(time)s is past: name a time to come, or send it now.",
                time=Moment(wall, zone.key),
            )
        )
    fallen = _write_planned(ctx, row, f"{wall:%Y-%m-%d %H:%M}", person)
    return Entry(row.name, "planned", at.astimezone(zone), zone.key, at, both(fallen, surprise(wall, zone)))


def unplan_issue(ctx: Context, row: IssueRow, person: Person) -> bool:
    """Takes a scheduled issue out of the schedule: it stays approved (True). Else takes the time out of its draft."""
    require(person.name, person.roles, Action.EDIT)
    with writing(ctx.engine) as connection:
        issue = issues.lock(connection, row.id)
        if issue.state is IssueState.SCHEDULED:
            issues.step(connection, issue, Step.UNSCHEDULE, person_id=person.id, now=ctx.clock.now())
            issues.plan(connection, issue.id, None)
            return True
    if ctx.draft(row.campaign, row.key).planned is None:
        raise UsageError(
            say(
                "%(issue)s is %(state)s and has no planned time: there is nothing to remove.",
                issue=row.name,
                state=IN_WORDS[row.state],
            )
        )
    _write_planned(ctx, row, None, person)
    return False


def _write_planned(ctx: Context, row: IssueRow, planned: str | None, person: Person) -> str | None:
    """Says which approval falls."""
    path = draft_path(row.campaign, row.key)
    with ctx.documents.changing():
        before = ctx.documents.text(path)
        after = with_planned(before, planned)
        if load_yaml(after, path, Draft) != load_yaml(before, path, Draft).model_copy(update={"planned": planned}):
            raise NewsletterError(
                say(
                    "%(path)s has an unusual form: write `planned: %(planned)s` into it by hand.",
                    path=path,
                    planned=planned,
                )
            )
        return write_draft(ctx, row, after, f"plan for {planned}" if planned else "plan for no time", person)


_LINE = re.compile(r"^planned:[^#\n]*?([ \t]*#[^\n]*)?(\n|\Z)", re.MULTILINE)
_KEY = re.compile(r"^[a-z_]+:", re.MULTILINE)


def with_planned(text: str, planned: str | None) -> str:
    """A draft's text with another planned time; every other line stays as people wrote it."""
    line = "" if planned is None else f"planned: {planned}"
    if (found := _LINE.search(text)) is not None:
        kept = found.group(1) or ""
        new = f"{line}{kept}".strip() + found.group(2) if line else ""
        return text[: found.start()] + new + text[found.end() :]
    at = first.start() if (first := _KEY.search(text)) is not None else len(text)
    return text[:at] + (line and line + "\n") + text[at:]
