"""MJML source -> a tree of components with their places.

Read as npm's mjml reads it: tags ignore case, attributes need no quotes, and what stands in a text component
(`mj-text`, `mj-button`, `mj-raw` ...) is not looked into but kept verbatim, up to the closing tag.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from newsletter.errors import Problem
from newsletter.i18n import say
from newsletter.rendering.mjml_components import VERBATIM

COMMENT = "#comment"

_TAG = r"""(?P<close>/?)(?P<name>[a-zA-Z][^\s/>]*)(?P<attributes>(?:[^"'>]++|"[^"]*"|'[^']*')*+)>"""
_TOKEN = re.compile(rf"<(?:!--(?P<comment>.*?)-->|!\[CDATA\[.*?\]\]>|[!?][^>]*>|{_TAG})", re.S)
_ATTRIBUTE = re.compile(r"""([^\s=/"'<>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_SPECIAL = re.compile(r"<(?:!--|/?[mM][jJ]-)")
_VERBATIM_TAG = re.compile(
    rf"""<(?:!--.*?-->|(?P<close>/?)(?P<name>(?i:{"|".join(sorted(VERBATIM, key=len, reverse=True))}))(?=[\s/>])"""
    r"""(?:[^"'>]++|"[^"]*"|'[^']*')*+>)""",
    re.S,
)


Written = tuple[tuple[str, str], ...]


def as_read(written: Written) -> dict[str, str]:
    """Attributes as npm's mjml reads them: of doubles, the first."""
    return dict(reversed(written))


@dataclass(slots=True, eq=False)
class Node:
    """A component, or a comment between components (`tag` is COMMENT). `at` is its offset in the source."""

    tag: str
    at: int
    written: Written = ()  # the attributes in order, with doubles
    children: list[Node] = field(default_factory=list)
    content: str | None = None  # of a text component or comment, verbatim
    content_at: int = 0

    @property
    def attributes(self) -> dict[str, str]:
        return as_read(self.written)

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.walk()

    def find_all(self, tag: str) -> Iterator[Node]:
        return (node for node in self.walk() if node.tag == tag)

    def find(self, tag: str) -> Node | None:
        return next((child for child in self.children if child.tag == tag), None)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a component, wherever it stands."""

    name: str
    at: int
    closes: bool
    written: Written


def tags(text: str) -> Iterator[Tag]:
    """All tags of MJML in a text, which may be a part of a document."""
    for token in _TOKEN.finditer(text):
        name = (token["name"] or "").lower()
        if name == "mjml" or name.startswith("mj-"):
            yield Tag(name, token.start(), bool(token["close"]), _attributes(token["attributes"]))


@dataclass
class Source:
    """The text and the name it goes by; makes problems with their places."""

    text: str
    file: str

    @cached_property
    def _breaks(self) -> list[int]:
        return [found.start() for found in re.finditer("\n", self.text)]

    def problem(self, at: int, message: str) -> Problem:
        return Problem(
            say("%(message)s: %(excerpt)s", message=message, excerpt=self.excerpt(at)),
            self.file,
            bisect_right(self._breaks, at - 1) + 1,
        )

    def excerpt(self, at: int, most: int = 60) -> str:
        words = " ".join(self.text[at : at + 3 * most].partition(">")[0].split()) + ">"
        return words if len(words) <= most else words[: most - 3] + "..."


@dataclass
class Document:
    """What was read: the root (none where there is no component at all) and what could not be read."""

    root: Node | None
    problems: list[Problem]


def read(source: Source) -> Document:
    """The tree of an MJML document."""
    return _Reader(source).read()


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.open: list[Node] = []
        self.roots: list[Node] = []
        self.problems: list[Problem] = []

    def read(self) -> Document:
        position = 0
        while (token := _TOKEN.search(self.text, position)) is not None:
            self._stray(position, token.start())
            position = self._take(token)
        self._stray(position, len(self.text))
        for node in self.open:
            self._fault(node.at, say("<%(tag)s> is not closed", tag=node.tag))
        components = [root for root in self.roots if root.tag != COMMENT]
        for extra in components[1:]:
            self._fault(
                extra.at,
                say("a second root: everything belongs into one <mjml>, so <%(tag)s> cannot be here", tag=extra.tag),
            )
        return Document(components[0] if components else None, self.problems)

    def _take(self, token: re.Match[str]) -> int:
        """Adds what the token says; the offset to read on from."""
        comment, closes, name, attributes = token.groups()
        if name is None:
            if comment is not None:
                self._add(Node(COMMENT, token.start(), content=comment))
            elif token[0].startswith("<![CDATA["):
                self._fault(token.start(), say("text between components is never shown; put it into an <mj-text>"))
            return token.end()
        name = name.lower()
        if closes:
            self._close(name, token.start())
            return token.end()
        node = Node(name, token.start(), _attributes(attributes))
        self._add(node)
        if attributes.endswith("/"):
            return token.end()
        if name in VERBATIM:
            return self._verbatim(node, token.end())
        self.open.append(node)
        return token.end()

    def _add(self, node: Node) -> None:
        (self.open[-1].children if self.open else self.roots).append(node)

    def _close(self, name: str, at: int) -> None:
        if not any(node.tag == name for node in self.open):
            self._fault(at, f"</{name}> closes nothing")
            return
        while (node := self.open.pop()).tag != name:
            self._fault(node.at, say("<%(tag)s> is not closed before </%(name)s>", tag=node.tag, name=name))

    def _verbatim(self, node: Node, start: int) -> int:
        """The content up to the tag's own end; such tags may be nested, and comments do not count."""
        end = _SPECIAL.search(self.text, start)
        if end and self.text.startswith(f"</{node.tag}>", end.start()):  # the usual, quickly
            node.content, node.content_at = self.text[start : end.start()], start
            return end.start() + len(f"</{node.tag}>")
        depth = 1
        for tag in _VERBATIM_TAG.finditer(self.text, start):
            if tag["name"] is None or tag[0].endswith("/>"):
                continue
            depth += -1 if tag["close"] else 1
            if depth == 0:
                node.content, node.content_at = self.text[start : tag.start()], start
                if tag["name"].lower() != node.tag:
                    self._fault(
                        tag.start(), say("%(part)s stands where </%(tag)s> was expected", part=tag[0], tag=node.tag)
                    )
                return tag.end()
        self._fault(node.at, say("<%(tag)s> is not closed", tag=node.tag))
        self.open.clear()  # what is open around it cannot be closed either
        return len(self.text)

    def _stray(self, start: int, end: int) -> None:
        """Text between components: npm's mjml drops it, so nobody would see it."""
        text = self.text[start:end]
        if text and not text.isspace():
            at = start + len(text) - len(text.lstrip("\ufeff \t\r\n"))
            if at < end:
                self._fault(at, say("text between components is never shown; put it into an <mj-text>"))

    def _fault(self, at: int, message: str) -> None:
        self.problems.append(self.source.problem(at, message))


@lru_cache(maxsize=4096)
def _attributes(text: str) -> Written:
    if not text or text == "/":
        return ()
    return tuple((name, double or single or bare) for name, double, single, bare in _ATTRIBUTE.findall(text))
