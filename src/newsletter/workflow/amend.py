"""An article that staff wrote, changed in the studio: its file, at the places meant, and nowhere else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from newsletter.errors import NewsletterError, UsageError
from newsletter.gathering import frontmatter
from newsletter.gathering.amending import amended
from newsletter.gathering.frontmatter import Front
from newsletter.i18n import say
from newsletter.model.article import Article
from newsletter.model.permission import Action, require
from newsletter.store.people import Person
from newsletter.workflow.context import Context
from newsletter.workflow.gather import library_of
from newsletter.workflow.joining import follow
from newsletter.workspace.documents import Write


class TextChanged(NewsletterError):
    """Somebody changed the same text meanwhile; nothing was written."""


@dataclass(frozen=True, slots=True)
class Open:
    """An own text to be changed: as it is read, its own front matter, and the hash of its file."""

    article: Article
    front: Front
    hash: str


def can_amend(article: Article) -> bool:
    """Gathered texts stay as their source has them: what an issue says otherwise is written in the issue."""
    return article.own and (article.file or "").endswith(".md")


def opened(ctx: Context, campaign: str, key: str, language: str) -> Open:
    article = library_of(ctx, campaign, ctx.campaign(campaign)).get(key, {}).get(language)
    if article is None or article.file is None:
        raise UsageError(say("There is no article %(key)r in this newsletter.", key=key))
    if not can_amend(article):
        raise UsageError(say("This text cannot be changed here: change it in an issue that uses it."))
    text = ctx.documents.text(article.file)
    return Open(article, frontmatter.split(text, article.file)[0], hashlib.sha256(text.encode()).hexdigest()[:16])


def amend(
    ctx: Context, campaign: str, key: str, language: str, new: Front, body: str, person: Person, *, made_from: str
) -> str | None:
    """Title, summary, date and link of `new`, and the body. Says which approval falls, if one does.

    `made_from`: the hash of the file that the writer began with.
    """
    require(person.name, person.roles, Action.EDIT)
    if not new.title:
        raise UsageError(say("Enter a title."))
    with ctx.documents.changing():
        now = opened(ctx, campaign, key, language)
        if now.hash != made_from:
            raise TextChanged(say("Somebody changed this text while you wrote. Nothing is lost: both are below."))
        file = now.article.file or ""
        changes = {
            name: getattr(new, name)
            for name in ("title", "summary", "date", "link")
            if getattr(new, name) != (now.article.title if name == "title" else getattr(now.front, name))
        }
        rewritten = body != now.article.body
        if not changes and not rewritten:
            return None
        if not now.front.title:  # so far the first line of the file's text was the title
            changes["title"], rewritten = new.title, True
        text = amended(ctx.documents.text(file), file, changes, body if rewritten else None)
        fallen = follow(ctx, campaign, {key}, person)
        ctx.documents.apply(Write(file, "change the text", text.encode()), person.id)
    return fallen
