"""What a message of one language is made from: templates, data and the fields that may be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from newsletter.errors import nearest
from newsletter.i18n import say
from newsletter.model.fields import Fields

SUBJECT = "subject.txt"
PREVIEW = "preview.txt"
PERSONAL_LINKS = ("unsubscribe", "preferences")


class Fault(Exception):
    """What a template does wrong. Where is read from the traceback."""


@dataclass(frozen=True, slots=True)
class Source:
    """The source of one template.

    `file` and `lines` say where people find it: line n of the text is line `lines[n - 1]` of the file
    (`shield.lines` finds them for what is made of Markdown). Without `lines` a template's line is n, and that of a
    staff text is not known.
    `staff`: a text that editors write, where the filter `safe` is refused.
    """

    text: str
    file: str | None = None
    lines: tuple[int, ...] = ()
    staff: bool = False


@dataclass(frozen=True, slots=True)
class Templates:
    """The sources by name. A name that ends in `.txt` is text, all others are HTML and escape what they print."""

    sources: Mapping[str, Source | str]
    html: str  # name of the MJML template
    text: str  # name of the text template, ending in .txt
    subject: Source | str = ""
    preview: Source | str = ""

    def source(self, name: str) -> Source | None:
        found = {SUBJECT: self.subject, PREVIEW: self.preview}.get(name, self.sources.get(name))
        return Source(found) if isinstance(found, str) else found

    def used(self) -> dict[str, Source]:
        """What the message is made of: its own templates, the texts of editors, and whatever one of these names."""
        known = {name: found for name in (SUBJECT, PREVIEW, *self.sources) if (found := self.source(name))}
        waiting = [SUBJECT, PREVIEW, self.html, self.text, *(name for name, each in known.items() if each.staff)]
        used: dict[str, Source] = {}
        while waiting:
            name = waiting.pop()
            if name in known and name not in used:
                used[name] = known[name]
                waiting += [each for each in known if each in known[name].text]
        return used

    def place(self, name: str | None, line: int | None) -> tuple[str | None, int | None]:
        """File and line as people see them."""
        source = self.source(name) if name else None
        if source is None:
            return name, line
        if source.lines and line is not None:
            line = source.lines[min(line, len(source.lines)) - 1]
        elif source.staff:
            line = None
        return source.file or name, line


@dataclass(frozen=True, slots=True)
class Body:
    """A text among the data that is itself a template (an article's body with merge fields).

    Where a template reads it (`{{ item.body }}`), the source of that name is rendered within the same run, so its
    slots are slots of the message, with the article's file and line. `context` is what it sees beyond the templates'
    own names (`article`, `event`, `dates`).
    """

    source: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Strings:
    """The strings of a template family in one language: `t("read_more")`; `{name}` in a string takes `name=...`."""

    strings: Mapping[str, str]

    def __getitem__(self, key: str) -> str:
        try:
            return self.strings[key]
        except KeyError:
            raise Fault(say("There is no string %(key)r: %(hint)s", key=key, hint=nearest(key, self.strings))) from None


@dataclass(frozen=True, slots=True)
class Manuscript:
    """All that a message of one language is compiled from.

    `context` holds plain data by name: texts, Markup, numbers, dates, lists, mappings, Body, Strings. `contact`,
    `institution` and the personal links come from each recipient; `personal` names the links that this message has (no
    `unsubscribe` in a statutory notice, none in a web version), the others are none.
    """

    templates: Templates
    context: Mapping[str, Any]
    fields: Fields
    language: str
    personal: tuple[str, ...] = PERSONAL_LINKS


@dataclass(frozen=True, slots=True)
class Rendered:
    """The parts of a message as text."""

    subject: str
    text: str
    html: str


def is_html(name: str | None) -> bool:
    """Whether a template of this name escapes."""
    return not (name or "").endswith(".txt")
