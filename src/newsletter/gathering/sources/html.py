"""A web page: its article as Markdown, its title, summary, date and picture from where pages state them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import lxml.etree
import lxml.html
from lxml.html import HtmlElement

from newsletter.errors import Problem, ProblemsFound
from newsletter.gathering.encoding import decode
from newsletter.gathering.html_markdown import squeeze, to_markdown, without_controls
from newsletter.gathering.language import settle
from newsletter.gathering.linking import resolver, web_address
from newsletter.gathering.naming import address_key, split_name
from newsletter.gathering.sources.base import Document, Hints, Source
from newsletter.i18n import normalise, say
from newsletter.model.article import Article, Picture

_DECLARED = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)


def read(document: Document, hints: Hints) -> Iterator[Article | Problem]:
    try:
        yield _article(document, hints)
    except ProblemsFound as found:
        yield from found.problems


def _article(document: Document, hints: Hints) -> Article:
    page = _page(document)
    content = _content(page)
    title = _title(page, content)
    base = page.xpath("string(//base/@href)") or document.url or web_address(_meta(page, "og:url"))
    resolve = resolver(base, None if document.url else document.name)
    body = to_markdown(lxml.html.tostring(content, encoding="unicode", with_tail=False), resolve)
    if not title or not body:
        missing = (
            say("title: give it a <title> or <h1>")
            if not title
            else say("text: give it an <article>, <main> or <body>")
        )
        raise ProblemsFound([Problem(say("The page has no %(missing)s.", missing=missing), document.name)])
    summary = _meta(page, "description") or _meta(page, "og:description")
    named_key, named_language = split_name(document.name, hints.languages)
    language = settle(
        f"{title}\n{summary}\n{body}",
        stated=_stated(page),
        named=None if document.url else named_language,
        usual=hints.language,
        detect=hints.detect,
        file=document.name,
    )
    picture = resolve(_meta(page, "og:image"))
    link = document.url or web_address(page.xpath("string(//link[@rel='canonical']/@href)"))
    return Article(
        key=address_key(document.url) if document.url else named_key,
        language=language,
        title=title,
        summary=summary,
        body=without_lead(body, summary),
        date=_date(page),
        link=link,
        topics=hints.all_topics(),
        picture=Picture(picture, alt=_meta(page, "og:image:alt")) if picture else None,
        own=False,
        source=document.name,
        file=None if document.url else document.name,
    )


def without_lead(body: str, summary: str) -> str:
    """The body without a first paragraph that only repeats the lead."""
    first, _, rest = body.partition("\n\n")
    same = summary and squeeze(first.replace("\\", "")).strip() == squeeze(summary.replace("\\", "")).strip()
    return rest.lstrip("\n") if same else body


def _page(document: Document) -> HtmlElement:
    stated = _DECLARED.search(document.content[:4096])
    declared = document.charset or (stated.group(1).decode("ascii", "replace") if stated else None)
    text = decode(document.content, document.name, declared=declared)
    try:
        parser = lxml.html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
        return lxml.html.document_fromstring(without_controls(text).encode(), parser=parser)
    except lxml.etree.LxmlError as error:
        raise ProblemsFound([Problem(say("This is no web page: %(error)s", error=error), document.name, 1)]) from error


def _content(page: HtmlElement) -> HtmlElement:
    """The page's one article, else its main part, else its body; the title's heading is taken out."""
    for query in ("//article", "//main", "//*[@role='main']", "//body"):
        found = page.xpath(query)
        if len(found) == 1:
            return found[0]
    return page


def _title(page: HtmlElement, content: HtmlElement) -> str:
    headings = content.xpath(".//h1") or page.xpath("//h1")
    title = squeeze(headings[0].text_content()).strip() if headings else ""
    for heading in headings[:1]:
        heading.drop_tree()
    return title or _meta(page, "og:title") or squeeze(page.xpath("string(//title)")).strip()


def _meta(page: HtmlElement, name: str) -> str:
    found = page.xpath("string(//meta[@name=$name or @property=$name]/@content)", name=name)
    return squeeze(str(found)).strip()


def _stated(page: HtmlElement) -> str | None:
    try:
        return normalise(str(page.xpath("string(/html/@lang)")))
    except ValueError:
        return None


def _date(page: HtmlElement) -> date | None:
    stated = _meta(page, "article:published_time") or str(page.xpath("string(//time/@datetime)"))
    try:
        return date.fromisoformat(stated[:10])
    except ValueError:
        return None


SOURCE = Source("html", (".html", ".htm"), read)
