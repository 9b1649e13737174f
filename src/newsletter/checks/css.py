"""As much of CSS as mail uses: declarations, rules with their media, simple selectors, colours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

Declarations = Mapping[str, str]
Colour = tuple[int, int, int]

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_DECLARATION = re.compile(r"""((?:"[^"]*"|'[^']*'|\([^)]*\)|[^;"'(])+)""")


@lru_cache(maxsize=4096)
def declarations(style: str) -> Declarations:
    """`color:#fff;margin:0 !important` as names and values; the last of a name wins."""
    found: dict[str, str] = {}
    for each in _DECLARATION.findall(_COMMENT.sub("", style)):
        name, colon, value = each.partition(":")
        if colon and name.strip():
            found[name.strip().lower()] = value.strip()
    return found


@dataclass(frozen=True, slots=True)
class StyleRule:
    selector: str
    declarations: Declarations
    media: str  # "" where it always holds


def rules(css: str) -> Iterator[StyleRule]:
    """The rules of a <style>, one for each selector."""
    yield from _rules(_COMMENT.sub("", css).replace("<!--", "").replace("-->", ""), "")


def _rules(css: str, media: str) -> Iterator[StyleRule]:
    for head, body in blocks(css):
        if head.startswith("@media"):
            yield from _rules(body, head.removeprefix("@media").strip())
        elif not head.startswith("@"):
            told = declarations(body)
            for selector in head.split(","):
                yield StyleRule(selector.strip(), told, media)


def blocks(css: str) -> Iterator[tuple[str, str]]:
    """Each `head { body }` of the outermost level."""
    depth, start, head = 0, 0, ""
    for at, sign in enumerate(css):
        if sign == "{":
            if depth == 0:
                head, start = css[start:at].rpartition(";")[2].strip(), at + 1
            depth += 1
        elif sign == "}" and depth:
            depth -= 1
            if depth == 0:
                yield head, css[start:at]
                start = at + 1


_SIMPLE = re.compile(r"(?P<tag>[a-zA-Z][\w-]*|\*)?(?P<rest>(?:\.[\w-]+|#[\w-]+|\[[\w-]+\])*)")
_PART = re.compile(r"([.#])([\w-]+)|\[([\w-]+)\]")


@lru_cache(maxsize=1024)
def xpath(selector: str) -> str | None:
    """An XPath for a selector of tags, classes, ids and attributes; None for what else CSS has."""
    path, axis = "", "//"
    for word in re.sub(r"\s*>\s*", " > ", selector).split():
        if word == ">":
            axis = "/"
            continue
        found = _SIMPLE.fullmatch(word)
        if found is None:
            return None
        path += axis + (found["tag"] or "*").lower() + "".join(map(_condition, _PART.finditer(found["rest"])))
        axis = "//"
    return path or None


def _condition(part: re.Match[str]) -> str:
    if part[3]:
        return f"[@{part[3]}]"
    if part[1] == "#":
        return f"[@id='{part[2]}']"
    return f"[contains(concat(' ',normalize-space(@class),' '),' {part[2]} ')]"


def specificity(selector: str) -> tuple[int, int, int]:
    return (
        selector.count("#"),
        selector.count(".") + selector.count("["),
        len(re.findall(r"(?:^|[\s>])[a-zA-Z]", selector)),
    )


_NAMED = {
    "white": "ffffff",
    "black": "000000",
    "red": "ff0000",
    "gray": "808080",
    "grey": "808080",
    "silver": "c0c0c0",
    "navy": "000080",
    "blue": "0000ff",
    "green": "008000",
}


def colour(value: str) -> Colour | None:
    """A colour out of a value such as `#FFF` or `url(x) #FFFFFF no-repeat`; None where it names none that is known."""
    value = value.replace("!important", "").strip().lower()
    if found := re.search(r"#([0-9a-f]{6}|[0-9a-f]{3})\b", value):
        digits = found[1] if len(found[1]) == 6 else "".join(sign * 2 for sign in found[1])
    elif found := re.search(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)", value):
        return int(found[1]), int(found[2]), int(found[3])
    else:
        digits = next((_NAMED[word] for word in value.split() if word in _NAMED), "")
    return (int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)) if digits else None


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour_: Colour) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour_
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def hexadecimal(colour_: Colour) -> str:
    return "#" + "".join(f"{part:02X}" for part in colour_)


def pixels(value: str | None) -> float | None:
    """`16px` or `0` as a number; None for other units."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(px)?", (value or "").replace("!important", "").strip())
    return float(found[1]) if found and (found[2] or float(found[1]) == 0) else None
