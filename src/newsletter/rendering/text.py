"""Markdown -> the text part: one line a paragraph, never wrapped (a slot's length is unknown), links numbered.

Heading underlined by a rule of fixed length; lists `- ` and `1. ` with hanging indent; quotations `> `; a table row
as `Column: value; ...`; a picture as its alternative text. The links of an article stand after it, each once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from markdown_it.tree import SyntaxTreeNode

from newsletter.rendering.markdown import Rewrite, clean, parse, style, target
from newsletter.rendering.shield import Place, Shield
from newsletter.rendering.typography import House

RULE = "-" * 32


def to_text(
    markdown: str,
    language: str,
    *,
    own: bool,
    house: House | None = None,
    rewrite: Rewrite = str,
    place: Place | None = None,
) -> str:
    """The same links as `markdown.to_html`; merge fields come back verbatim, and other braces are literal."""
    shield = Shield()
    tokens = parse(shield.put(markdown, place) if own else markdown)
    style(tokens, language, house or {})
    writer = _Writer(lambda href: target(href, shield, rewrite))
    body = writer.blocks(SyntaxTreeNode(tokens).children)
    links = [f"[{number}] {address}" for address, number in writer.links.items()]
    text = "\n\n".join(part for part in (body, "\n".join(links)) if part)
    return shield.lift(re.sub(r"\{(?=[{%#])", '{{ "{" }}', text)) if shield.active else text


@dataclass
class _Writer:
    address: Callable[[str], str | None]
    links: dict[str, int] = field(default_factory=dict)

    def blocks(self, nodes: Sequence[SyntaxTreeNode], between: str = "\n\n") -> str:
        return between.join(text for node in nodes if (text := self.block(node)))

    def block(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "heading":
                return f"{self.inline(node)}\n{RULE}"
            case "bullet_list" | "ordered_list":
                return self.list(node)
            case "blockquote":
                return "\n".join(f"> {line}".rstrip(" ") for line in self.blocks(node.children).split("\n"))
            case "table":
                return self.table(node)
            case "fence" | "code_block":
                return node.content.rstrip("\n")
            case "hr":
                return RULE
            case "html_block":
                return self.html(node.content)
        return self.inline(node)

    def list(self, node: SyntaxTreeNode) -> str:
        first = int(node.attrs.get("start", 1))
        items = []
        for number, item in enumerate(node.children, first):
            mark = "- " if node.type == "bullet_list" else f"{number}. "
            content = self.blocks(item.children, "\n")
            items.append((mark + content.replace("\n", "\n" + " " * len(mark))).rstrip(" "))
        return "\n".join(items)

    def table(self, node: SyntaxTreeNode) -> str:
        head, *rows = [[self.inline(cell) for cell in row.children] for part in node.children for row in part.children]
        if not rows:
            return "; ".join(filter(None, head))
        return "\n".join("; ".join(_cell(*pair) for pair in zip(head, row, strict=False) if pair[1]) for row in rows)

    def inline(self, node: SyntaxTreeNode) -> str:
        return self.pieces(node.children).strip(" \n")

    def pieces(self, nodes: Sequence[SyntaxTreeNode]) -> str:
        """Inline nodes; HTML among them is read as a whole, because a tag and its end are nodes of their own."""
        if any(node.type == "html_inline" for node in nodes):
            return self.html("".join(_as_html(node) for node in nodes), keep_lines=True)
        return "".join(self.piece(node) for node in nodes)

    def piece(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "text" | "code_inline":
                return node.content
            case "softbreak":
                return " "
            case "hardbreak":
                return "\n"
            case "link":
                return self.link(str(node.attrs.get("href", "")), self.pieces(node.children))
        return self.pieces(node.children)

    def link(self, href: str, shown: str) -> str:
        """`shown [1]`; a link that shows its own address stands for itself."""
        address = self.address(href)
        if address is None:
            return shown
        if shown in (href, href.removeprefix("mailto:"), href.removeprefix("tel:")):
            return address if href.startswith("http") else shown
        number = self.links.setdefault(address, len(self.links) + 1)
        return f"{shown} [{number}]".lstrip(" ")

    def html(self, html: str, *, keep_lines: bool = False) -> str:
        reader = _HtmlText(self.link)
        reader.feed(clean(html))
        reader.close()
        text = re.sub(r"[ \t]*\n[ \t]*" if not keep_lines else r"[ \t]*\n", "\n", "".join(reader.parts[0]))
        return text if keep_lines else re.sub(r"\n{3,}", "\n\n", text).strip(" \n")


class _HtmlText(HTMLParser):
    """The text of clean HTML: paragraphs apart, `<br>` a new line, links as in Markdown."""

    def __init__(self, link: Callable[[str, str], str]) -> None:
        super().__init__(convert_charrefs=True)
        self._link = link
        self._targets: list[str] = []
        self.parts: list[list[str]] = [[]]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self._targets.append(given.get("href") or "")
            self.parts.append([])
        elif tag == "img":
            self.parts[-1].append(given.get("alt") or "")
        else:
            self.parts[-1].append({"br": "\n", "li": "\n- ", "tr": "\n", "td": " ", "th": " "}.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._targets:
            shown = "".join(self.parts.pop())
            self.parts[-1].append(self._link(self._targets.pop(), shown))
        elif tag in ("p", "h3", "h4", "h5", "ul", "ol", "blockquote", "table"):
            self.parts[-1].append("\n\n")

    def handle_data(self, data: str) -> None:
        self.parts[-1].append(re.sub(r"[ \t\n]+", " ", data))


def _cell(name: str, value: str) -> str:
    return f"{name}: {value}" if name else value


def _as_html(node: SyntaxTreeNode) -> str:
    """An inline node among HTML, as HTML again; links of Markdown too, so that their order stays."""
    if node.type == "html_inline":
        return node.content
    if node.type == "link":
        inner = "".join(_as_html(child) for child in node.children)
        return f'<a href="{_escaped(str(node.attrs.get("href", "")))}">{inner}</a>'
    if node.type in ("text", "code_inline"):
        return _escaped(node.content)
    if node.type in ("softbreak", "hardbreak"):
        return " " if node.type == "softbreak" else "<br>"
    return "".join(_as_html(child) for child in node.children)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
