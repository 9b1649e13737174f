"""What anybody may read: the web version of what was sent, the reading page of an article, pictures, links.

Forwarding is harmless: conditions are answered by the campaign's public profile, slots by their fallback, and no link
belongs to a person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import select, update

from newsletter.audience import examples
from newsletter.i18n import direction, match
from newsletter.message.slots import Links
from newsletter.model.delivery import RunState
from newsletter.rendering import proof
from newsletter.rendering.manuscript import Source, Templates
from newsletter.store import editions, issues, runs
from newsletter.store.editions import AssetRow, EditionRow
from newsletter.store.engine import reading, writing
from newsletter.store.issues import IssueRow
from newsletter.store.tables import link
from newsletter.workflow.compose import compose
from newsletter.workflow.context import Context

BEGIN, END = "<!--reading-->", "<!--/reading-->"
PAGE = f"""<mjml><mj-body><mj-raw>{BEGIN}{{% for section in sections %}}{{% for item in section["items"] %}}\
{{% if item.key == "KEY" %}}{{{{ item.body }}}}{{% endif %}}{{% endfor %}}{{% endfor %}}{END}</mj-raw></mj-body></mjml>
"""


@dataclass(frozen=True, slots=True)
class WebVersion:
    subject: str
    html: str
    language: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadingPage:
    title: str
    summary: str
    body: str  # HTML
    author: str
    language: str
    direction: str
    picture: dict[str, object] | None


def sent_edition(ctx: Context, campaign: str, key: str) -> tuple[IssueRow, EditionRow] | None:
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
        return (issue, editions.get(connection, left[-1].edition_id)) if left else None


def web_version(ctx: Context, campaign: str, key: str, language: str) -> WebVersion | None:
    """None where nothing of that name was sent."""
    found = sent_edition(ctx, campaign, key)
    if found is None:
        return None
    _, edition = found
    tag = match([language], edition.languages)
    if tag is None:
        return None
    with reading(ctx.engine) as connection:
        compiled = editions.compiled_language(connection, edition, tag)
    reader = examples.public(edition.definition["public"], ctx.fields, tag)
    links = Links(f"{ctx.settings.public_url}/u", f"{ctx.settings.public_url}/p")
    shown = proof.splice(compiled, reader, links)
    return None if shown is None else WebVersion(shown.subject, shown.html, tag, tuple(edition.languages))


def reading_page(ctx: Context, campaign: str, key: str, language: str, article: str) -> ReadingPage | None:
    """An article of an issue that was sent, as its page shows it."""
    found = sent_edition(ctx, campaign, key)
    if found is None or language not in found[1].languages:
        return None
    made = compose(ctx, found[0], only=[language])
    composed = made.languages[language]
    items = [item for section in composed.manuscript.context["sections"] for item in section["items"]]
    item = next((each for each in items if each["key"] == article), None)
    if item is None:
        return None
    body = Source(PAGE.replace("KEY", article.replace('"', "")), file="reading page", staff=False)
    sources = {**composed.manuscript.templates.sources, "reading.mjml": body, "reading.txt": Source("", file="reading")}
    templates = Templates(sources=sources, html="reading.mjml", text="reading.txt", subject="", preview="")
    reader = examples.public(made.campaign.public, ctx.fields, language)
    rendered = ctx.renderer.render(replace(composed.manuscript, templates=templates), reader, Links())
    html = rendered.html.partition(BEGIN)[2].partition(END)[0]
    return ReadingPage(
        title=str(item["title"]) if isinstance(item["title"], str) else article,
        summary=str(item["summary"]) if isinstance(item["summary"], str) else "",
        body=html,
        author=item["author"] or "",
        language=item["language"],
        direction=direction(item["language"]),
        picture=dict(item["picture"]) if item["picture"] else None,
    )


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
