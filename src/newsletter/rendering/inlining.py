"""Inlines CSS rules into the `style` attributes of HTML.

premailer finds which rules meet which elements; it sees a skeleton of the document (numbered tags, with the attributes
that selectors ask for) and one placeholder declaration a rule. The declarations themselves are then written into the
original text, so that neither lxml nor cssutils can change a value, a comment, an entity or a tag: only attributes of
matched elements change.

Which rules meet an element depends on the elements around it alone (unless a selector asks for its siblings). So
elements with the same ones around them are one *place*: premailer sees each place once, and a piece of HTML that
stands in the same place of many messages, variants of one edition say, is inlined once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from newsletter.rendering.css_rules import Declaration, Rule, declarations_of
from newsletter.rendering.html_pieces import Piece, Tag, pieces, read

_STYLE = re.compile(r"""(\sstyle\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)""", re.I)
_ATTRIBUTE = re.compile(r"""([^\s"'>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
_MARK = re.compile(r"r(\d+):1")
_SIBLINGS = re.compile(r"[+~:]")
_IN_BRACKETS = re.compile(r"\[[^\]]*\]")
_ASKED = re.compile(r"\[\s*([^\]\s=~|^$*]+)")
_INVISIBLE = frozenset({"head", "title", "base", "link", "style", "meta", "script", "noscript", "html"})
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())  # noqa: SIM905
_DEEPEST = 200  # elements in each other; the parser gives up a little later
_MOST = 8_000_000  # characters of pieces that are remembered


def inline(html: str, rules: Sequence[Rule]) -> str:
    """The HTML with the rules in the style attributes of the elements they meet. The rest stays, byte for byte."""
    try:
        return _inliner(tuple(rules)).inlined(pieces(html))
    except _NoPlaces:
        return _as_a_whole(html, rules)


class _NoPlaces(Exception):
    """Rules of this kind, or elements of this document, depend on more than the elements around them."""


@dataclass(slots=True, eq=False)
class _Place:
    """Where elements stand: in what, with which name and which of the asked attributes.

    `rules`: the numbers of those that meet them, none where that is not known yet.
    """

    around: _Place | None = None
    name: str = ""
    asked: str = ""
    depth: int = 0
    inner: dict[tuple[str, str], _Place] = field(default_factory=dict)
    rules: list[int] | None = None

    def enter(self, name: str, asked: str) -> _Place:
        found = self.inner.get((name, asked))
        if found is None:
            if self.depth == _DEEPEST:
                raise _NoPlaces
            found = self.inner[name, asked] = _Place(self, name, asked, self.depth + 1)
        return found


@dataclass(slots=True)
class _Walk:
    """A piece read from a place on: the place of each of its opening tags, and the one that it ends in."""

    places: list[tuple[Tag, _Place]]
    end: _Place
    inlined: str | None = None


@lru_cache(maxsize=8)
def _inliner(rules: tuple[Rule, ...]) -> _Inliner:
    return _Inliner(rules)


class _Inliner:
    """Inlines the same rules into one document after another."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self.possible = not any(_SIBLINGS.search(_IN_BRACKETS.sub("", rule.selector)) for rule in rules)
        self.asked = {"class", "id"} | {name.lower() for rule in rules for name in _ASKED.findall(rule.selector)}
        self._forget()

    def _forget(self) -> None:
        self.root = _Place()
        self.walks: dict[tuple[_Place, str], _Walk] = {}
        self.size = 0

    def inlined(self, document: Iterable[Piece]) -> str:
        if not self.possible:
            raise _NoPlaces
        if self.size > _MOST:
            self._forget()
        place, walks = self.root, []
        for piece in document:
            walk = self.walks.get((place, piece.text)) or self._walk(place, piece)
            walks.append((piece.text, walk))
            place = walk.end
        if place is not self.root:
            raise _NoPlaces
        self._ask([place for _, walk in walks if walk.inlined is None for _, place in walk.places])
        return "".join([walk.inlined or self._written(text, walk) for text, walk in walks])

    def _walk(self, start: _Place, piece: Piece) -> _Walk:
        place, places = start, []
        for tag in piece.tags:
            name = tag.name.lower()
            if tag.closing:
                if name != place.name or place.around is None:
                    raise _NoPlaces
                place = place.around
            else:
                inner = place.enter(name, self._asked(tag.attributes))
                places.append((tag, inner))
                if name not in _VOID:
                    if tag.attributes.endswith("/"):
                        raise _NoPlaces  # whether it is closed is for the parser to say
                    place = inner
        self.size += len(piece.text)
        walk = self.walks[start, piece.text] = _Walk(places, place)
        return walk

    def _asked(self, attributes: str) -> str:
        found = _ATTRIBUTE.finditer(attributes) if attributes else ()
        return "".join([f" {each[0]}" for each in found if each[1].lower() in self.asked])

    def _ask(self, places: Iterable[_Place]) -> None:
        """Learns the rules of these places: they and the places around them are premailer's document."""
        needed: dict[_Place, int] = {}
        for place in (place for place in places if place.rules is None):
            while place not in needed and place.around is not None:
                needed[place] = len(needed)
                place = place.around
        if not needed:
            return

        def skeleton(place: _Place) -> str:
            inside = "".join([skeleton(each) for each in place.inner.values() if each in needed])
            if place.around is None:
                return inside
            end = "" if place.name in _VOID else f"</{place.name}>"
            return f'<{place.name} data-at="{needed[place]}"{place.asked}>{inside}{end}'

        tree = _tree(skeleton(self.root))
        if _around(tree) != {at: needed.get(place.around) if place.around else None for place, at in needed.items()}:
            raise _NoPlaces  # the parser closes tags by itself
        met = _matches(tree, self.rules)
        for place, number in needed.items():
            place.rules = met.get(number, [])

    def _written(self, text: str, walk: _Walk) -> str:
        walk.inlined = _inlined(text, [(tag, [self.rules[each] for each in place.rules or ()])
                                       for tag, place in walk.places])  # fmt: skip
        return walk.inlined


def _as_a_whole(html: str, rules: Sequence[Rule]) -> str:
    tags: list[Tag] = []
    skeleton: list[str] = []
    for tag in read(html).tags:
        if tag.closing:
            skeleton.append(f"</{tag.name}>")
        else:
            visible = _STYLE.sub("", tag.attributes)
            skeleton.append(f'<{tag.name} data-at="{len(tags)}"{visible}>')
            tags.append(tag)
    met = _matches(_tree("".join(skeleton)), rules)
    return _inlined(html, [(tag, [rules[each] for each in met.get(number, ())]) for number, tag in enumerate(tags)])


def _tree(skeleton: str) -> Any:
    from lxml import etree

    return etree.fromstring(skeleton, etree.HTMLParser())


def _around(tree: Any) -> dict[int, int | None]:
    """By number of each element, that of the one around it."""
    found: dict[int, int | None] = {}
    for element in tree.iter():
        if (at := element.get("data-at")) is not None:
            parent = next((each for each in element.iterancestors() if each.get("data-at") is not None), None)
            found[int(at)] = None if parent is None else int(parent.get("data-at"))
    return found


def _matches(tree: Any, rules: Sequence[Rule]) -> dict[int, list[int]]:
    """By number of the element, the rules that meet it."""
    import logging

    import cssutils
    from premailer import Premailer

    cssutils.log.setLevel(logging.CRITICAL)
    sheet = "".join(f"{rule.selector}{{r{number}:1}}" for number, rule in enumerate(rules))
    Premailer(
        tree, css_text=[sheet], allow_network=False, align_floating_images=False, disable_validation=True,
        include_star_selectors=True, disable_leftover_css=True, disable_basic_attributes=["align"],
    ).transform()  # fmt: skip
    found: dict[int, list[int]] = {}
    for element in tree.iterfind(".//*[@style]"):
        at = element.get("data-at")
        if at is not None:
            found[int(at)] = [int(mark) for mark in _MARK.findall(element.get("style") or "")]
    return found


def _inlined(html: str, tags: Iterable[tuple[Tag, Sequence[Rule]]]) -> str:
    parts: list[str] = []
    position = 0
    for tag, rules in tags:
        if rules and tag.name.lower() not in _INVISIBLE:
            parts += html[position : tag.start], _rewritten(tag, rules)
            position = tag.end
    return "".join([*parts, html[position:]])


def _rewritten(tag: Tag, rules: Sequence[Rule]) -> str:
    own = _STYLE.search(tag.attributes)
    style = own[2].strip("\"'") if own else ""
    inlined = _style(style, tuple(rules)).replace('"', "'")
    if own:
        attributes = f'{tag.attributes[: own.start()]}{own[1]}"{inlined}"{tag.attributes[own.end() :]}'
    else:
        end = "/" if tag.attributes.endswith("/") else ""
        attributes = f'{tag.attributes.removesuffix("/").rstrip()} style="{inlined}"{" " + end if end else ""}'
    return f"<{tag.name}{attributes}>"


def _style(own: str, rules: Sequence[Rule]) -> str:
    """The declarations in the order of the cascade: the last of each name holds."""
    ranked = [
        ((each.important, 0, rule.specificity, number, place), each)
        for number, rule in enumerate(rules)
        for place, each in enumerate(rule.declarations)
    ]
    ranked += [((each.important, 1, (0, 0, 0), 0, place), each) for place, each in enumerate(declarations_of(own))]
    last: dict[str, Declaration] = {}
    for _, declaration in sorted(ranked, key=lambda pair: pair[0]):
        last.pop(declaration.name, None)
        last[declaration.name] = declaration
    return "".join(f"{each.name}:{each.value};" for each in last.values())
