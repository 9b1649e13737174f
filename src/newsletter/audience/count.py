"""The count that explains itself: who is in, who is not, and which rule or reason it was."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, literal, null, select

from newsletter.audience.select import (
    COVERED,
    NO_ADDRESS,
    NO_EDITION,
    REFUSED,
    SUPPRESSED,
    AudienceRule,
    entitled,
    ranked,
)
from newsletter.audience.sql import negated, to_sql
from newsletter.model.fields import Fields
from newsletter.model.rule import All, Node, to_text
from newsletter.store.tables import contact, institution

LISTED = 100  # institutions that a count names


@dataclass(frozen=True, slots=True)
class Unreached:
    """An institution of the audience of which no contact gets a copy."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Count:
    """entitled = matched + the values of `left_out`; matched = recipients + no_address + suppressed + no_edition +
    covered. `unreached` names the first of `institutions_unreached`."""

    entitled: int
    left_out: dict[str, int]  # by the part of the include rule they do not meet, or the exclude rule they do
    matched: int
    recipients: int
    no_address: int
    suppressed: dict[str, int]  # by reason; with them whom an earlier run could not reach
    no_edition: int
    covered: int
    languages: dict[str, int]  # recipients
    institutions: int  # with at least one recipient
    institutions_unreached: int
    unreached: tuple[Unreached, ...]


def explain(connection: Connection, rule: AudienceRule, fields: Fields) -> Count:
    """Counts an audience and says where everybody went; its sums are those of `select.recipients`."""
    excluded = _left_out(connection, rule, fields)
    rows = connection.execute(_grouped(rule, fields)).all()
    by_why: Counter[str | None] = Counter()
    suppressed: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    for why, reason, language, number in rows:
        by_why[why] += number
        if why == SUPPRESSED:
            suppressed[reason] += number
        elif why == REFUSED:
            suppressed[REFUSED] += number
        elif why is None:
            languages[language] += number
    reached, unreached = _institutions(connection, rule, fields)
    matched = sum(by_why.values())
    return Count(
        entitled=matched + sum(excluded.values()),
        left_out=excluded,
        matched=matched,
        recipients=by_why[None],
        no_address=by_why[NO_ADDRESS],
        suppressed=dict(suppressed),
        no_edition=by_why[NO_EDITION],
        covered=by_why[COVERED],
        languages=dict(languages.most_common()),
        institutions=reached,
        institutions_unreached=unreached,
        unreached=_named(connection, rule, fields) if unreached else (),
    )


def count_segment(connection: Connection, tree: Node, fields: Fields) -> int:
    """How many active contacts a rule holds for, whatever they are subscribed to."""
    alive = (contact.c.active.is_(True), contact.c.erased_at.is_(None))
    return connection.scalar(select(func.count()).select_from(contact).where(*alive, to_sql(tree, fields))) or 0


def _left_out(connection: Connection, rule: AudienceRule, fields: Fields) -> dict[str, int]:
    """Those entitled whom the rules leave out, each counted at the first part that does."""
    parts = rule.include.parts if isinstance(rule.include, All) else (rule.include,)
    steps: list[tuple[str, ColumnElement[bool]]] = [
        (f"not: {to_text(part)}", negated(to_sql(part, fields))) for part in parts
    ]
    if rule.exclude is not None:
        steps.append((f"excluded: {to_text(rule.exclude)}", to_sql(rule.exclude, fields)))
    if not steps:
        return {}
    step: ColumnElement[Any] = case(*((out, literal(n)) for n, (_, out) in enumerate(steps)), else_=null())
    out = select(step.label("step")).where(entitled(rule.publication, statutory=rule.statutory)).subquery()
    counted = connection.execute(select(out.c.step, func.count()).where(out.c.step.is_not(None)).group_by(out.c.step))
    found = {n: number for n, number in counted}  # noqa: C416 - rows are no pairs to dict()
    return {text: found[n] for n, (text, _) in enumerate(steps) if n in found}


def _grouped(rule: AudienceRule, fields: Fields) -> Any:
    found = ranked(rule, fields)
    columns = (found.c.why, found.c.reason, found.c.language)
    return select(*columns, func.count()).group_by(*columns)


def _per_institution(rule: AudienceRule, fields: Fields) -> Any:
    """Per institution whether somebody there gets a copy, or shares the mailbox of somebody who does."""
    found = ranked(rule, fields)
    served = func.max(case((found.c.why.is_(None), 2), (found.c.why == COVERED, 1), else_=0))
    return (
        select(found.c.institution_id, served.label("served"))
        .where(found.c.institution_id.is_not(None))
        .group_by(found.c.institution_id)
        .subquery()
    )


def _institutions(connection: Connection, rule: AudienceRule, fields: Fields) -> tuple[int, int]:
    each = _per_institution(rule, fields)
    served, unserved = connection.execute(
        select(
            func.coalesce(func.sum(case((each.c.served == 2, 1), else_=0)), 0),
            func.coalesce(func.sum(case((each.c.served == 0, 1), else_=0)), 0),
        )
    ).one()
    return int(served), int(unserved)


def _named(connection: Connection, rule: AudienceRule, fields: Fields) -> tuple[Unreached, ...]:
    each = _per_institution(rule, fields)
    rows = connection.execute(
        select(institution.c.code, institution.c.name)
        .join(each, each.c.institution_id == institution.c.id)
        .where(each.c.served == 0)
        .order_by(institution.c.code)
        .limit(LISTED)
    )
    return tuple(Unreached(code, name) for code, name in rows)
