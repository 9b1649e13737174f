"""Markdown -> the text part: one line a paragraph, never wrapped (a slot's length is unknown), links numbered.

Heading underlined by a rule of fixed length; lists `- ` and `1. ` with hanging indent; quotations `> `; a table row
as `Column: value; ...`; a picture as its alternative text. The links of an article stand after it, each once.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import nh3
from markdown_it.tree import SyntaxTreeNode

from newsletter.rendering.markdown import Rewrite, is_web, parse, styled
from newsletter.rendering.shield import Shield
from newsletter.rendering.typography import House

RULE = "-" * 32


def to_text(markdown: str, language: str, *, own: bool, house: House | None = None, rewrite: Rewrite = str) -> str:
    """The same links as `markdown.to_html`; merge fields come back verbatim."""
    shield = Shield()
    tokens = parse(shield.put(markdown) if own else markdown)
    for _ in styled(tokens, language, house or {}):
        pass
    writer = _Writer(lambda target: rewrite(target) if is_web(target) and shield.lift(target) == target else target)
    body = writer.blocks(SyntaxTreeNode(tokens).children)
    links = [f"[{number}] {target}" for target, number in writer.links.items()]
    return shield.lift("\n\n".join(part for part in (body, "\n".join(links)) if part))


@dataclass
class _Writer:
    address: Callable[[str], str]
    links: dict[str, int] = field(default_factory=dict)

    def blocks(self, nodes: Sequence[SyntaxTreeNode], between: str = "\n\n") -> str:
        return between.join(text for node in nodes if (text := self.block(node)))

    def block(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "heading":
                return f"{self.inline(node)}\n{RULE}"
            case "paragraph":
                return self.inline(node)
            case "bullet_list" | "ordered_list":
                return self.list(node)
            case "blockquote":
                return "\n".join(f"> {line}".rstrip() for line in self.blocks(node.children).split("\n"))
            case "table":
                return self.table(node)
            case "fence" | "code_block":
                return node.content.rstrip("\n")
            case "hr":
                return RULE
            case "html_block":
                return _untagged(node.content)
        return self.inline(node)

    def list(self, node: SyntaxTreeNode) -> str:
        start = int(node.attrs.get("start", 1) or 1)
        lines = []
        for number, item in enumerate(node.children, start):
            mark = "- " if node.type == "bullet_list" else f"{number}. "
            content = self.blocks(item.children, "\n").replace("\n", "\n" + " " * len(mark))
            lines.append(mark + content)
        return "\n".join(lines)

    def table(self, node: SyntaxTreeNode) -> str:
        rows = [[self.inline(cell) for cell in row.children] for part in node.children for row in part.children]
        head, *body = rows
        return "\n".join("; ".join(f"{name}: {cell}" for name, cell in zip(head, row, strict=False)) for row in body)

    def inline(self, node: SyntaxTreeNode) -> str:
        return "".join(self.piece(child) for child in node.children).strip()

    def piece(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "text" | "code_inline":
                return node.content
            case "softbreak":
                return " "
            case "hardbreak":
                return "\n"
            case "image":
                return "".join(child.content for child in node.children)
            case "link":
                return self.link(node)
            case "html_inline":
                return "\n" if node.content.lower().startswith("<br") else ""
        return "".join(self.piece(child) for child in node.children)

    def link(self, node: SyntaxTreeNode) -> str:
        shown = "".join(self.piece(child) for child in node.children)
        target = str(node.attrs.get("href", ""))
        if shown in (target, target.removeprefix("mailto:").removeprefix("tel:")):
            return self.address(target) if is_web(target) else shown
        number = self.links.setdefault(self.address(target), len(self.links) + 1)
        return f"{shown} [{number}]"


def _untagged(html: str) -> str:
    """The text of a block of HTML; nh3 drops scripts and styles with their content."""
    return re.sub(r"\s+", " ", entities.unescape(nh3.clean(html.replace("<", " <"), tags=set()))).strip()
