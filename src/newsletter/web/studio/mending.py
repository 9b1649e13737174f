"""Where a finding of the checks is mended: the very field in the studio, or who can mend it where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from newsletter.i18n import say
from newsletter.store.issues import IssueRow

if TYPE_CHECKING:
    from newsletter.checks import Finding

TITLE, SUMMARY, BODY = "title", "summary", "body"
SETTINGS = "newsletter.toml"
STRINGS = "templates/strings.yaml"

LINES = {
    **dict.fromkeys(("subject", "subject-length"), "subject"),
    **dict.fromkeys(("preview", "preview-length"), "preview"),
}
RECIPIENTS = frozenset(("field-empty", "audience-far"))
TEXTS = (TITLE, SUMMARY, BODY)
CAMPAIGN = frozenset(("sender", "reply-to", "list-id", "source-empty"))
CONFIGURED = frozenset(("postal-address", "list-headers"))
BUILT = frozenset(  # by the template
    (
        *(
            "colour-without-ground",
            "contrast",
            "direction",
            "doctype",
            "h1",
            "heading-level",
            "inline-style",
            "language",
        ),
        *("mjml", "preferences", "size", "small-text", "style-size", "style-syntax", "table-role", "tags", "template"),
        *("text-part", "unsubscribe", "unsubscribe-statutory", "unsupported", "web-version"),
    )
)

ELSEWHERE = BUILT | CONFIGURED | CAMPAIGN | {"string-missing"}


@dataclass(frozen=True, slots=True)
class Link:
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Mending:
    """`url`: the field; `who`: in whose hands it lies where the studio has no page for it; `links`: by article."""

    url: str | None = None
    who: str = ""
    links: tuple[Link, ...] = ()


def mending(issue: IssueRow, finding: Finding, items: Mapping[str, str]) -> Mending:
    """`items`: the ids of the issue's items, by article."""
    where, code = finding.where, finding.code
    here = f"/issues/{issue.name}"
    language = where.languages[0] if where.languages else ""
    links = tuple(_link(issue, finding, items, key, title) for key, title in _articles(finding))
    if where.lacking and links and where.field in TEXTS:
        return Mending(links[0].url, links=links)
    if where.lacking and (where.file or "").startswith("templates/"):
        place = f"{where.file}:{where.line}"
        who = say("It stands in a template: whoever looks after those gives it a fallback (%(place)s).", place=place)
        return Mending(who=who)
    if line := LINES.get(code) or (where.field if where.field in ("subject", "preview") else ""):
        return Mending(f"{here}/content/subjects#f-{line}-{language}")
    if where.link is not None:
        return Mending(f"{here}/links#l{where.link}", links=links)
    if code in RECIPIENTS:
        query = f"?run=1&language={language}&empty={where.lacking}#list" if where.lacking else ""
        return Mending(f"{here}/recipients{query}", links=links)
    if links and code not in ELSEWHERE:
        several = len(links) > 1
        return Mending(f"{here}/content?language={language}#coverage" if several else links[0].url, links=links)
    return _by_file(here, finding, links)


def _by_file(here: str, finding: Finding, links: tuple[Link, ...]) -> Mending:
    code, file = finding.code, finding.where.file or ""
    if code in CONFIGURED or file == SETTINGS:
        return Mending(who=say("An administrator mends it in the settings (%(file)s).", file=SETTINGS), links=links)
    if code == "string-missing":
        return Mending(who=say("Whoever looks after the templates mends it in %(file)s.", file=STRINGS), links=links)
    if code in CAMPAIGN or file.endswith("/campaign.yaml"):
        return Mending(
            who=say("An administrator mends it in the definition of the campaign (campaign.yaml)."), links=links
        )
    if code in BUILT or file.startswith("templates/"):
        return Mending(who=say("Whoever looks after the templates mends it there."), links=links)
    if file.startswith("subscribers/"):
        return Mending(who=say("A steward of the contacts mends it in %(file)s.", file=file), links=links)
    if "/articles/" in file:
        return Mending("/articles", say("Whoever brought the article mends its file: %(file)s", file=file), links=links)
    return Mending(f"{here}/content", links=links)


def _articles(finding: Finding) -> list[tuple[str, str]]:
    where = finding.where
    return list(zip(where.articles, where.titles or where.articles, strict=False))


def _link(issue: IssueRow, finding: Finding, items: Mapping[str, str], key: str, title: str) -> Link:
    language = finding.where.languages[0] if finding.where.languages else ""
    article = f"/articles/{issue.campaign}/{quote(key, safe='')}"
    if finding.code == "translation-missing":
        query = f"campaign={issue.campaign}&article={quote(key, safe='')}&language={language}"
        return Link(title, f"/articles/new?{query}")
    if finding.code in ("translation-outdated", "event-over", "deadline-over", "article") or key not in items:
        return Link(title, article if finding.code != "article-gone" else f"/issues/{issue.name}/content")
    field = finding.where.field if finding.where.field in TEXTS else BODY
    query = f"?language={language}" if language else ""
    return Link(title, f"/issues/{issue.name}/content/items/{items[key]}{query}#f-{field}")
