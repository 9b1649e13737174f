"""Markers: what a symbol leaves where it is printed, until the finished HTML is cut into text and slots.

ASCII letters and digits alone survive MJML and lxml (mrml writes other characters of attributes in Rust's debug form).
A random nonce keeps a look-alike in the content apart. Nothing of a marker reaches the compiled message.
"""

from __future__ import annotations

import re
import secrets
import string
from collections import Counter
from collections.abc import Iterator
from functools import partial

from newsletter.errors import Problem
from newsletter.i18n import reworded, say
from newsletter.message.expressions import describe, key, walk
from newsletter.message.parts import Expression, Part, Slot
from newsletter.rendering.manuscript import Templates
from newsletter.rendering.places import Place


class Marks:
    """The markers of one compilation; one for each expression, mode and place."""

    def __init__(self) -> None:
        self.nonce = "zq" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(10))
        self._pattern = re.compile(self.nonce + r"(\d+)z")
        self._numbers: dict[tuple[str, str, Place], int] = {}
        self.slots: list[Slot] = []
        self.places: list[Place] = []

    def mark(self, expression: Expression, mode: str, place: Place) -> str:
        known = (mode, key(expression), place)
        if known not in self._numbers:
            self._numbers[known] = len(self.slots)
            self.slots.append(Slot(mode, expression))
            self.places.append(place)
        return f"{self.nonce}{self._numbers[known]}z"

    def numbers(self, text: str) -> list[int]:
        """The markers in a text, in order."""
        return [int(number) for number in self._pattern.findall(text)]

    def split(self, text: str) -> tuple[Part, ...]:
        """The text cut at its markers, in one pass; the same slot is the same object."""
        pieces = self._pattern.split(text)
        parts = (self.slots[int(piece)] if odd % 2 else piece for odd, piece in enumerate(pieces))
        return tuple(part for part in parts if part != "")

    def say(self, text: str) -> str:
        """For messages: the expressions instead of the markers."""
        return reworded(text, partial(self._pattern.sub, lambda found: _written(self.slots[int(found[1])])))


def _written(slot: Slot) -> str:
    return f"{{{{ {describe(slot.expression)} }}}}"


def about(slot: Slot, why: str) -> str:
    """What is wrong with a slot, as its template writes it."""
    return say("%(slot)s %(problem)s", slot=_written(slot), problem=why)


# Comments, elements whose content is no text, and tags.
_TOKEN = re.compile(
    r"""<!--.*?-->|<(?P<raw>style|script)\b.*?</(?P=raw)\s*>|</?[a-z][^>"']*(?:(?:"[^"]*"|'[^']*')[^>"']*)*>""",
    re.DOTALL | re.IGNORECASE,
)
_CONDITIONAL = re.compile(r"<!--\[if[^\]]*\]>(.*?)<!\[endif\]-->$", re.DOTALL | re.IGNORECASE)
_NAME = re.compile(r"</?([^\s/>]+)")
_ATTRIBUTE = re.compile(r"""([^\s=/>"']+)\s*=\s*("[^"]*"|'[^']*'|[^\s>]*)""")

# Attributes that people read.
_TEXTS = frozenset({"alt", "title", "summary", "abbr", "label", "placeholder", "aria-label", "aria-description"})
_ADDRESSES = frozenset({"href", "src"})
_PREFIX = re.compile(r"\s*(?:https?://[^/?#]+[/?#]|mailto:|tel:)", re.IGNORECASE)


def problems(before: str, after: str, marks: Marks, templates: Templates) -> list[Problem]:
    """Slots that stand where no recipient's value may stand, one problem a slot.

    `before` is the MJML, `after` the finished HTML.
    """
    found = dict(reversed(list(_misplaced(after, marks))))
    kept = Counter(marks.numbers(after))
    for number, count in Counter(marks.numbers(before)).items():
        if kept[number] < count and number not in found:
            found[number] = say("is lost on the way to HTML%(where)s", where=_where(before, number, marks))
    return [
        Problem(about(marks.slots[number], why), *templates.place(*marks.places[number]))
        for number, why in sorted(found.items())
    ]


def _misplaced(html: str, marks: Marks) -> Iterator[tuple[int, str]]:
    inside: Counter[int] = Counter()
    for token in _TOKEN.finditer(html):
        text = token[0]
        if marks.nonce not in text:
            continue
        inside.update(marks.numbers(text))
        conditional = _CONDITIONAL.match(text)
        if conditional:
            yield from _misplaced(conditional[1], marks)
        elif text.startswith("<!--"):
            yield from ((number, say("cannot stand in a comment")) for number in marks.numbers(text))
        elif token["raw"]:
            yield from (
                (number, say("cannot stand in <%(tag)s>", tag=token["raw"].lower())) for number in marks.numbers(text)
            )
        else:
            yield from _misplaced_in_tag(text, marks)
    for number in marks.numbers(html):
        slot = marks.slots[number]
        if slot.mode != "html":
            yield number, say("would be printed without escaping")
        elif any(part[0] == "markup" and "<" in part[1] for part in walk(slot.expression)):
            yield number, say("holds tags, which MJML would never see; print the parts one after the other, unfiltered")


def _misplaced_in_tag(tag: str, marks: Marks) -> Iterator[tuple[int, str]]:
    name = _NAME.match(tag)
    assert name is not None
    yield from ((number, say("cannot stand in the name of a tag")) for number in marks.numbers(name[1]))
    rest = tag[name.end() :]
    for attribute, value in _ATTRIBUTE.findall(rest):
        yield from ((number, say("cannot stand in the name of an attribute")) for number in marks.numbers(attribute))
        if marks.nonce in value:
            why = _attribute_problem(attribute.lower(), value, marks)
            yield from ((number, why) for number in marks.numbers(value) if why)
    loose = _ATTRIBUTE.sub("", rest)
    yield from ((number, say("cannot stand in a tag outside a quoted value")) for number in marks.numbers(loose))


def _attribute_problem(attribute: str, value: str, marks: Marks) -> str | None:
    if value[0] not in "\"'":
        return say("needs quotes around it in the attribute %(attribute)r", attribute=attribute)
    if attribute in _TEXTS:
        return None
    if attribute in _ADDRESSES:
        return _address_problem(value[1:-1], marks)
    return say("cannot stand in the attribute %(attribute)r", attribute=attribute)


def _address_problem(address: str, marks: Marks) -> str | None:
    """A link of ours or a checked address may begin an address; inside one, values are encoded."""
    begun = ""
    for number, part in enumerate(_flat(marks.split(address))):
        if isinstance(part, str):
            begun += part
            continue
        if number == 0 and (part[0] == "link" or part[:2] == ["filter", "url"]):
            begun = "https://link/"
        elif part[:2] != ["filter", "urlencode"]:
            return say("needs the filter 'urlencode' inside an address (or 'url' where it is a whole address)")
        elif not _PREFIX.match(begun):
            return say(
                "cannot stand before the path of an address; a field that holds a whole address needs the filter 'url'"
            )
    return None


def _flat(parts: tuple[Part, ...]) -> Iterator[str | Expression]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif part.expression[0] == "join":
            for inner in part.expression[1]:
                yield inner[1] if inner[0] in ("const", "markup") and isinstance(inner[1], str) else inner
        else:
            yield part.expression


def _where(mjml: str, number: int, marks: Marks) -> str:
    """Tag and attribute in the MJML, for what did not arrive in the HTML."""
    for token in _TOKEN.finditer(mjml):
        if number in marks.numbers(token[0]) and not token[0].startswith("<!"):
            name = _NAME.match(token[0])
            for attribute, value in _ATTRIBUTE.findall(token[0]):
                if number in marks.numbers(value):
                    return say(
                        ": the attribute %(attribute)r of <%(tag)s> cannot hold it",
                        attribute=attribute,
                        tag=name[1] if name else "",
                    )
    return say("; it stands where MJML keeps no text")
