"""What an approver looks at: an edition as it was frozen, what changed since the last approved one, comments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher

from sqlalchemy import Connection, exists, insert, select

from newsletter.audience import examples
from newsletter.errors import UsageError
from newsletter.i18n import Listed, Number, Tongue, say
from newsletter.message.parts import CompiledLanguage
from newsletter.model.permission import Action, require
from newsletter.model.recipient import Recipient
from newsletter.rendering import proof
from newsletter.store import editions
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.people import Person
from newsletter.store.tables import approval, edition, person, review_comment
from newsletter.tokens import INERT_ID
from newsletter.workflow.approving.approve import Standing, approve, ask_for_changes, latest_edition, standing
from newsletter.workflow.composing import preview
from newsletter.workflow.composing.envelopes import restore
from newsletter.workflow.context import Context

LONGEST = 5000  # characters of a comment


@dataclass(frozen=True, slots=True)
class Comment:
    by: str
    language: str | None
    item: str | None  # an item of the draft, `subject`, or None: the whole
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    by: str
    decision: str  # approved, changes
    language: str | None
    comment: str | None
    version: int
    at: datetime
    void: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text that is not as it was; None where there is none on that side."""

    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What is different in a language; `new` where the earlier edition has none in it, `gone` where this one has."""

    language: str
    lines: tuple[Line, ...] = ()
    new: bool = False
    gone: bool = False


class Outdated(UsageError):
    """Somebody decides about another version than the latest."""


# Looking


def frozen_message(
    ctx: Context, row: EditionRow, language: str, as_: Callable[[CompiledLanguage], Recipient] | None = None
) -> preview.Message:
    """A language of an edition, byte for byte from what was frozen; `as_`: for whom, else as anybody may see it."""
    if language not in row.languages:
        raise UsageError(
            say(
                "There is no %(language)s in this version; it has %(languages)s.",
                language=Tongue(language or ""),
                languages=Listed(map(Tongue, row.languages)),
            )
        )
    with reading(ctx.engine) as connection:
        compiled = editions.compiled_language(connection, row, language)
        envelope = restore(connection, row.languages[language]["envelope"])
    reader = as_(compiled) if as_ else examples.public(row.definition["public"], ctx.fields, language)
    return preview.message(ctx, compiled, envelope, reader, row.frozen_at)


def subjects(ctx: Context, row: EditionRow) -> dict[str, str]:
    """The subject of each language as anybody may see it."""
    with reading(ctx.engine) as connection:
        return {language: frozen_lines(ctx, connection, row, language)[0] for language in row.languages}


def last_approved(ctx: Context, issue: IssueRow, row: EditionRow) -> EditionRow | None:
    """The version before this one that somebody approved as a whole, void or not since."""
    given = exists().where(
        approval.c.edition_id == edition.c.id, approval.c.decision == "approved", approval.c.language.is_(None)
    )
    statement = select(edition.c.id).where(edition.c.issue_id == issue.id, edition.c.number < row.number, given)
    with reading(ctx.engine) as connection:
        id_ = connection.scalar(statement.order_by(edition.c.number.desc()).limit(1))
        return None if id_ is None else editions.get(connection, id_)


def differences(ctx: Context, old: EditionRow, new: EditionRow) -> list[Difference]:
    """Language by language, over subjects and text parts as anybody may see them; only those that differ."""
    found = []
    with reading(ctx.engine) as connection:
        for language in new.languages:
            if language not in old.languages:
                found.append(Difference(language, new=True))
            elif new.language_hashes[language] != old.language_hashes[language]:
                before, after = (frozen_lines(ctx, connection, row, language) for row in (old, new))
                found.append(Difference(language, tuple(changed(before, after))))
    return found + [Difference(each, gone=True) for each in old.languages if each not in new.languages]


def changed(before: list[str], after: list[str]) -> Iterator[Line]:
    """The lines that are not the same, side by side."""
    for kind, i, j, k, n in SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if kind != "equal":
            old, new = before[i:j], after[k:n]
            for at in range(max(len(old), len(new))):
                yield Line(old[at] if at < len(old) else None, new[at] if at < len(new) else None)


def comments(ctx: Context, row: EditionRow) -> list[Comment]:
    columns = (person.c.name, *(review_comment.c[each] for each in ("language", "item", "text", "at")))
    statement = select(*columns).join(person, person.c.id == review_comment.c.person_id)
    with reading(ctx.engine) as connection:
        rows = connection.execute(statement.where(review_comment.c.edition_id == row.id).order_by(review_comment.c.id))
        return [Comment(*each) for each in rows]


def decisions(ctx: Context, issue: IssueRow) -> list[Decision]:
    """What was decided about an issue, newest first."""
    columns = (person.c.name, approval.c.decision, approval.c.language, approval.c.comment, edition.c.number)
    joined = approval.join(person, person.c.id == approval.c.person_id)
    statement = (
        select(*columns, approval.c.at, approval.c.void_at.is_not(None))
        .select_from(joined.join(edition, edition.c.id == approval.c.edition_id))
        .where(edition.c.issue_id == issue.id)
        .order_by(approval.c.id.desc())
    )
    with reading(ctx.engine) as connection:
        return [Decision(*each) for each in connection.execute(statement)]


# Deciding


def comment(
    ctx: Context, issue: IssueRow, who: Person, text: str, *, language: str | None = None, item: str | None = None
) -> None:
    """Says something about a place of the latest version."""
    require(who.name, who.roles, Action.EDIT)
    row, text = latest_edition(ctx, issue), text.strip()
    if not text or len(text) > LONGEST:
        raise UsageError(say("Write what you want to say, in at most %(most)s characters.", most=Number(LONGEST)))
    if language and language not in row.languages:
        raise UsageError(
            say(
                "There is no %(language)s in this version; it has %(languages)s.",
                language=Tongue(language or ""),
                languages=Listed(map(Tongue, row.languages)),
            )
        )
    values = {"edition_id": row.id, "person_id": who.id, "language": language, "item": (item or None), "text": text}
    with writing(ctx.engine) as connection:
        connection.execute(insert(review_comment).values(values | {"at": ctx.clock.now()}))


def approve_seen(ctx: Context, issue: IssueRow, who: Person, seen: str, *, language: str | None = None) -> Standing:
    """Approves the version that somebody looked at, named by its hash (invariant 4); without a language all of it,
    which signs off whichever languages still lack that."""
    _same(ctx, issue, seen)
    if language is None:
        for tag in [each for each in standing(ctx, latest_edition(ctx, issue)).lacks if each is not None]:
            approve(ctx, issue, who, language=tag)
    return approve(ctx, issue, who, language=language)


def changes_asked(ctx: Context, issue: IssueRow, who: Person, seen: str, text: str) -> None:
    """Back to its authors, with what should change."""
    _same(ctx, issue, seen)
    if not text.strip() or len(text) > LONGEST:
        raise UsageError(say("Say what should change, so that the authors know."))
    ask_for_changes(ctx, issue, who, text.strip())


def _same(ctx: Context, issue: IssueRow, seen: str) -> None:
    if latest_edition(ctx, issue).hash != seen:
        raise Outdated(say("A newer version was put up for approval since you opened this page: it is shown now."))


def frozen_lines(ctx: Context, connection: Connection, row: EditionRow, language: str) -> list[str]:
    """Subject and text of an edition as anybody may see them."""
    return lines(ctx, editions.compiled_language(connection, row, language), row.definition["public"])


def lines(ctx: Context, compiled: CompiledLanguage, public: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Subject and text for the public profile; where that has no version, those of the first."""
    reader = examples.public(public, ctx.fields, compiled.language)
    shown = proof.splice(compiled, reader, ctx.personal.links(INERT_ID))
    if shown is not None:
        return [shown.subject, *shown.text.splitlines()]
    first = compiled.variants[0]
    subject, text = ("".join(p if isinstance(p, str) else "…" for p in parts) for parts in (first.subject, first.text))
    return [subject, *text.splitlines()]
