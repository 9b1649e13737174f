"""Inlines CSS rules into the `style` attributes of HTML.

premailer finds which rules meet which elements; it sees a skeleton of the document (the tags, numbered) and one
placeholder declaration a rule. The declarations themselves are then written into the original text, so that neither
lxml nor cssutils can change a value, a comment, an entity or a tag: only attributes of matched elements change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_PIECE = re.compile(r"""(?:[^{}"';]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')+""", re.S)
_DECLARATION = re.compile(
    r"""(?:[^;"'(]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\((?:[^()"']|"[^"]*"|'[^']*'|\([^()]*\))*\))+"""
)
_IMPORTANT = re.compile(r"\s*!\s*important\s*$", re.I)
_PSEUDO = re.compile(r":(?!(?:first|last)-child$)")
# Begins with a plain "<" outside every group and flag, by which the search skips text quickly.
_TAG = re.compile(
    r"""<(?:!--.*?--|(?i:(style|script|title)\b.*?</\1\s*)|(/?)([a-zA-Z][^\s/>]*)((?:[^"'>]++|"[^"]*"|'[^']*')*+))>""",
    re.S,
)
_STYLE = re.compile(r"""(\sstyle\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)""", re.I)
_SIMPLE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*|(?=[.#]))([.#][a-zA-Z_-][\w-]*)?")
_MARK = re.compile(r"r(\d+):1")
_INVISIBLE = frozenset({"head", "title", "base", "link", "style", "meta", "script", "noscript", "html"})


@dataclass(frozen=True, slots=True)
class Declaration:
    name: str
    value: str
    important: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One selector with its declarations."""

    selector: str
    specificity: tuple[int, int, int]
    declarations: tuple[Declaration, ...]


def read_rules(css: str) -> tuple[list[Rule], list[tuple[int, str]]]:
    """The rules of a style sheet, and what cannot be inlined, with its offset."""
    css = _COMMENT.sub(lambda found: " " * len(found[0]), css.replace("<!--", "    ").replace("-->", "   "))
    rules: list[Rule] = []
    wrong: list[tuple[int, str]] = []
    for at, head, body in _blocks(css):
        if head.startswith("@"):
            wrong.append((at, f"{head.split()[0]} cannot be inlined; put it into an <mj-style> without inline"))
        elif body is None:
            wrong.append((at, "this is no CSS rule"))
        elif "{" in body:
            wrong.append((at, "nested rules cannot be inlined; write them out, one by one"))
        else:
            declarations = tuple(_declarations(body))
            for selector in filter(None, map(str.strip, _split(head))):
                reason, specificity = _selector(selector)
                if reason:
                    wrong.append((at, reason))
                else:
                    rules.append(Rule(selector, specificity, declarations))
    return rules, wrong


def _blocks(css: str) -> Iterator[tuple[int, str, str | None]]:
    """Offset, head and body (none: an at-rule that ends in a semicolon, or garbage) of each block."""
    position = 0
    while position < len(css):
        start = position + len(css[position:]) - len(css[position:].lstrip())
        found = _PIECE.match(css, start)
        end = found.end() if found else start
        head = css[start:end].strip()
        if end < len(css) and css[end] == "{":
            close = _closing(css, end)
            yield start, head, css[end + 1 : close]
            position = close + 1
        else:
            if head:
                yield start, head, None
            position = end + 1


def _closing(css: str, opening: int) -> int:
    depth = 0
    for found in re.finditer(r"""[{}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", css[opening:]):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return opening + found.start()
    return len(css)


def _declarations(text: str) -> Iterator[Declaration]:
    for piece in _DECLARATION.findall(text):
        name, colon, value = piece.partition(":")
        name, value = name.strip(), value.strip()
        if colon and name and value:
            bare = _IMPORTANT.sub("", value)
            yield Declaration(name if name.startswith("--") else name.lower(), bare, bare != value)


def _split(selectors: str) -> list[str]:
    return re.findall(r"""(?:[^,("'\[]|"[^"]*"|'[^']*'|\([^)]*\)|\[[^\]]*\])+""", selectors)


def _selector(selector: str) -> tuple[str | None, tuple[int, int, int]]:
    from cssselect import parse
    from cssselect.parser import SelectorError

    nothing = (0, 0, 0)
    if _PSEUDO.search(re.sub(r"\[[^\]]*\]", "", selector)):
        return f"the selector {selector} cannot be inlined; put its rule into an <mj-style> without inline", nothing
    if re.search(r"\[\s*style\b", selector, re.I):
        return f"the selector {selector} asks for a style attribute, which inlining changes", nothing
    try:
        (parsed,) = parse(selector)
    except (SelectorError, ValueError) as error:
        return f"the selector {selector} is not understood: {error}", nothing
    return None, parsed.specificity()


@dataclass(slots=True)
class _Tag:
    start: int
    end: int
    name: str
    attributes: str


def inline(html: str, rules: list[Rule]) -> str:
    """The HTML with the rules in the style attributes of the elements they meet. The rest stays, byte for byte."""
    wanted = _wanted(rules)
    tags: list[_Tag] = []
    skeleton: list[str] = []
    for found in _TAG.finditer(html):
        _, closing, name, attributes = found.groups()
        if name is None or (wanted is not None and (closing or not wanted.may_meet(name, attributes))):
            continue
        if closing:
            skeleton.append(f"</{name}>")
            continue
        visible = _STYLE.sub("", attributes) if "style" in attributes.lower() else attributes
        skeleton.append(f'<{name} data-at="{len(tags)}"{visible}>' + (f"</{name}>" if wanted is not None else ""))
        tags.append(_Tag(found.start(), found.end(), name, attributes))
    if not tags:
        return html
    parts: list[str] = []
    position = 0
    for number, matched in sorted(_matches("".join(skeleton), rules).items()):
        tag = tags[number]
        if tag.name.lower() in _INVISIBLE:
            continue
        parts += html[position : tag.start], _rewritten(tag, [rules[each] for each in matched])
        position = tag.end
    return "".join([*parts, html[position:]])


@dataclass(slots=True)
class _Wanted:
    """The tags that rules may meet: by their names, or by a class or id that their attributes hold."""

    names: set[str]
    words: set[str]

    def may_meet(self, name: str, attributes: str) -> bool:
        return name.lower() in self.names or any(word in attributes for word in self.words)


def _wanted(rules: list[Rule]) -> _Wanted | None:
    """What is needed where no rule depends on other tags than the one it meets; none where one does."""
    wanted = _Wanted(set(), set())
    for rule in rules:
        simple = _SIMPLE.fullmatch(rule.selector)
        if simple is None or simple[1].lower() in ("html", "head", "body"):
            return None
        if simple[1]:
            wanted.names.add(simple[1].lower())
        else:
            wanted.words.add(simple[2][1:])
    return wanted


def _matches(skeleton: str, rules: list[Rule]) -> dict[int, list[int]]:
    """By number of the tag, the rules that meet it."""
    import logging

    import cssutils
    from lxml import etree
    from premailer import Premailer

    cssutils.log.setLevel(logging.CRITICAL)
    tree = etree.fromstring(skeleton, etree.HTMLParser())
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


def _rewritten(tag: _Tag, rules: list[Rule]) -> str:
    own = _STYLE.search(tag.attributes)
    style = own[2].strip("\"'") if own else ""
    inlined = _style(style, rules).replace('"', "'")
    if own:
        attributes = f'{tag.attributes[: own.start()]}{own[1]}"{inlined}"{tag.attributes[own.end() :]}'
    else:
        end = "/" if tag.attributes.endswith("/") else ""
        attributes = f'{tag.attributes.removesuffix("/").rstrip()} style="{inlined}"{" " + end if end else ""}'
    return f"<{tag.name}{attributes}>"


def _style(own: str, rules: list[Rule]) -> str:
    """The declarations in the order of the cascade: the last of each name holds."""
    ranked = [
        ((each.important, 0, rule.specificity, number, place), each)
        for number, rule in enumerate(rules)
        for place, each in enumerate(rule.declarations)
    ]
    ranked += [((each.important, 1, (0, 0, 0), 0, place), each) for place, each in enumerate(_declarations(own))]
    last: dict[str, Declaration] = {}
    for _, declaration in sorted(ranked, key=lambda pair: pair[0]):
        last.pop(declaration.name, None)
        last[declaration.name] = declaration
    return "".join(f"{each.name}:{each.value};" for each in last.values())
