"""MJML, rewritten so that the compiler shows what npm's mjml shows.

The compiler (mrml) parses and rewrites the content of text components, reads attribute values as Rust prints them, and
resolves defaults its own way. So it is given only the structure: contents and unusual values travel as tokens and are
put back, byte for byte, after it; defaults (`mj-attributes`, `mj-class`) are written on each component.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby

from newsletter.rendering import mjml_widths as widths
from newsletter.rendering.mjml_carried import settled
from newsletter.rendering.mjml_html import ended
from newsletter.rendering.mjml_opening import (
    OUTERMOST,
    Around,
    Defaults,
    defaults_of,
    known_to_mjml,
    opening_of,
    parts_of,
)
from newsletter.rendering.mjml_tree import COMMENT, Node

_WITHOUT_RAW = frozenset({"mj-social", "mj-navbar", "mj-accordion"})  # where the compiler knows comments alone
_WITHOUT_COMMENTS = frozenset({"mj-accordion-element", "mj-social"})  # where the compiler refuses or frames them
_TAKEN_OUT = frozenset({"mj-attributes", "mj-font", "mj-html-attributes"})


@dataclass(slots=True)
class Inline:
    """The rules of one `<mj-style inline="inline">`, and where they stand."""

    css: str
    at: int


@dataclass
class Mended:
    """MJML for the compiler, and what it must not see: the kept texts by token, styles to inline, fonts by name."""

    mjml: str = ""
    kept: list[str] = field(default_factory=list)
    inline: list[Inline] = field(default_factory=list)
    fonts: dict[str, str] = field(default_factory=dict)
    wrong: list[tuple[int, str]] = field(default_factory=list)  # offset and reason
    places: dict[int, int] = field(default_factory=dict)  # of a kept text that must be shown: its number -> offset
    token: str = "zq"  # noqa: S105 (no secret)

    def restore(self, html: str) -> tuple[str, list[int]]:
        """The compiled HTML with the kept texts in place, and where the texts stand that the compiler has dropped."""
        parts = re.split(rf"{self.token}(\d+)z", settled(html))
        shown = list(map(int, parts[1::2]))
        parts[1::2] = [self.kept[number] for number in shown]
        found = set(shown)
        return "".join(parts), [at for number, at in self.places.items() if number not in found]

    def keep(self, text: str, at: int | None = None) -> str:
        """The token of a text; where it must be shown, with the offset to name if it is not."""
        if at is not None:
            self.places[len(self.kept)] = at
        self.kept.append(text)
        return f"{self.token}{len(self.kept) - 1}z"


def mend(root: Node, text: str) -> Mended:
    """Rewrites a document that has passed the lint. `text` is its source, in which no token may occur."""
    mended = Mended()
    while mended.token in text:
        mended.token += "q"
    mended.mjml = _Writer(mended, defaults_of(root)).document(root)
    return mended


def _is_inline(node: Node) -> bool:
    return node.tag == "mj-style" and node.attributes.get("inline") == "inline"


def _joined(nodes: list[Node]) -> list[Node]:
    """With one mj-raw for all raw HTML and comments that follow each other: in a hero the blanks between are seen."""
    found: list[Node] = []
    for raw, run in groupby(nodes, key=lambda node: node.tag in (COMMENT, "mj-raw")):
        each = list(run)
        if raw:
            html = (f"<!--{node.content}-->" if node.tag == COMMENT else (node.content or "").strip() for node in each)
            each = [Node("mj-raw", each[0].at, content="".join(html))]
        found += each
    return found


class _Writer:
    def __init__(self, mended: Mended, defaults: Defaults) -> None:
        self.mended = mended
        self.defaults = defaults
        self.parts: list[str] = []
        self.inlines = False  # rules into the elements of the body

    def document(self, root: Node) -> str:
        self.inlines = any(map(_is_inline, root.find_all("mj-style")))
        self._open(parts_of("mjml", known_to_mjml("mjml", root.attributes)))
        for child in root.children:
            if child.tag == "mj-head":
                self._head(child)
            elif child.tag == "mj-body":
                self._body(child, OUTERMOST)
        self.parts.append("</mjml>")
        return "".join(self.parts)

    def _head(self, head: Node) -> None:
        self.parts.append("<mj-head>")
        for node in head.children:
            if _is_inline(node):
                self.mended.inline.append(Inline(node.content or "", node.content_at))
            elif node.tag == "mj-font":
                self.mended.fonts[node.attributes.get("name", "")] = node.attributes.get("href", "")
            elif node.tag == COMMENT:
                self.parts.append(f"<mj-raw>{self.mended.keep(f'<!--{node.content}-->')}</mj-raw>")
            elif node.tag not in _TAKEN_OUT:
                self._open(parts_of(node.tag, known_to_mjml(node.tag, node.attributes)))
                self._close(node)
        self.parts.append("</mj-head>")

    def _body(self, node: Node, around: Around) -> None:
        if node.tag in (COMMENT, "mj-raw") and self._aside(node, around.box.parent):
            return
        opening = opening_of(self.defaults, node.tag, node.written, around, widths.columns(node))
        self.mended.wrong += [(node.at, reason) for reason in opening.wrong]
        self._open(opening.parts)
        for child in _joined(node.children) if node.tag == "mj-hero" else node.children:
            self._body(child, opening.around)
        self._close(node)

    def _aside(self, node: Node, parent: str) -> bool:
        """Writes a comment, or an mj-raw where the compiler does not write one as it should."""
        content, comment = self._content(node), node.tag == COMMENT
        at = node.at if content and (not comment or "[if" in content) else None
        if parent == "mj-wrapper":  # between whose sections the compiler speaks to Outlook alone
            shown = f"<!--{node.content}-->" if comment else content
            self.parts.append(f"<mj-raw>{self.mended.keep(f'<![endif]-->{shown}<!--[if mso | IE]>', at)}</mj-raw>")
        elif comment:
            token = self.mended.keep(node.content or "", at)
            if parent not in _WITHOUT_COMMENTS:
                self.parts.append(f"<!--{token}-->")
        elif parent == "mj-hero":
            token = self.mended.keep("\n" + content + "\n", at)
            self.parts.append(f"<mj-raw>{token}</mj-raw>")
        elif parent in _WITHOUT_RAW:
            self.parts.append(f"<!--{self.mended.keep(f'-->{content}<!--', at)}-->")
        else:
            return False
        return True

    def _open(self, parts: tuple[str, ...]) -> None:
        self.parts += [self.mended.keep(part) if number % 2 else part for number, part in enumerate(parts)]

    def _close(self, node: Node) -> None:
        if content := self._content(node):
            self.parts.append(self.mended.keep(content, node.at))
        self.parts.append(f"</{node.tag}>")

    def _content(self, node: Node) -> str:
        content = (node.content or "").strip()
        return ended(content) if self.inlines else content
