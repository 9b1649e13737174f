"""Markdown -> HTML of an article's body: sanitised, with the language's typography, links as the message has them.

Merge fields in staff's texts come back verbatim, so the result is a template; gathered text is data: braces stay
literal, because no template engine reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from newsletter.rendering.shield import Shield
from newsletter.rendering.typography import House, apply

SCHEMES = {"http", "https", "mailto", "tel"}
TAGS = {
    *("p", "h3", "h4", "h5", "ul", "ol", "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td"),
    *("a", "img", "strong", "em", "code", "pre", "s", "br", "hr", "sup", "sub", "span"),
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "th": {"align", "colspan", "rowspan"},
    "td": {"align", "colspan", "rowspan"},
    "ol": {"start"},
    "*": {"lang", "dir"},
}
HEADINGS = {"h1": "h4", "h2": "h4", "h3": "h5", "h4": "h5", "h5": "h5", "h6": "h5"}  # the article's title is an h3
Rewrite = Callable[[str], str]


def to_html(markdown: str, language: str, *, own: bool, house: House | None = None, rewrite: Rewrite = str) -> str:
    """ProblemsFound, with the line of the body, for template syntax other than merge fields in `own` texts."""
    shield = Shield()
    tokens = parse(shield.put(markdown) if own else markdown)
    for token in tokens:
        token.tag = HEADINGS.get(token.tag, token.tag)
    for token in styled(tokens, language, house or {}):
        if token.type == "link_open":
            token.attrSet("href", _target(str(token.attrGet("href") or ""), shield, rewrite))
    html = _parser().renderer.render(tokens, _parser().options, {})
    return shield.lift(clean(html)).strip()


def parse(markdown: str) -> list[Token]:
    return _parser().parse(markdown)


def clean(html: str) -> str:
    """What may stand in an article, whoever wrote it."""
    return nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel=None)


def styled(tokens: Sequence[Token], language: str, house: Mapping[str, bool | str]) -> Iterator[Token]:
    """All inline tokens, their text set as the language wants it; quotations and code stay as they were written."""
    quoted = 0
    for token in tokens:
        quoted += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        for child in token.children or ():
            if child.type == "text" and not quoted:
                child.content = apply(child.content, language, house)
            yield child


def is_web(target: str) -> bool:
    try:
        return urlsplit(target).scheme in ("http", "https")
    except ValueError:
        return False


def _target(href: str, shield: Shield, rewrite: Rewrite) -> str:
    """The link address in the message; one with a merge field stays as it is."""
    return rewrite(href) if is_web(href) and shield.lift(href) == href else href


@cache
def _parser() -> MarkdownIt:
    """CommonMark with tables and strikethrough. A private-use character in a URL must not be percent-encoded."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    encode = parser.normalizeLink
    parser.normalizeLink = lambda url: url if any("\ue000" <= sign <= "\uf8ff" for sign in url) else encode(url)  # type: ignore[method-assign]
    return parser
