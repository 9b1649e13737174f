"""MJML, rewritten so that the compiler shows what npm's mjml shows.

The compiler (mrml) parses and rewrites the content of text components, reads attribute values as Rust prints them, and
resolves defaults its own way. So it is given only the structure: contents and unusual values travel as tokens and are
put back, byte for byte, after it; defaults (`mj-attributes`, `mj-class`) are written on each component.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from newsletter.rendering import mjml_widths as widths
from newsletter.rendering.mjml_carried import CARRIERS, fitted, settled
from newsletter.rendering.mjml_components import COMPONENTS, IMPOSSIBLE, READ, accepted, expected
from newsletter.rendering.mjml_html import ended
from newsletter.rendering.mjml_tree import COMMENT, Node, Written, as_read

_PLAIN = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")  # printable ASCII but " and backslash
_SHORT_COLOR = re.compile(r"#([0-9a-fA-F])([0-9a-fA-F])([0-9a-fA-F])")
_COLORS = frozenset(
    (tag, name) for tag, each in COMPONENTS.items() for name, kind in each.attributes.items() if kind == "color"
)
_FONT = "Ubuntu, Helvetica, Arial, sans-serif"
# Texts in which each character counts; in all other values a line break is a blank.
_FREE = frozenset("alt css-class href name path src srcset title ico-open ico-close background-url".split())  # noqa: SIM905
_OWN = frozenset({"font-family"})  # handed down in an accordion past its elements, see `_resolved`
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
    mended.mjml = _Writer(mended, _defaults(root)).document(root)
    return mended


@dataclass(slots=True, eq=False)
class _Defaults:
    """What `mj-attributes` says."""

    all: dict[str, str] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    classes: dict[str, dict[str, str]] = field(default_factory=dict)
    inside: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)  # by class of a parent and tag


def _defaults(root: Node) -> _Defaults:
    head = root.find("mj-head")
    blocks = [child for child in head.children if child.tag == "mj-attributes"] if head else []
    return _read_defaults(
        tuple(
            (node.tag, node.written, tuple((child.tag, child.written) for child in node.children))
            for block in blocks
            for node in block.children
            if node.tag != COMMENT
        )
    )


@lru_cache(maxsize=32)
def _read_defaults(nodes: tuple[tuple[str, Written, tuple[tuple[str, Written], ...]], ...]) -> _Defaults:
    """The same object for the same defaults, so that what follows from them can be remembered."""
    found = _Defaults()
    for tag, written, children in nodes:
        attributes = as_read(written)
        if tag == "mj-class":
            name = attributes.pop("name", "")
            found.classes.setdefault(name, {}).update(attributes)
            for child, values in children:
                found.inside[name, child] = as_read(values)
        elif tag == "mj-all":
            found.all.update(attributes)
        else:
            found.tags.setdefault(tag, {}).update(attributes)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Around:
    """What a component gets from those around it: their mj-class, the attributes they hand down, their box.

    Compared by identity, which is quick: the same opening tag, which is remembered, gives the same object.
    """

    mj_class: str
    handed: tuple[tuple[str, str], ...]
    box: widths.Box


@dataclass(frozen=True, slots=True)
class _Opening:
    """An opening tag, in parts between which its unusual values stand, and what its children get."""

    parts: tuple[str, ...]
    around: _Around
    wrong: tuple[str, ...]


_OUTERMOST = _Around("", (), widths.Box(0, 1, "mjml"))


@lru_cache(maxsize=4096)
def _opening(defaults: _Defaults, tag: str, written: Written, around: _Around, columns: int) -> _Opening:
    """The opening tag of a component with so many columns in it, from `written` on."""
    box, own = around.box, as_read(written)
    handed = dict(around.handed)
    attributes = _resolved(defaults, tag, own, around)
    wrong = _wrong(tag, own, attributes, around)
    attributes = widths.read(tag, _known(tag, attributes))
    outer = widths.Box(box.width, max(1, box.columns), box.parent)
    inner = widths.inside(tag, attributes, outer, columns)
    parts = _parts(tag, fitted(tag, widths.fitted(tag, attributes, outer), box))
    down = {name: attributes[name] for name in COMPONENTS[tag].hands_down if attributes.get(name)}
    if tag == "mj-accordion":
        down["font-family"] = attributes.get("font-family") or _FONT
    elif tag == "mj-accordion-element":
        down["font-family"] = attributes.get("font-family") or handed.get("font-family", _FONT)
    return _Opening(parts, _Around(own.get("mj-class", around.mj_class), tuple(down.items()), inner), wrong)


def _known(tag: str, attributes: dict[str, str]) -> dict[str, str]:
    """Without the attributes that MJML passes over."""
    known = COMPONENTS[tag].attributes
    return {name: value for name, value in attributes.items() if name in known}


def _read(tag: str, attributes: dict[str, str]) -> dict[str, str]:
    """Those that MJML knows, or reads though it does not know them: see `_wrong`."""
    known, read = COMPONENTS[tag].attributes, READ.get(tag, ())
    return {name: value for name, value in attributes.items() if name in known or name in read}


def _wrong(tag: str, own: dict[str, str], attributes: dict[str, str], around: _Around) -> tuple[str, ...]:
    """What the lint could not see, because it depends on defaults."""
    kinds = COMPONENTS[tag].attributes
    found = []
    for name, value in attributes.items():
        if name not in kinds:
            if value.strip(" 0px"):
                found.append(f"by its class or a default, <{tag}> has a {name}, which cannot be compiled")
        elif own.get(name) != value and (
            reason := IMPOSSIBLE.get((tag, name, value)) or IMPOSSIBLE.get((tag, name, ""))
        ):
            found.append(reason)
        elif own.get(name) != value and value and not accepted(kinds[name], value):
            found.append(f'by its class or a default, {name}="{value}" is not {expected(kinds[name])}')
    if around.box.parent == "mj-group" and "," in attributes.get("width", ""):
        found.append(f'width="{attributes["width"]}" is no width; write a point for the comma')
    if tag == "mj-navbar-link" and "href" not in attributes and dict(around.handed).get("base-url"):
        found.append("a link of a navbar with a base-url needs an href")
    if tag == "mj-wrapper" and widths.in_percent(attributes):
        found.append("the sections of a wrapper would be too wide: give its left and right padding in px")
    return tuple(found)


def _resolved(defaults: _Defaults, tag: str, own: dict[str, str], around: _Around) -> dict[str, str]:
    """The attributes that hold, without the component's own defaults: mj-all, handed down, tag, class, own."""
    handed, known = dict(around.handed), COMPONENTS[tag].attributes
    found = dict(defaults.all)
    found.update(
        {
            name: value
            for name, value in handed.items()
            if name in known and (tag == "mj-social-element" or name not in _OWN)
        }
    )
    found.update(defaults.tags.get(tag, ()))
    classes: dict[str, str] = {}
    for name in own.get("mj-class", "").split(" "):
        values = defaults.classes.get(name, {})
        both = [classes.get("css-class"), values.get("css-class")]
        classes.update(values)
        if all(both):
            classes["css-class"] = " ".join(filter(None, both))
    found.update(classes)
    for name in around.mj_class.split(" "):
        found.update(defaults.inside.get((name, tag), ()))
    if tag in ("mj-accordion-title", "mj-accordion-text"):  # no default, only its parents' font
        found["font-family"] = handed.get("font-family", _FONT)
    found.update(own)
    found.pop("mj-class", None)
    return _read(tag, found)


def _parts(tag: str, attributes: dict[str, str]) -> tuple[str, ...]:
    """The opening tag; each second part is a value that the compiler must not see."""
    parts = [f"<{tag}"]
    for name, value in attributes.items():
        if name.startswith("xmlns"):
            continue
        if (tag, name) in _COLORS:
            value = _SHORT_COLOR.sub(r"#\1\1\2\2\3\3", value) if len(value) == 4 else value
        if name not in _FREE:
            value = " ".join(value.split())
        if _PLAIN.fullmatch(value) is None:
            parts[-1] += f' {name}="'
            parts += value if (tag, name) in CARRIERS else value.replace('"', "&quot;"), '"'
        else:
            parts[-1] += f' {name}="{value}"'
    parts[-1] += ">"
    return tuple(parts)


def _is_inline(node: Node) -> bool:
    return node.tag == "mj-style" and node.attributes.get("inline") == "inline"


class _Writer:
    def __init__(self, mended: Mended, defaults: _Defaults) -> None:
        self.mended = mended
        self.defaults = defaults
        self.parts: list[str] = []
        self.inlines = False  # rules into the elements of the body

    def document(self, root: Node) -> str:
        self.inlines = any(map(_is_inline, root.find_all("mj-style")))
        self._open(_parts("mjml", _known("mjml", root.attributes)))
        for child in root.children:
            if child.tag == "mj-head":
                self._head(child)
            elif child.tag == "mj-body":
                self._body(child, _OUTERMOST)
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
                self._open(_parts(node.tag, _known(node.tag, node.attributes)))
                self._close(node)
        self.parts.append("</mj-head>")

    def _body(self, node: Node, around: _Around) -> None:
        if node.tag in (COMMENT, "mj-raw") and self._aside(node, around.box.parent):
            return
        opening = _opening(self.defaults, node.tag, node.written, around, widths.columns(node))
        self.mended.wrong += [(node.at, reason) for reason in opening.wrong]
        self._open(opening.parts)
        for child in node.children:
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
        elif parent == "mj-hero":  # where blanks around a text are seen
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
