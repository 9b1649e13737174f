"""Composition -> edition: frozen, proved against a plain render, and put up for approval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select

from newsletter.audience.count import Count, explain
from newsletter.audience.select import ranked
from newsletter.errors import NewsletterError, Problem, ProblemsFound
from newsletter.message import serial
from newsletter.model.issue import IssueState, Step
from newsletter.model.permission import Action, require
from newsletter.store import approvals, editions, issues, links
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.store.tables import delivery
from newsletter.tokens import INERT_ID
from newsletter.workflow.audience import audience_rule, frozen_rule
from newsletter.workflow.checking.check import errors
from newsletter.workflow.composing.compose import compose
from newsletter.workflow.composing.composition import Composition
from newsletter.workflow.composing.reading_pages import pages_of
from newsletter.workflow.context import Context
from newsletter.workflow.people.witnesses import witnesses_of

PROVED = 5  # real contacts a language whose spliced message is compared with a plain render


@dataclass(frozen=True, slots=True)
class Submitted:
    edition: EditionRow
    count: Count
    recipients: int  # those of them whom no earlier run has served
    new: bool  # false where the latest edition says the same already


class ChecksFailed(NewsletterError):
    """Errors that must be mended before anybody is asked to approve."""


def submit(ctx: Context, issue: IssueRow, person: Person, *, now: bool = False) -> Submitted:
    """Freezes the issue as it stands and asks for approval. The same content is never frozen twice."""
    require(person.name, person.roles, Action.EDIT)
    made = compose(ctx, issue, now=now)
    prove(ctx, made)
    if blocking := errors(ctx, made):
        raise ChecksFailed("\n".join(map(str, blocking)))
    at = ctx.clock.now()
    with reading(ctx.engine) as connection:
        last = editions.latest(connection, issue.id)
        row = issues.get(connection, issue.id)
    unchanged = last if last is not None and last.hash == made.hash else None
    edition = unchanged or _write(ctx, made, person, at)
    later = row.state is IssueState.SENT  # a run to those not yet served is approved like the first
    with writing(ctx.engine) as connection:
        if edition is not last or later:
            approvals.void_all(connection, issue.id, now=at)
            issues.changed(connection, issue.id, person_id=person.id, now=at)
        if not approvals.valid(connection, edition.id):
            issues.step(connection, row, Step.SUBMIT, person_id=person.id, now=at)
    count = count_for(ctx, issue, edition)
    return Submitted(edition, count, to_serve(ctx, issue, edition), edition is not last)


def count_for(ctx: Context, issue: IssueRow, edition: EditionRow) -> Count:
    """Who would get this edition now, and who is left out and why."""
    rule = frozen_rule(ctx, edition)
    with reading(ctx.engine) as connection:
        return explain(connection, rule, ctx.fields)


def to_serve(ctx: Context, issue: IssueRow, edition: EditionRow) -> int:
    """How many recipients no earlier run of the issue has served: what an approval names."""
    rule = frozen_rule(ctx, edition)
    found = ranked(rule, ctx.fields)
    served = exists().where(delivery.c.contact_id == found.c.contact_id, delivery.c.serves == issue.id)
    counted = select(func.count()).select_from(found).where(found.c.why.is_(None), ~served)
    with reading(ctx.engine) as connection:
        return int(connection.execute(counted).scalar_one())


def prove(ctx: Context, made: Composition) -> None:
    """Some real contacts of each language are rendered plainly as well and compared (invariant 6)."""
    rule = audience_rule(ctx, made.issue.campaign, made.campaign, list(made.languages))
    problems: list[Problem] = []
    for language, each in made.languages.items():
        with reading(ctx.engine) as connection:
            some = witnesses_of(connection, rule, ctx.fields, language, PROVED)
        inert = ctx.personal.links(INERT_ID)
        problems += ctx.renderer.compare(each.compiled, each.manuscript, some, inert)
    if problems:
        raise ProblemsFound(problems)


def _write(ctx: Context, made: Composition, person: Person, at: datetime) -> EditionRow:
    pages = pages_of(ctx, made)  # compiled before the database is held
    with writing(ctx.engine) as connection:
        row: dict[str, Any] = {
            "issue_id": made.issue.id,
            "number": editions.next_number(connection, made.issue.id),
            "hash": made.hash,
            "language_hashes": made.language_hashes,
            "definition": made.definition,
            "languages": {
                tag: {
                    "fields": list(each.compiled.fields),
                    "tree": each.compiled.tree.root,
                    "complete": each.compiled.complete,
                    "envelope": serial.envelope(each.envelope),
                }
                for tag, each in made.languages.items()
            },
            "frozen_by": person.id,
            "frozen_at": at,
        }
        compiled = {tag: each.compiled for tag, each in made.languages.items()}
        id_ = editions.add(connection, row, compiled, made.assets.values())
        editions.add_pages(connection, id_, pages)
        links.add(connection, made.issue.id, made.links, made.places)
        planned = made.definition["planned"]
        issues.plan(connection, made.issue.id, None if planned == "now" else datetime.fromisoformat(planned))
        return editions.get(connection, id_)
