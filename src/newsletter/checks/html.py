"""Structure: what Gmail, Outlook and screen readers need of the markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.checks.checked import HEADINGS, Checked, Spot, parse
from newsletter.checks.css import blocks, pixels
from newsletter.checks.finding import Finding, error, warning
from newsletter.i18n import Number, say, say_many

STYLE_LIMIT = 16 * 1024  # bytes of all <style> that Gmail keeps
SMALLEST = 14  # pixels

DOCTYPE = error(
    "doctype",
    say("Without it mail programs fall back to old ways of measuring."),
    say("Begin the HTML with <!DOCTYPE html>."),
)
LANGUAGE = error(
    "language",
    say("Screen readers choose their voice by it, and Arabic its direction."),
    say("Set lang and dir in the template on <mjml>, or on <html> and on the first <div>."),
)
STYLE_SIZE = error(
    "style-size", say("Gmail drops what goes beyond 16 KB of <style>."), say("Put less into <mj-style>.")
)
STYLE_SYNTAX = error(
    "style-syntax",
    say("Gmail then deletes the whole block."),
    say("Write colours as #RRGGBB, and one @media per <style>."),
)
TABLE = error(
    "table-role",
    say("Screen readers read a layout table out cell by cell."),
    say('Add role="presentation", or <th> to a table of data.'),
)
DIRECTION = error(
    "direction",
    say("Some programs drop dir: then Arabic lines up on the wrong side."),
    say("Set direction and text-align in the style of the paragraph as well."),
)
BALANCE = error(
    "tags",
    say("Outlook shows everything after it in the wrong place."),
    say("Close each tag where it was opened, comments too."),
)
INLINE = warning(
    "inline-style",
    say("Programs that drop <style> (Gmail with other accounts, GMX) show their own font and colour."),
    say("Set it in the style attribute of the element."),
)
UNSUPPORTED = warning(
    "unsupported",
    say("Outlook or Gmail ignores it or shows it broken."),
    say("Build it with tables, padding and pixels."),
)
ONE_H1 = warning(
    "h1", say("Screen readers announce a message by its one first heading."), say("Have exactly one <h1>.")
)
LEVELS = warning(
    "heading-level", say("Readers who jump by headings lose their way."), say("Use the next level, in order.")
)
SMALL = warning("small-text", say("It cannot be read on a phone."), say("Set at least 14px."))


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
            yield checked.found(SMALL, say("A text has %(size)s pixels", size=f"{size:g}"), spot.element)


def _document(checked: Checked) -> Iterator[Finding]:
    if not checked.html.lstrip().lower().startswith("<!doctype html"):
        yield checked.found(DOCTYPE, say("The message has no doctype"))
    body = checked.root.find("body")
    wrapper = next((child for child in body if child.tag in ("div", "table")), None)
    wanted = (checked.language, checked.direction)
    for name, element in (("<html>", checked.root), (say("the outermost element"), wrapper)):
        given = (element.get("lang"), element.get("dir")) if element is not None else (None, None)
        if given != wanted:
            shown = " ".join(f'{attribute}="{value}"' for attribute, value in zip(("lang", "dir"), wanted, strict=True))
            what = say(
                "The message does not say its language and direction: %(name)s lacks %(code)s", name=name, code=shown
            )
            yield checked.found(LANGUAGE, what)


_SPACED = re.compile(r"rgba?\(\s*[\d.]+%?\s+[\d.]|oklch\(|oklab\(|\blch\(|\blab\(", re.I)


def _styles(checked: Checked) -> Iterator[Finding]:
    size = sum(len(style.encode()) for style in checked.styles)
    if size > STYLE_LIMIT:
        yield checked.found(STYLE_SIZE, say("<style> holds %(size)s KB", size=Number(round(size / 1024))))
    for style in checked.styles:
        if any(head.startswith("@") and "@" in body for head, body in blocks(style)):
            yield checked.found(STYLE_SYNTAX, say("A <style> has an @ rule within an @ rule"))
    inline = (element.get("style") for element in checked.root.iter() if isinstance(element.tag, str))
    written = {found[0] for css in (*checked.styles, *inline) if css and (found := _SPACED.search(css))}
    for each in sorted(written):
        yield checked.found(STYLE_SYNTAX, say("A colour is written as %(code)s…", code=each))


def _tables(checked: Checked) -> Iterator[Finding]:
    told = (
        (say("A table has neither role nor header cells"), checked.root),
        (say("A table has neither role nor header cells (in a comment for Outlook)"), parse(checked.outlook)),
    )
    for what, root in told:
        for table in root.iter("table"):
            if table.get("role") not in ("presentation", "none") and next(table.iter("th"), None) is None:
                yield checked.found(TABLE, what, table)
                return


VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
_TAG = re.compile(r"""<(/?)([a-zA-Z][\w:-]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>""")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def _balance(checked: Checked) -> Iterator[Finding]:
    for reader, html in ((say("most programs"), checked.html), ("Outlook", checked.outlook)):
        if fault := _unbalanced(html):
            yield checked.found(BALANCE, say("%(fault)s, as %(reader)s read the message", fault=fault, reader=reader))


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
            return say("</%(tag)s> closes what is not open", tag=tag)
    return say("<%(tag)s> is never closed", tag=opened[-1]) if opened else None


def _headings(checked: Checked) -> Iterator[Finding]:
    headings = [spot.element for spot in checked.spots if spot.tag in HEADINGS and not spot.hidden]
    first = [heading for heading in headings if heading.tag == "h1"]
    if len(first) != 1:
        yield checked.found(ONE_H1, _firsts(len(first)))
    before = 0
    for heading in headings:
        level = int(heading.tag[1])
        if level > before + 1:
            what = say("A heading of level %(level)s follows one of level %(before)s", level=level, before=before)
            yield checked.found(
                LEVELS, what if before else say("The first heading is of level %(level)s", level=level), heading
            )
        before = level


def _firsts(number: int) -> str:
    return say_many(number, "There is %(num)s first heading", "There are %(num)s first headings")


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
            yield checked.found(
                DIRECTION,
                say("A part (<%(tag)s>) runs left to right among text that does not", tag=spot.tag),
                spot.element,
            )
        elif runs is None:
            yield checked.found(
                DIRECTION, say("A part (<%(tag)s>) does not say that it runs right to left", tag=spot.tag), spot.element
            )
        if spot.style.get("text-align") in (None, "left", "start"):
            yield checked.found(
                DIRECTION, say("A part (<%(tag)s>) is not aligned to the right", tag=spot.tag), spot.element
            )
    elif runs == "rtl":
        yield checked.found(
            DIRECTION, say("A part (<%(tag)s>) runs right to left among text that does not", tag=spot.tag), spot.element
        )


_TEXT = ("font-family", "font-size", "color", "margin")
_NEEDED = {"a": ("color",), "p": _TEXT, **dict.fromkeys(HEADINGS, _TEXT)}


def _inline(checked: Checked, spot: Spot) -> Iterator[Finding]:
    for name in _NEEDED.get(spot.tag, ()):
        if name not in spot.own and not (name == "margin" and any(key.startswith("margin-") for key in spot.own)):
            yield checked.found(
                INLINE, say("A text (<%(tag)s>) has no %(name)s of its own", tag=spot.tag, name=name), spot.element
            )


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
