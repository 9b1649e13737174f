"""HTML as browsers read it where its tags are wrong.

End tags that end nothing are written as the elements that browsers make of them:
`</br>` is a line break and a stray `</p>` an empty paragraph (https://html.spec.whatwg.org/multipage/parsing.html).
npm's mjml writes them so before it inlines rules, which then meet them; so must what is inlined here.
"""

from __future__ import annotations

import re
from functools import lru_cache

_TAG = re.compile(r"""<!--.*?-->|<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*)(?:[^"'>]++|"[^"]*"|'[^']*')*+>""", re.S)
_ENDS = re.compile(r"</(?:p|br)\b", re.I)
# Elements that close a paragraph before them, and whose end closes one in them.
_BLOCKS = frozenset(
    "address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 "  # noqa: SIM905
    "h2 h3 h4 h5 h6 header hgroup hr li listing main menu nav ol pre section summary table ul xmp".split()
)
# Elements in which no paragraph around them is open.
_SCOPES = frozenset("applet button caption marquee object table td template th".split())  # noqa: SIM905


@lru_cache(maxsize=1024)
def ended(html: str) -> str:
    """The HTML with each `</br>` as `<br>` and each stray `</p>` as `<p></p>`."""
    if not _ENDS.search(html):
        return html
    open_paragraphs, position = [False], 0
    parts: list[str] = []
    for tag in _TAG.finditer(html):
        name = (tag["name"] or "").lower()
        instead = None
        if name == "br" and tag["end"]:
            instead = "<br>"
        elif name == "p":
            instead = "<p></p>" if tag["end"] and not open_paragraphs[-1] else None
            open_paragraphs[-1] = not tag["end"]
        else:
            _pass(name, bool(tag["end"]), open_paragraphs)
        if instead is not None:
            parts += html[position : tag.start()], instead
            position = tag.end()
    return "".join((*parts, html[position:]))


def _pass(name: str, ends: bool, open_paragraphs: list[bool]) -> None:
    """Another tag: whether a paragraph is open after it, in each scope."""
    if name in _SCOPES and ends and len(open_paragraphs) > 1:
        open_paragraphs.pop()
    if name in _BLOCKS:
        open_paragraphs[-1] = False
    if name in _SCOPES and not ends:
        open_paragraphs.append(False)


def has_bare_table(html: str) -> bool:
    """Whether a table stands outside of every row."""
    rows = 0
    for tag in _TAG.finditer(html):
        name = (tag["name"] or "").lower()
        if name == "tr":
            rows += -1 if tag["end"] else 1
        elif name == "table" and not tag["end"] and rows <= 0:
            return True
    return False
