"""A finished message as the checks see it: the HTML read once, with what its inline styles amount to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from newsletter.checks.css import Declarations, StyleRule, declarations, rules
from newsletter.checks.finding import Finding, Rule
from newsletter.checks.support import PROGRAMS, Support
from newsletter.i18n import Said, say, say_many
from newsletter.message.envelope import Envelope

Detect = Callable[[str], str | None]
INHERITED = ("color", "font-family", "font-size", "direction", "text-align", "font-weight")
_BLANKS = re.compile(r"[ \t\r\n\f]+")
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass(frozen=True, slots=True)
class Item:
    """An article of the message: where its headline leads, and whether there is more to read than is shown."""

    key: str
    title: str
    url: str
    text: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the message must hold; in a statutory notice `unsubscribe` is what it must not hold."""

    unsubscribe: str = ""
    preferences: str = ""
    web: str = ""
    postal_address: str = ""
    signing_domain: str = ""  # of our own DKIM key, where we sign


@dataclass(frozen=True, slots=True)
class Spot:
    """An element with what its inline styles, and those around it, make of it: all that stays where <style> is dropped.

    `text` is its own text, without that of its children; `style` has inherited values too, and the ground it stands on.
    """

    element: Any
    tag: str
    own: Declarations
    style: Mapping[str, str]
    language: str
    direction: str
    hidden: bool
    text: str


@dataclass(frozen=True)
class Checked:
    """One message as it would be sent. `personal` are the recipient's own words, which no finding may repeat."""

    language: str
    direction: str
    subject: str
    html: str
    text: str
    wire: bytes = b""
    envelope: Envelope | None = None
    statutory: bool = False
    expected: Expected = Expected()
    items: Sequence[Item] = ()
    public_url: str = ""
    assets: frozenset[str] | None = None  # the addresses that our own pictures have; None: not known
    personal: tuple[str, ...] = ()
    detect: Detect | None = field(default=None, compare=False)
    support: Support | None = None  # what mail programs show; None: not asked
    programs: Sequence[str] = PROGRAMS

    def found(self, rule: Rule, what: str, element: Any = None, *, field: str | None = None) -> Finding:
        article = self.article(element) if element is not None else None
        if field is None:
            field = self._field(element, article) if element is not None else ""
        articles = [article] if article else []
        return rule.at(_masked(what, self.personal), languages=[self.language], articles=articles, field=field)

    def _field(self, element: Any, article: str | None) -> str:
        """Of which text of the article an element shows something; the preview text is the message's own."""
        if any(_hides(declarations(each.get("style", ""))) for each in (element, *element.iterancestors())):
            return "preview"
        item = next((each for each in self.items if each.key == article), None)
        if item is None:
            return ""
        text = text_of(element)
        if any(each.tag in HEADINGS for each in (element, *element.iterancestors())) and text in collapsed(item.title):
            return "title"
        return "summary" if text and text in collapsed(item.summary) else "body"

    # The HTML

    @cached_property
    def root(self) -> Any:
        return parse(self.html)

    @cached_property
    def preview(self) -> str:
        """The line that inboxes show after the subject."""
        return hidden_preview(self.root)

    @cached_property
    def outlook(self) -> str:
        """The HTML as classic Outlook reads it: its conditional comments opened, those for the others closed."""
        html = re.sub(r"<!--\[if !mso[^\]]*\]><!-->.*?<!--<!\[endif\]-->", "", self.html, flags=re.DOTALL)
        return re.sub(r"<!--\[if [^\]]*\]>(.*?)<!\[endif\]-->", r"\1", html, flags=re.DOTALL)

    @cached_property
    def styles(self) -> list[str]:
        """The content of each <style>."""
        return [style.text or "" for style in self.root.iter("style")]

    @cached_property
    def rules(self) -> list[StyleRule]:
        """Of all <style>, those with a `media` attribute under its query."""
        return [
            StyleRule(rule.selector, rule.declarations, rule.media or style.get("media", ""))
            for style in self.root.iter("style")
            for rule in rules(style.text or "")
        ]

    @cached_property
    def spots(self) -> list[Spot]:
        body = self.root.find("body")
        return [] if body is None else list(_spots(body, _start(self.root)))

    @property
    def shown(self) -> Iterator[Spot]:
        """The elements with text that a reader sees."""
        return (spot for spot in self.spots if spot.text and not spot.hidden)

    def article(self, element: Any) -> str | None:
        """The article that an element belongs to: the only one whose headline stands in the same part."""
        while element is not None:
            titles = self._titled.get(element)
            if titles:
                return next(iter(titles)) if len(titles) == 1 else None
            element = element.getparent()
        return None

    @cached_property
    def _titled(self) -> dict[Any, set[str]]:
        keys = {collapsed(item.title): item.key for item in self.items}
        titled: dict[Any, set[str]] = {}
        for tag in HEADINGS:
            for heading in self.root.iter(tag):
                if key := keys.get(text_of(heading)):
                    for element in (heading, *heading.iterancestors()):
                        titled.setdefault(element, set()).add(key)
        return titled


def _masked(what: Any, words: Sequence[str]) -> Any:
    """A sentence without these words, in any language that it is said in."""
    if isinstance(what, Said):
        values = {name: _masked(value, words) for name, value in what.values.items()}
        return (
            say_many(values.pop("num"), what.pattern, what.plural, **values)
            if what.plural
            else say(what.pattern, **values)
        )
    if type(what) is str:
        for word in words:
            what = what.replace(word, "…")
    return what


def parse(html: str) -> Any:
    """The document's root; lxml is loaded here, because small processes do without it."""
    from lxml import html as reader

    parser = reader.HTMLParser(encoding="utf-8")
    return reader.document_fromstring(html.encode() or b"<html></html>", parser=parser, ensure_head_body=True)


def collapsed(text: str) -> str:
    """White space as HTML collapses it: a no-break space is none."""
    return _BLANKS.sub(" ", text).strip(" ")


def text_of(element: Any) -> str:
    """All text in an element, as it is read."""
    return collapsed("".join(element.itertext()))


def hidden_preview(root: Any) -> str:
    """The text of the first hidden element of the body, without the blanks that fill it up."""
    body = root.find("body")
    for element in () if body is None else body.iter("div", "span", "p"):
        if _hides(declarations(element.get("style", ""))):
            return text_of(element).strip("\u034f\u200c\u00a0\u00ad ")
    return ""


@dataclass(frozen=True, slots=True)
class _Around:
    style: Mapping[str, str]
    language: str
    direction: str
    hidden: bool


def _start(root: Any) -> _Around:
    return _Around({}, root.get("lang", ""), root.get("dir", ""), hidden=False)


def _spots(element: Any, around: _Around) -> Iterator[Spot]:
    if not isinstance(element.tag, str):
        return
    own = declarations(element.get("style", ""))
    style = {**around.style, **_attributes(element), **{name: own[name] for name in INHERITED if name in own}}
    ground = own.get("background-color") or own.get("background") or element.get("bgcolor")
    if ground and ground not in ("none", "transparent"):
        style["background-color"] = ground
    inner = _Around(
        style, element.get("lang", around.language), element.get("dir", around.direction), around.hidden or _hides(own)
    )
    text = collapsed(" ".join([element.text or "", *(child.tail or "" for child in element)]))
    text = text if text.strip() else ""  # no-break spaces alone are no text
    yield Spot(element, element.tag, own, style, inner.language, inner.direction, inner.hidden, text)
    for child in element:
        yield from _spots(child, inner)


def _attributes(element: Any) -> dict[str, str]:
    align = element.get("align")
    return {"text-align": align} if align and element.tag != "table" else {}


def _hides(own: Declarations) -> bool:
    return own.get("display") == "none" or own.get("max-height") in ("0", "0px")
