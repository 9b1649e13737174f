"""What anybody may read: the web version of what was sent, the reading page of an article, pictures, links.

Forwarding is harmless: conditions are answered by the campaign's public profile, slots by their fallback, and no link
belongs to a person.
"""

from __future__ import annotations

from sqlalchemy import select, update

from newsletter.audience import examples
from newsletter.i18n import match
from newsletter.message.slots import Links
from newsletter.model.delivery import RunState
from newsletter.rendering import proof
from newsletter.store import editions, issues, runs
from newsletter.store.editions import AssetRow, EditionRow, PageRow
from newsletter.store.engine import reading, writing
from newsletter.store.tables import link
from newsletter.workflow.context import Context


def sent_edition(ctx: Context, campaign: str, key: str) -> EditionRow | None:
    """The latest edition that left: of a rehearsal only where there is nothing but rehearsals."""
    with reading(ctx.engine) as connection:
        issue = issues.find(connection, campaign, key)
        if issue is None:
            return None
        left = [
            run
            for run in runs.of_issue(connection, issue.id)
            if run.state not in (RunState.LAUNCHING, RunState.CANCELLED)
            and (not run.rehearsal or not ctx.settings.send_with)
        ]
        return editions.get(connection, left[-1].edition_id) if left else None


def web_version(ctx: Context, edition: EditionRow, language: str) -> str | None:
    """Its HTML; None where it was not sent in this language."""
    tag = match([language], edition.languages)
    if tag is None:
        return None
    with reading(ctx.engine) as connection:
        compiled = editions.compiled_language(connection, edition, tag)
    reader = examples.public(edition.definition["public"], ctx.fields, tag)
    links = Links(f"{ctx.settings.public_url}/u", f"{ctx.settings.public_url}/p")
    shown = proof.splice(compiled, reader, links)
    return None if shown is None else shown.html


def reading_page(ctx: Context, edition: EditionRow, language: str, article: str) -> PageRow | None:
    """An article as it was approved."""
    with reading(ctx.engine) as connection:
        return editions.page(connection, edition.id, language, article)


def asset(ctx: Context, sha256: str) -> AssetRow | None:
    with reading(ctx.engine) as connection:
        return editions.find_asset(connection, sha256)


def target_of(ctx: Context, issue_id: int, number: int) -> str | None:
    with reading(ctx.engine) as connection:
        wanted = select(link.c.target).where(link.c.issue_id == issue_id, link.c.number == number)
        return connection.execute(wanted).scalar()


def followed(ctx: Context, issue_id: int, number: int) -> None:
    """One more; nobody's name is kept with it."""
    one = link.c.issue_id == issue_id, link.c.number == number
    with writing(ctx.engine) as connection:
        connection.execute(update(link).where(*one).values(followed=link.c.followed + 1))
