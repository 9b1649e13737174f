"""Structure: what Gmail, Outlook and screen readers need of the markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.checks.checked import HEADINGS, Checked, Spot, parse
from newsletter.checks.css import blocks, pixels
from newsletter.checks.finding import Finding, error, warning
from newsletter.i18n import say

STYLE_LIMIT = 16 * 1024  # bytes of all <style> that Gmail keeps
SMALLEST = 14  # pixels

DOCTYPE = error(
    "doctype", "Without it mail programs fall back to old ways of measuring.", "Begin the HTML with <!DOCTYPE html>."
)
LANGUAGE = error(
    "language",
    "Screen readers choose their voice by it, and Arabic its direction.",
    "Set lang and dir on <mjml>, or on <html> and on the first <div>.",
)
STYLE_SIZE = error("style-size", "Gmail drops what goes beyond 16 KB of <style>.", "Put less into <mj-style>.")
STYLE_SYNTAX = error(
    "style-syntax", "Gmail then deletes the whole block.", "Write colours as #RRGGBB, and one @media per <style>."
)
TABLE = error(
    "table-role",
    "Screen readers read a layout table out cell by cell.",
    'Add role="presentation", or <th> to a table of data.',
)
DIRECTION = error(
    "direction",
    "Some programs drop dir: then Arabic lines up on the wrong side.",
    "Set direction and text-align in the style of the paragraph as well.",
)
BALANCE = error(
    "tags", "Outlook shows everything after it in the wrong place.", "Close each tag where it was opened, comments too."
)
INLINE = warning(
    "inline-style",
    "Programs that drop <style> (Gmail with other accounts, GMX) show their own font and colour.",
    "Set it in the style attribute of the element.",
)
UNSUPPORTED = warning(
    "unsupported", "Outlook or Gmail ignores it or shows it broken.", "Build it with tables, padding and pixels."
)
ONE_H1 = warning("h1", "Screen readers announce a message by its one first heading.", "Have exactly one <h1>.")
LEVELS = warning("heading-level", "Readers who jump by headings lose their way.", "Use the next level, in order.")
SMALL = warning("small-text", "It cannot be read on a phone.", "Set at least 14px.")


def check(checked: Checked) -> Iterator[Finding]:
    yield from _document(checked)
    yield from _styles(checked)
    yield from _tables(checked)
    yield from _balance(checked)
    yield from _headings(checked)
    for spot in checked.spots:
        yield from _unsupported(checked, spot)
    for spot in checked.shown:
        yield from _direction(checked, spot)
        yield from _inline(checked, spot)
        size = pixels(spot.style.get("font-size"))
        if size is not None and 0 < size < SMALLEST:
            yield checked.found(SMALL, f"text of {size:g}px", spot.element)


def _document(checked: Checked) -> Iterator[Finding]:
    if not checked.html.lstrip().lower().startswith("<!doctype html"):
        yield checked.found(DOCTYPE, "the HTML has no doctype")
    body = checked.root.find("body")
    wrapper = next((child for child in body if child.tag in ("div", "table")), None)
    wanted = (checked.language, checked.direction)
    for name, element in (("<html>", checked.root), ("the outermost element of the body", wrapper)):
        given = (element.get("lang"), element.get("dir")) if element is not None else (None, None)
        if given != wanted:
            shown = " and ".join(
                f'{attribute}="{value}"' for attribute, value in zip(("lang", "dir"), wanted, strict=True)
            )
            yield checked.found(LANGUAGE, f"{name} lacks {shown}")


_SPACED = re.compile(r"rgba?\(\s*[\d.]+%?\s+[\d.]|oklch\(|oklab\(|\blch\(|\blab\(", re.I)


def _styles(checked: Checked) -> Iterator[Finding]:
    size = sum(len(style.encode()) for style in checked.styles)
    if size > STYLE_LIMIT:
        yield checked.found(STYLE_SIZE, f"<style> holds {size / 1024:.0f} KB")
    for style in checked.styles:
        if any(head.startswith("@") and "@" in body for head, body in blocks(style)):
            yield checked.found(STYLE_SYNTAX, "a <style> has an @ rule within an @ rule")
    inline = (element.get("style") for element in checked.root.iter() if isinstance(element.tag, str))
    written = {found[0] for css in (*checked.styles, *inline) if css and (found := _SPACED.search(css))}
    for each in sorted(written):
        yield checked.found(STYLE_SYNTAX, f"a colour is written as {each}…")


def _tables(checked: Checked) -> Iterator[Finding]:
    for where, root in (("", checked.root), (" (in a comment for Outlook)", parse(checked.outlook))):
        for table in root.iter("table"):
            if table.get("role") not in ("presentation", "none") and next(table.iter("th"), None) is None:
                yield checked.found(TABLE, f"a table has neither role nor header cells{where}", table)
                return


VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
_TAG = re.compile(r"""<(/?)([a-zA-Z][\w:-]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>""")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def _balance(checked: Checked) -> Iterator[Finding]:
    for reader, html in (("most programs", checked.html), ("Outlook", checked.outlook)):
        if fault := _unbalanced(html):
            yield checked.found(BALANCE, f"{fault}, as {reader} read the message")


def _unbalanced(html: str) -> str | None:
    """The first tag that does not fit, read as strictly as Word does."""
    opened: list[str] = []
    for end, name, rest in _TAG.findall(_COMMENT.sub("", html)):
        tag = name.lower()
        if tag in VOID or rest.endswith("/"):  # Outlook's <o:AllowPNG/> opens nothing
            continue
        if not end:
            opened.append(tag)
        elif not opened or opened.pop() != tag:
            return f"</{tag}> closes what is not open"
    return f"<{opened[-1]}> is never closed" if opened else None


def _headings(checked: Checked) -> Iterator[Finding]:
    headings = [spot.element for spot in checked.spots if spot.tag in HEADINGS and not spot.hidden]
    first = [heading for heading in headings if heading.tag == "h1"]
    if len(first) != 1:
        yield checked.found(ONE_H1, f"there are {len(first)} <h1>" if first else "there is no <h1>")
    before = 0
    for heading in headings:
        level = int(heading.tag[1])
        if level > before + 1:
            yield checked.found(LEVELS, f"<h{level}> follows " + (f"<h{before}>" if before else "nothing"), heading)
        before = level


_BLOCKS = frozenset((*HEADINGS, "p", "li", "td", "th", "div", "blockquote"))


def _direction(checked: Checked, spot: Spot) -> Iterator[Finding]:
    """A text that runs from right to left must say so twice: by attribute and by style."""
    block = spot.element
    while block is not None and block.tag not in _BLOCKS:
        block = block.getparent()
    if block is not spot.element:
        return
    runs = spot.style.get("direction")
    if spot.direction == "rtl":
        if runs == "ltr":
            yield checked.found(DIRECTION, f"<{spot.tag}> is set left to right among text that is not", spot.element)
        elif runs is None:
            yield checked.found(DIRECTION, f"<{spot.tag}> lacks direction:rtl", spot.element)
        if spot.style.get("text-align") in (None, "left", "start"):
            yield checked.found(DIRECTION, f"<{spot.tag}> lacks text-align:right", spot.element)
    elif runs == "rtl":
        yield checked.found(DIRECTION, f"<{spot.tag}> is set right to left among text that is not", spot.element)


_TEXT = ("font-family", "font-size", "color", "margin")
_NEEDED = {"a": ("color",), "p": _TEXT, **dict.fromkeys(HEADINGS, _TEXT)}


def _inline(checked: Checked, spot: Spot) -> Iterator[Finding]:
    for name in _NEEDED.get(spot.tag, ()):
        if name not in spot.own and not (name == "margin" and any(key.startswith("margin-") for key in spot.own)):
            yield checked.found(INLINE, f"<{spot.tag}> has no {name} of its own", spot.element)


_NEGATIVE = re.compile(r"(?:^|;)\s*margin[\w-]*\s*:(?:[^;]*\s)?-\.?\d", re.I)
_NOWHERE = frozenset(("script", "iframe"))  # no program shows them, so that nobody measures them


def _unsupported(checked: Checked, spot: Spot) -> Iterator[Finding]:
    """What the published support does not tell; see programs.py for what it does."""
    if spot.tag in _NOWHERE:
        yield checked.found(
            UNSUPPORTED, say("<%(tag)s> is used, which no mail program runs", tag=spot.tag), spot.element
        )
    if _NEGATIVE.search(spot.element.get("style", "")):
        yield checked.found(UNSUPPORTED, say("A negative margin is used in a style"), spot.element)
