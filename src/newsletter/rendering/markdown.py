"""Markdown -> HTML of an article's body: sanitised, with the language's typography, links as the message has them.

Merge fields in staff's texts come back verbatim, so the result is a template; every other brace is literal. Gathered
text is data: no template engine reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from newsletter.rendering.shield import Place, Shield
from newsletter.rendering.typography import House, join_apply

SCHEMES = {"http", "https", "mailto", "tel"}
TAGS = {
    *("p", "h3", "h4", "h5", "ul", "ol", "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td"),
    *("a", "img", "strong", "em", "b", "i", "code", "pre", "s", "br", "hr", "sup", "sub", "span"),
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
# What the message shows for a picture of a body: {url, width, height}; None leaves its alternative text.
ShowPicture = Callable[[str], Mapping[str, Any] | None]


def to_html(
    markdown: str,
    language: str,
    *,
    own: bool,
    house: House | None = None,
    rewrite: Rewrite = str,
    picture: ShowPicture | None = None,
    place: Place | None = None,
) -> str:
    """ProblemsFound, with file and line, for template syntax other than merge fields in `own` texts.

    `rewrite` gives the message's address for a link to the web; `picture` the asset for a picture. Without it pictures
    of the web stay as they are, and those of the workspace are left to their alternative text.
    """
    shield = Shield()
    tokens = parse(shield.put(markdown, place) if own else markdown)
    style(tokens, language, house or {})
    for token in tokens:
        token.tag = HEADINGS.get(token.tag, token.tag)
        token.children = _with_pictures(token.children or [], picture) if token.type == "inline" else token.children
    html = clean(_parser().renderer.render(tokens, _parser().options, {}), _Links(shield, rewrite)).strip()
    return shield.lift(html.replace("{", "&#123;")) if own else html


def pictures(markdown: str) -> list[str]:
    """What a body shows, in order, each once: paths of the workspace and addresses."""
    children = [child for token in parse(markdown) for child in token.children or ()]
    return list(dict.fromkeys(_source(child) for child in children if child.type == "image"))


def parse(markdown: str) -> list[Token]:
    return _parser().parse(markdown)


def clean(html: str, links: Callable[[str, str, str], str | None] | None = None) -> str:
    """What may stand in an article, whoever wrote it. No-break spaces stay characters, which are shorter."""
    found = nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, attribute_filter=links, url_schemes=SCHEMES, link_rel=None
    )
    return found.replace("&nbsp;", "\u00a0")


def style(tokens: Sequence[Token], language: str, house: House) -> None:
    """Sets each paragraph as the language wants it; quotations and code stay as they were written."""
    quoted = 0
    for token in tokens:
        quoted += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        texts = [child for child in token.children or () if child.type == "text"]
        if texts and not quoted:
            pieces = join_apply([child.content for child in texts], language, house)
            for child, content in zip(texts, pieces, strict=True):
                child.content = content


def target(href: str, shield: Shield, rewrite: Rewrite) -> str | None:
    """The address of a link in the message; one with a merge field stays as it is, one of no known kind is None."""
    if shield.holds(href):
        return href
    try:
        scheme = urlsplit(href).scheme.lower()
    except ValueError:
        return None
    if scheme in ("http", "https"):
        return rewrite(href)
    return href if scheme in SCHEMES else None


@dataclass(frozen=True, slots=True)
class _Links:
    """Whether a link was written in Markdown or in HTML: nh3 asks for each."""

    shield: Shield
    rewrite: Rewrite

    def __call__(self, tag: str, attribute: str, value: str) -> str | None:
        if (tag, attribute) == ("a", "href"):
            return target(value, self.shield, self.rewrite)
        if (tag, attribute) == ("img", "src"):
            return value if value.startswith(("https://", "http://")) else None
        return value


def _with_pictures(children: Sequence[Token], picture: ShowPicture | None) -> list[Token]:
    result = []
    for child in children:
        if child.type == "image":
            source = _source(child)
            shown = picture(source) if picture else ({"url": source} if source.startswith("http") else None)
            if shown is None:
                result += child.children or []
                continue
            for name in ("width", "height"):
                if shown.get(name):
                    child.attrSet(name, str(shown[name]))
            child.attrSet("src", str(shown["url"]))
        result.append(child)
    return result


def _source(image: Token) -> str:
    """An address as it is, the path of a file as the file is called."""
    source = str(image.attrGet("src") or "")
    return source if source.startswith("http") else unquote(source)


@cache
def _parser() -> MarkdownIt:
    """CommonMark with tables and strikethrough. A shielded field in an address must not be percent-encoded."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    encode = parser.normalizeLink

    def normalise(url: str) -> str:
        return url if any("\ue000" <= sign <= "\uf8ff" for sign in url) else encode(url)

    parser.normalizeLink = normalise  # type: ignore[method-assign]
    return parser
