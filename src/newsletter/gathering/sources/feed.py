"""RSS and Atom, read by feedparser from bytes that our own fetch got; it never opens an address itself."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from xml.sax import SAXParseException

import feedparser

from newsletter.errors import Problem, ProblemsFound
from newsletter.gathering.html_markdown import plain, to_markdown
from newsletter.gathering.language import settle
from newsletter.gathering.linking import resolver, web_address
from newsletter.gathering.naming import address_key
from newsletter.gathering.sources.base import Document, Hints, Source
from newsletter.gathering.sources.html import without_lead
from newsletter.i18n import normalise, say
from newsletter.model.article import Article, Picture

LONGEST_SUMMARY = 400
_NO_FEED = say("This is no RSS or Atom feed that can be read: see whether the address or file is the right one.")


def read(document: Document, hints: Hints) -> Iterator[Article | Problem]:
    if re.search(rb"<!\s*E\0?N\0?T\0?I\0?T\0?Y", document.content[:65536], re.IGNORECASE):
        yield Problem(say("The feed defines XML entities, which no feed needs: it is not read."), document.name)
        return
    headers = {"content-location": document.url} if document.url else {}
    try:
        found = feedparser.parse(io.BytesIO(document.content), response_headers=headers, sanitize_html=False)
    except Exception as failed:  # feedparser has no error of its own: damaged bytes raised ValueError in its depths
        yield Problem(say("%(problem)s (%(kind)s)", problem=_NO_FEED, kind=type(failed).__name__), document.name)
        return
    error = found.get("bozo_exception") if found.bozo else None
    line = error.getLineNumber() if isinstance(error, SAXParseException) else None
    if not found.entries:
        if not found.get("version") or line:
            yield Problem(_NO_FEED, document.name, line)
        return
    if line:
        yield Problem(
            say("The feed is broken here: what could be read of it was taken; tell its makers."), document.name, line
        )
    for number, entry in enumerate(found.entries, 1):
        try:
            yield _article(entry, found.feed, document, hints, number)
        except ProblemsFound as problems:
            yield from problems.problems


def _article(entry: Any, feed: Any, document: Document, hints: Hints, number: int) -> Article:
    title = plain(entry.get("title") or "")
    link = web_address(entry.get("link"))
    identity = entry.get("id") or link or title
    if not title:
        message = say(
            "Entry %(number)s (%(id)s) has no title and is left out.",
            number=number,
            id=identity or say("without an id"),
        )
        raise ProblemsFound([Problem(message, document.name)])
    full = max((part.get("value") or "" for part in entry.get("content", [])), key=len, default="")
    short = entry.get("summary") or ""
    base = link or web_address(feed.get("link")) or document.url
    body = to_markdown(full or short, resolver(base, None))
    summary = _summary(short if full and short != full else "", body)
    language = settle(
        f"{title}\n{summary}\n{body}",
        stated=_language(entry, feed),
        named=None,
        usual=hints.language,
        detect=hints.detect,
        file=document.name,
    )
    return Article(
        key=address_key(link or "", identity),
        language=language,
        title=title,
        summary=summary,
        body=without_lead(body, summary),
        date=_date(entry),
        link=link,
        topics=hints.all_topics(),
        picture=_picture(entry, resolver(base, None)),
        own=False,
        source=document.url or document.name,
    )


def _summary(stated: str, body: str) -> str:
    """The feed's own summary, else the first paragraph where it is short enough for a lead."""
    text = plain(stated)
    if text:
        return text
    first = body.partition("\n\n")[0]
    prose = not re.match(r"[#>|!-]|```|\d+\. ", first)
    unmarked = re.sub(r"\\([\\`*_\[\]<>~|&.+#=)-])", r"\1", first.replace("\n", " "))
    return unmarked if prose and len(first) <= LONGEST_SUMMARY and not re.search(r"\]\(|[*`]", first) else ""


def _language(entry: Any, feed: Any) -> str | None:
    details = [entry.get("title_detail") or {}, *entry.get("content", []), entry, feed]
    for each in details:
        try:
            return normalise(str(each.get("language") or ""))
        except ValueError:
            continue
    return None


def _date(entry: Any) -> date | None:
    parsed = entry.get("published_parsed") or entry.get("updated_parsed")
    return date(*parsed[:3]) if parsed else None


def _picture(entry: Any, resolve: Any) -> Picture | None:
    named = [*entry.get("media_content", []), *entry.get("media_thumbnail", [])]
    candidates = [each.get("url") or "" for each in named if each.get("medium", "image") == "image"]
    enclosures = (each for each in entry.get("enclosures", []) if str(each.get("type", "")).startswith("image/"))
    candidates += [each.get("href") or "" for each in enclosures]
    found = next((target for each in candidates if each and (target := resolve(each))), None)
    credit = (entry.get("media_credit") or [{}])[0].get("content", "")
    return Picture(found, credit=plain(credit or "")) if found else None


SOURCE = Source("feed", (".xml", ".rss", ".atom"), read, several=True)
