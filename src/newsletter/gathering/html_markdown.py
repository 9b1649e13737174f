"""HTML of others into Markdown: cleaned by nh3 first, so that only known, harmless marks are left to translate."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import lxml.html
import nh3
from lxml.html import HtmlElement

from newsletter.gathering.writing import escape

SCHEMES = {"http", "https", "mailto", "tel"}

# The address for a link or picture as it stands in the page; None drops the link (its text stays) or the picture.
Resolve = Callable[[str], str | None]

_INLINE = {"a", "abbr", "b", "br", "code", "del", "em", "i", "img", "q", "s", "small", "span", "strong", "sub", "sup"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS = {
    *_HEADINGS,
    *("article", "blockquote", "dd", "div", "dl", "dt", "figcaption", "figure", "hr", "li", "main", "ol", "p", "pre"),
    *("section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
}
# Dropped with all that is in them. Navigation, forms and scripts are no part of a text.
_DROPPED = {
    "aside",
    "button",
    "form",
    "iframe",
    "nav",
    "noscript",
    "object",
    "script",
    "select",
    "style",
    "svg",
    "template",
}
_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt", "width", "height"}, "ol": {"start"}}
_STRONG = {"b": "**", "strong": "**", "em": "*", "i": "*", "del": "~~", "s": "~~"}


def to_markdown(html: str, resolve: Resolve) -> str:
    """The text of an HTML fragment as Markdown; headings, lists, quotes, tables, links and pictures stay."""
    clean = nh3.clean(
        without_controls(html),
        tags=_INLINE | _BLOCKS,
        clean_content_tags=_DROPPED,
        attributes=_ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel=None,
    )
    root = lxml.html.fragment_fromstring(clean, create_parent="div")
    return "\n\n".join(_Writer(resolve).blocks(root))


def plain(html: str) -> str:
    """The text of an HTML fragment on one line (a feed's title or summary)."""
    clean = nh3.clean(without_controls(html), tags=_INLINE | _BLOCKS, clean_content_tags=_DROPPED)
    root = lxml.html.fragment_fromstring(clean, create_parent="div")
    for element in root.iter():
        if element.tag in _BLOCKS or element.tag == "br":
            element.tail = " " + (element.tail or "")
    return squeeze(root.text_content()).strip()


def without_controls(text: str) -> str:
    """What lxml refuses in a text, and no reader sees."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]", "", text)


def squeeze(text: str) -> str:
    """Runs of the blanks of HTML as one; U+00A0 and U+202F stay."""
    return re.sub(r"[ \t\n\r\f]+", " ", text)


@dataclass(frozen=True, slots=True)
class _Writer:
    resolve: Resolve

    def blocks(self, parent: HtmlElement) -> list[str]:
        """Each block of an element; text between blocks is a paragraph of its own."""
        found: list[str] = []
        run = [escape(squeeze(parent.text or ""))]
        for child in parent:
            if child.tag in _BLOCKS:
                found += [*self._paragraph(run), *self._block(child)]
                run = []
            else:
                run.append(self._inline(child))
            run.append(escape(squeeze(child.tail or "")))
        return [*found, *self._paragraph(run)]

    def _paragraph(self, run: list[str]) -> Iterator[str]:
        lines = [line.strip(" ") for line in "".join(run).strip(" \n").split("\n")]
        text = "\n".join(lines)
        if text.strip("\\\n "):
            yield _guarded(text)

    def _block(self, element: HtmlElement) -> list[str]:
        tag = str(element.tag)
        if tag in _HEADINGS:
            text = self._line(element)
            return [f"{'#' * int(tag[1])} {text}"] if text else []
        match tag:
            case "ul" | "ol":
                return self._list(element)
            case "blockquote":
                quoted = "\n\n".join(self.blocks(element))
                return [_indented(quoted, "> ", "> ")] if quoted else []
            case "pre":
                code = element.text_content().strip("\n")
                fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", code)), default=0))
                return [f"{fence}\n{code}\n{fence}"] if code.strip() else []
            case "hr":
                return ["---"]
            case "table":
                return self._table(element)
            case _:
                return self.blocks(element)

    def _list(self, element: HtmlElement) -> list[str]:
        items = []
        first = element.get("start", "1")
        number = int(first) if first.isdigit() and len(first) < 9 else 1
        for child in element:
            content = "\n\n".join(self.blocks(child))
            if content:
                mark = "- " if element.tag == "ul" else f"{number}. "
                items.append(_indented(content, mark, " " * len(mark)))
                number += 1
        loose = any("\n\n" in item for item in items)
        return [("\n\n" if loose else "\n").join(items)] if items else []

    def _table(self, table: HtmlElement) -> list[str]:
        """A table of several columns; one of a single column is layout, and its cells are blocks."""
        own = (row for row in table.iter("tr") if next(row.iterancestors("table")) is table)
        rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in own]
        width = max((len(row) for row in rows), default=0)
        if width < 2 or any(True for _ in table.iterdescendants("table")):
            return [block for row in rows for cell in row for block in self.blocks(cell)]
        lines = [[self._line(cell) for cell in row] + [""] * (width - len(row)) for row in rows]
        head, *others = [f"| {' | '.join(line)} |" for line in lines]
        return ["\n".join([head, f"|{' --- |' * width}", *others])]

    def _line(self, element: HtmlElement) -> str:
        """The content of an element on one line."""
        parts = [escape(squeeze(element.text or ""))]
        for child in element:
            parts += [self._inline(child), " " if child.tag in _BLOCKS else "", escape(squeeze(child.tail or ""))]
        return re.sub(r"\\?[\n ]+", " ", "".join(parts)).strip(" ")

    def _inline(self, element: HtmlElement) -> str:
        tag = str(element.tag)
        if tag == "br":
            return "\\\n"
        if tag == "img":
            return self._picture(element)
        if tag == "code":
            return _code(squeeze(element.text_content()))
        inner = "".join(
            [escape(squeeze(element.text or ""))]
            + [self._inline(child) + escape(squeeze(child.tail or "")) for child in element]
        )
        if tag == "a":
            return self._link(element, inner)
        return _around(inner, _STRONG[tag]) if tag in _STRONG else inner

    def _link(self, element: HtmlElement, inner: str) -> str:
        target = self.resolve(element.get("href", "").strip())
        if target is None or not inner.strip():
            return inner
        before, text, after = _edges(inner.replace("\\\n", " "))
        return f"{before}[{text}]({_destination(target)}){after}"

    def _picture(self, element: HtmlElement) -> str:
        source = element.get("src", "").strip()
        tiny = any(re.fullmatch(r"[012](px)?", element.get(side, "").strip()) for side in ("width", "height"))
        target = None if tiny or not source else self.resolve(source)
        return f"![{escape(squeeze(element.get('alt', '')))}]({_destination(target)})" if target else ""


def _destination(url: str) -> str:
    return "".join(f"%{ord(sign):02X}" if sign in ' ()<>\\"\n' else sign for sign in url)


def _edges(text: str) -> tuple[str, str, str]:
    core = text.strip(" \n")
    start = text.index(core) if core else 0
    return text[:start], core, text[start + len(core) :]


def _around(text: str, mark: str) -> str:
    before, core, after = _edges(text)
    return f"{before}{mark}{core}{mark}{after}" if core else text


def _code(text: str) -> str:
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}" if text.strip() else ""


def _guarded(text: str) -> str:
    """A paragraph whose lines begin no list, heading or rule; its inline marks are Markdown already."""
    return "\n".join(_guarded_line(line) for line in text.split("\n"))


def _guarded_line(line: str) -> str:
    start = re.match(r"(?:#{1,6}|[-+])(?=\s|$)|=+\s*$|-{2,}\s*$", line)
    if start:
        return "\\" + line
    return re.sub(r"^(\d{1,9})([.)])(?=\s|$)", r"\1\\\2", line)


def _indented(text: str, first: str, other: str) -> str:
    lines = text.split("\n")
    rest = [(other + line).rstrip(" ") if line or other.strip() else "" for line in lines[1:]]
    return "\n".join([first + lines[0], *rest])
