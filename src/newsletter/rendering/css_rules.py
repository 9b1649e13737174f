"""The rules of a style sheet that is to be inlined, or why one of them cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from newsletter.i18n import say

_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_PIECE = re.compile(r"""(?:[^{}"';]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')+""", re.S)
_DECLARATION = re.compile(
    r"""(?:[^;"'(]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\((?:[^()"']|"[^"]*"|'[^']*'|\([^()]*\))*\))+"""
)
_NAMED = re.compile(r"\s*(-?-?[a-zA-Z_*][\w-]*)\s*:(.*)", re.S)
_IMPORTANT = re.compile(r"\s*!\s*important\s*$", re.I)
_PSEUDO = re.compile(r":(?!(?:first|last)-child$)")
_BRACE = re.compile(r"""[{}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""")
_IN_BRACKETS = re.compile(r"\[[^\]]*\]")
_ASKS_STYLE = re.compile(r"\[\s*style\b", re.I)
_SELECTORS = re.compile(r"""(?:[^,("'\[]|"[^"]*"|'[^']*'|\([^)]*\)|\[[^\]]*\])+""")


class Declaration(NamedTuple):
    name: str
    value: str
    important: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One selector with its declarations."""

    selector: str
    specificity: tuple[int, int, int]
    declarations: tuple[Declaration, ...]


@lru_cache(maxsize=64)
def read_rules(css: str) -> tuple[tuple[Rule, ...], tuple[tuple[int, str], ...]]:
    """The rules of a style sheet, and what cannot be inlined, with its offset."""
    css = _COMMENT.sub(lambda found: " " * len(found[0]), css.replace("<!--", "    ").replace("-->", "   "))
    rules: list[Rule] = []
    wrong: list[tuple[int, str]] = []
    for at, head, body in _blocks(css):
        if head.startswith("@"):
            wrong.append(
                (at, say("%(rule)s cannot be inlined; put it into an <mj-style> without inline", rule=head.split()[0]))
            )
        elif head == ";":
            wrong.append((at, say("a semicolon between rules makes the next one void; leave it out")))
        elif body is None:
            wrong.append((at, say("this is no CSS rule")))
        elif "{" in body:
            wrong.append((at, say("nested rules cannot be inlined; write them out, one by one")))
        else:
            wrong += [
                (at, say("%(piece)r is no declaration such as color: red", piece=piece)) for piece in _garbage(body)
            ]
            declarations = tuple(declarations_of(body))
            for selector in filter(None, map(str.strip, _SELECTORS.findall(head))):
                reason, specificity = _selector(selector)
                if reason:
                    wrong.append((at, reason))
                else:
                    rules.append(Rule(selector, specificity, declarations))
    return tuple(rules), tuple(wrong)


def declarations_of(text: str) -> Iterator[Declaration]:
    """The declarations of a rule or a style attribute; what is none is passed over."""
    for piece in _DECLARATION.findall(text):
        name, colon, value = piece.partition(":")
        name, value = name.strip(), value.strip()
        if colon and name and value:
            bare = _IMPORTANT.sub("", value)
            yield Declaration(name if name.startswith("--") else name.lower(), bare, bare != value)


def _garbage(body: str) -> Iterator[str]:
    """What stands between the declarations of a rule and is none itself."""
    end = 0
    for found in _DECLARATION.finditer(body):
        between, end = body[end : found.start()].strip("; \t\r\n\f"), found.end()
        named = _NAMED.fullmatch(found[0])
        if between:
            yield between
        if found[0].strip() and not (named and named[2].strip()):
            yield found[0].strip()
    if rest := body[end:].strip("; \t\r\n\f"):
        yield rest


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
            position = end + 1
            if head or (css.startswith(";", end) and css[position:].strip("; \t\r\n\f")):
                yield start, head or ";", None


def _closing(css: str, opening: int) -> int:
    depth = 0
    for found in _BRACE.finditer(css[opening:]):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return opening + found.start()
    return len(css)


def _selector(selector: str) -> tuple[str | None, tuple[int, int, int]]:
    from cssselect import parse
    from cssselect.parser import SelectorError

    nothing = (0, 0, 0)
    if _PSEUDO.search(_IN_BRACKETS.sub("", selector)):
        return say(
            "the selector %(selector)s cannot be inlined; put its rule into an <mj-style> without inline",
            selector=selector,
        ), nothing
    if _ASKS_STYLE.search(selector):
        return say(
            "the selector %(selector)s asks for a style attribute, which inlining changes", selector=selector
        ), nothing
    try:
        (parsed,) = parse(selector)
    except (SelectorError, ValueError) as error:
        return say("the selector %(selector)s is not understood: %(error)s", selector=selector, error=error), nothing
    return None, parsed.specificity()
