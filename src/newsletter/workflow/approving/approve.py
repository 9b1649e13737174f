"""Approval: by a named person, of what was frozen, with the number of recipients."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.errors import UsageError, nearest
from newsletter.i18n import say
from newsletter.model.approval import Given, approved_count, check_approver, in_words, lacking
from newsletter.model.issue import IN_WORDS, IssueState, Step
from newsletter.model.permission import Action, require
from newsletter.store import approvals, editions, issues
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.workflow.approving.freeze import to_serve
from newsletter.workflow.context import Context


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the approval of an edition stands."""

    edition: EditionRow
    lacks: tuple[str | None, ...]  # None: its approval as a whole, else a language without its sign-off
    approved: int | None  # the recipient count that was approved

    @property
    def missing(self) -> tuple[str, ...]:
        """The same in words."""
        return tuple(map(in_words, self.lacks))


def latest_edition(ctx: Context, issue: IssueRow) -> EditionRow:
    with reading(ctx.engine) as connection:
        found = editions.latest(connection, issue.id)
    if found is None:
        raise UsageError(
            say("%(issue)s has no edition yet: freeze it with `newsletter submit %(issue)s`.", issue=issue.name)
        )
    return found


def standing(ctx: Context, edition: EditionRow) -> Standing:
    with reading(ctx.engine) as connection:
        given = [
            Given(each.edition_hash, each.recipient_count, each.language, each.language_hash)
            for each in approvals.valid(connection, edition.id)
        ]
    lacks = lacking(
        given,
        edition_hash=edition.hash,
        language_hashes=edition.language_hashes,
        sign_off=edition.definition["sign_off"],
    )
    return Standing(edition, tuple(lacks), approved_count(given, edition.hash))


def approve(
    ctx: Context, issue: IssueRow, person: Person, *, language: str | None = None, comment: str | None = None
) -> Standing:
    """Approves the latest edition, or signs off one of its languages; schedules it where its time is planned."""
    require(person.name, person.roles, Action.APPROVE)
    check_approver(person.id, issue.changed_by, approve_own=ctx.settings.approve_own)
    edition = latest_edition(ctx, issue)
    if issue.state not in (IssueState.IN_REVIEW, IssueState.APPROVED, IssueState.HELD, IssueState.MISSED):
        raise UsageError(
            say(
                "%(issue)s is %(state)s, so there is nothing to approve: submit it first with `newsletter "
                "submit %(issue)s`.",
                issue=issue.name,
                state=IN_WORDS[issue.state],
            )
        )
    if language is not None and language not in edition.language_hashes:
        raise UsageError(
            say(
                "The edition has no language %(language)r: %(hint)s",
                language=language,
                hint=nearest(language, edition.language_hashes),
            )
        )
    recipients = to_serve(ctx, issue, edition)
    with writing(ctx.engine) as connection:
        approvals.add(
            connection,
            edition_id=edition.id,
            edition_hash=edition.hash,
            recipient_count=recipients,
            language=language,
            language_hash=edition.language_hashes[language] if language else None,
            person_id=person.id,
            decision="approved",
            comment=comment,
            at=ctx.clock.now(),
        )
    now = standing(ctx, edition)
    if not now.missing:
        _advance(ctx, issue, edition, person)
    return now


def ask_for_changes(ctx: Context, issue: IssueRow, person: Person, comment: str) -> None:
    """Sends the issue back to its authors, with what should change."""
    require(person.name, person.roles, Action.APPROVE)
    edition = latest_edition(ctx, issue)
    with writing(ctx.engine) as connection:
        approvals.add(
            connection,
            edition_id=edition.id,
            edition_hash=edition.hash,
            recipient_count=0,
            person_id=person.id,
            decision="changes",
            comment=comment,
            at=ctx.clock.now(),
        )
        issues.step(connection, issue, Step.ASK_CHANGES, person_id=person.id, now=ctx.clock.now(), note=comment)


def _advance(ctx: Context, issue: IssueRow, edition: EditionRow, person: Person) -> None:
    """Approved; an edition with a planned time is scheduled by that."""
    planned, now = edition.definition["planned"], ctx.clock.now()
    with writing(ctx.engine) as connection:
        row = issues.step(connection, issue, Step.APPROVE, person_id=person.id, now=now)
        if planned != "now" and datetime.fromisoformat(planned) > now:
            issues.step(connection, row, Step.SCHEDULE, person_id=person.id, now=now)
