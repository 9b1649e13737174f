"""Spliced = rendered (DESIGN, invariant 6): the spliced message beside a plain render of the same templates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

from newsletter.errors import Problem
from newsletter.i18n import say
from newsletter.message.parts import CompiledLanguage, Part
from newsletter.message.slots import Links, bind, field_values
from newsletter.message.tree import bind_tree
from newsletter.model.recipient import Recipient
from newsletter.rendering.dialect import CodeCache
from newsletter.rendering.manuscript import Manuscript, Rendered
from newsletter.rendering.plain import Finish, renderer


def splice(compiled: CompiledLanguage, recipient: Recipient, links: Links) -> Rendered | None:
    """The message for a recipient as text, or None where its answers have no variant. For previews and proofs."""
    values = field_values(recipient, compiled.fields)
    number = bind_tree(compiled.tree, compiled.fields, compiled.language)(values)
    if number is None:
        return None

    def text(parts: Sequence[Part]) -> str:
        return "".join(
            part
            if isinstance(part, str)
            else bind(part.expression, part.mode, compiled.fields, compiled.language)(values, links)
            for part in parts
        )

    variant = compiled.variants[number]
    return Rendered(text(variant.subject), text(variant.text), text(variant.html))


def compare(
    compiled: CompiledLanguage,
    manuscript: Manuscript,
    recipients: Sequence[Recipient],
    *,
    links: Links,
    finish: Finish,
    cache: CodeCache | None = None,
) -> list[Problem]:
    """Renders the message plainly for these recipients too, and says where it differs from the spliced one.

    Subject and text are compared exactly, HTML as parsed (an inliner may write `'` for `&#39;`).
    """
    render = renderer(manuscript, finish=finish, cache=cache)
    problems = []
    for recipient in recipients:
        spliced = splice(compiled, recipient, links)
        name = recipient.label or f"contact {recipient.contact_id}"
        if spliced is None:
            problems.append(
                Problem(
                    say(
                        "%(name)s has no version of this message in %(language)r", name=name, language=compiled.language
                    )
                )
            )
            continue
        plain = render(recipient, links)
        for part, same in (
            ("subject", spliced.subject == plain.subject),
            ("text", spliced.text == plain.text),
            ("HTML", spliced.html == plain.html or parsed(spliced.html) == parsed(plain.html)),
        ):
            if not same:
                problems.append(
                    Problem(
                        say(
                            "The %(part)s for %(name)s in %(language)r differs from the plain one",
                            part=part,
                            name=name,
                            language=compiled.language,
                        )
                    )
                )
    return problems


def parsed(html: str) -> list[Any]:
    """HTML as a reader's program sees it: tags, attributes and texts, characters decoded.

    White space is collapsed, and none is kept at the edges of a text: MJML trims some of its texts (mj-title), which
    tells an empty value in a plain render from one that is spliced in later.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    seen = (_collapsed(each) if isinstance(each, str) else each for each in reader.found)
    return [each for each in seen if each != ""]


_BLANKS = re.compile(r"[ \t\r\n\f]+")  # a no-break space is none


def _collapsed(text: str | None) -> str:
    return _BLANKS.sub(" ", text or "").strip(" ")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Any] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, [(name, _collapsed(value)) for name, value in attrs]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.found.append(("/", tag))

    def handle_comment(self, data: str) -> None:
        self.found.append(("!", data))

    def handle_decl(self, decl: str) -> None:
        self.found.append(("!", decl))

    def handle_data(self, data: str) -> None:
        if self.found and isinstance(self.found[-1], str):
            self.found[-1] += data
        else:
            self.found.append(data)
