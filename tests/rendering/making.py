"""Manuscripts and recipients for the tests of rendering."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from newsletter.message.parts import Part
from newsletter.message.slots import Links
from newsletter.model.fields import Field, Fields, FieldType
from newsletter.model.recipient import Recipient
from newsletter.rendering.manuscript import Manuscript, Source, Templates

FIELDS = Fields(
    (
        Field("institution", "population", FieldType.NUMBER, own=True),
        Field("institution", "membership_since", FieldType.DATE, own=True),
        Field("institution", "website", own=True),
        Field("contact", "vip", FieldType.BOOLEAN, own=True),
    )
)
LINKS = Links("https://news.example.org/u/abc?x=1&y=2", "https://news.example.org/p/abc")


def same(mjml: str) -> str:
    """A `finish` that leaves the template as it is."""
    return mjml


def manuscript(
    html: str = "",
    *,
    text: str = "",
    subject: str = "",
    sources: Mapping[str, Source | str] | None = None,
    language: str = "fr",
    **context: Any,
) -> Manuscript:
    return Manuscript(
        templates=Templates(
            sources={"mail.mjml": html, "mail.txt": text, **(sources or {})},
            html="mail.mjml",
            text="mail.txt",
            subject=subject,
        ),
        context=context,
        fields=FIELDS,
        language=language,
    )


def person(**values: Any) -> Recipient:
    """A recipient with these values, by field name; all others are empty."""
    owners: dict[str, dict[str, Any]] = {"contact": {}, "institution": {}}
    for field in FIELDS:
        owners[field.owner][field.name] = [] if field.type == FieldType.LIST else None
    for name, value in values.items():
        owner, _, field_name = name.rpartition("__") if "__" in name else (_owner(name), "", name)
        owners[owner][field_name] = value
    return Recipient(owners["contact"], owners["institution"], label="a test person")


def _owner(name: str) -> str:
    return next(field.owner for field in FIELDS if field.name == name)


HOSTILE = (
    None,
    "",
    " ",
    "Zoë",
    "Müller",
    "O'Neill",
    'He said "no"',
    "<script>alert(1)</script>",
    "a & b &amp; c",
    "محمد العربي",
    "हिन्दी",
    "e\u0301te\u0301",
    "\u202eevil",
    "=?utf-8?q?x?=",
    "zqabcdefghij0z",
    "{{ contact.first_name }}",
    "{% if x %}",
    "%s %d",
    "{0}",
    ".dot\n.dot",
    "None",
    "0",
    "--> <![endif]-->",
    "\\1 \\g<0>",
    "ﬁ ß İ ǆ",
    "李 雷",
    "a\u00a0b\u2028c",
)
_REGIONS = (None, "", "Africa", "Asia", "Europe")
_TOPICS = ("pensions", "health", "ehealth", "<topic>")


def people(number: int, seed: int = 7) -> list[Recipient]:
    """Recipients with hostile values, the same at every run."""
    chance = random.Random(seed)
    return [
        person(
            title=chance.choice((None, "Dr", "Ms")),
            first_name=chance.choice(HOSTILE),
            last_name=chance.choice(HOSTILE),
            role=chance.choice((None, "liaison officer", "press")),
            contact__language=chance.choice(("fr", "ar", None)),
            institution__name=chance.choice(HOSTILE),
            country=chance.choice((None, "FR", "CI", "xx")),
            region=chance.choice(_REGIONS),
            status=chance.choice(("member", "associate")),
            topics=chance.sample(_TOPICS, chance.randrange(4)),
            population=chance.choice((None, 0, 3, 12.5, 1234567)),
            membership_since=chance.choice((None, "1999-12-31", "2026-01-02")),
            website=chance.choice((None, "https://a.example/ü?x=1", "javascript:alert(1)")),
            vip=chance.choice((None, True, False)),
        )
        for _ in range(number)
    ]


def shown(parts: tuple[Part, ...]) -> str:
    """A compiled text for reading: slots as {mode: expression}."""
    from newsletter.message.expressions import describe

    return "".join(part if isinstance(part, str) else f"[{part.mode}: {describe(part.expression)}]" for part in parts)
