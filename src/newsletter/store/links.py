"""The links of an issue: one number a target, kept over editions; where each leads now, and who changed that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from newsletter.store.tables import link, person

Place = tuple[str | None, str | None]  # the article and the language of the messages; None: several, or none


@dataclass(frozen=True, slots=True)
class LinkRow:
    """`original`: where the issue was written to lead; `target`: where the link leads now."""

    number: int
    original: str
    target: str
    article: str | None
    language: str | None
    followed: int
    changed_at: datetime | None
    changed_by: str | None  # the name


def numbers(connection: Connection, issue_id: int) -> dict[str, int]:
    """The numbers of an issue's link addresses, by what the issue says: a link that was mended keeps its number."""
    rows = connection.execute(select(link.c.original, link.c.number).where(link.c.issue_id == issue_id))
    return {row.original: row.number for row in rows}


def add(connection: Connection, issue_id: int, targets: Mapping[str, int], places: Mapping[int, Place]) -> None:
    """Adds the numbers that are new, and says of all of them where they stand."""
    known = numbers(connection, issue_id)
    new = [
        {"issue_id": issue_id, "number": number, "target": target, "original": target}
        for target, number in targets.items()
        if target not in known
    ]
    if new:
        connection.execute(insert(link), new)
    for number, (article, language) in places.items():
        one = link.c.issue_id == issue_id, link.c.number == number
        connection.execute(update(link).where(*one).values(article=article, language=language))


def of_issue(connection: Connection, issue_id: int) -> list[LinkRow]:
    """All of an issue's links, in the order of their numbers."""
    names = ("number", "original", "target", "article", "language", "followed", "changed_at")
    statement = (
        select(*(link.c[name] for name in names), person.c.name.label("changed_by"))
        .select_from(link.outerjoin(person, person.c.id == link.c.changed_by))
        .where(link.c.issue_id == issue_id)
        .order_by(link.c.number)
    )
    return [LinkRow(**row._mapping) for row in connection.execute(statement)]


def point(
    connection: Connection, issue_id: int, number: int, target: str, *, seen: str, person_id: int, now: datetime
) -> bool:
    """Leads a link elsewhere; not where it leads somewhere else than was `seen`."""
    one = link.c.issue_id == issue_id, link.c.number == number, link.c.target == seen
    values = {"target": target, "changed_at": now, "changed_by": person_id}
    return bool(connection.execute(update(link).where(*one).values(values)).rowcount)
