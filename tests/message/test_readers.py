"""What we write, read by programs that are not ours: npm's mailparser and mailauth."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from newsletter.message import mime, splice
from newsletter.message.dkim import signer
from newsletter.message.encoding import tidy_name
from newsletter.message.envelope import Attachment, Mailbox
from newsletter.message.mime import Template
from newsletter.message.slots import escape_text
from tests.message.making import FIELDS, delivery, envelope, make_key, variant
from tests.message.making import HOSTILE as VALUES
from tests.message.test_encoding import ARABIC, FRENCH
from tests.node_programs import read_mail

pytestmark = [pytest.mark.node, pytest.mark.xdist_group("node")]


def message(template: Template, first: str, institution: str) -> bytes:
    return splice.message(template, delivery(first, institution, name=first))


def lines(text: str) -> str:
    """mailparser, too, gives line ends as LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def test_every_value_arrives_whole() -> None:
    template = mime.compile(variant(), envelope(), FIELDS)
    read = read_mail([message(template, value, f"({value})") for value in VALUES])
    for value, mail in zip(VALUES, read, strict=True):
        shown = splice.shown(template, delivery(value, f"({value})"))
        assert lines(mail["text"]) == lines(shown.text), value
        assert lines(mail["html"]) == lines(shown.html), value
        assert escape_text(value) in shown.html
        assert mail["subject"] == shown.subject
        assert mail["to"] == [{"address": "maria@fund.example", "name": tidy_name(value)}], value
        names = [name for name, _ in mail["headers"]]
        assert len(names) == len(set(names)), value


def test_sender_list_and_attachments_are_read_as_meant() -> None:
    template = mime.compile(
        variant(),
        envelope(
            sender=Mailbox("lettre@exämple.org", "Association « Prévoyance », Genève"),
            reply_to=Mailbox("office@association.example", "Bureau"),
            attachments=(
                Attachment("Règlement intérieur.pdf", "application/pdf", b"%PDF-1.7\n" * 100),
                Attachment('a "quoted"; name.txt', "text/plain", b"line\n"),
                Attachment("جدول الأعمال للجمعية العامة السنوية الثالثة والعشرين.pdf", "application/pdf", b""),
            ),
        ),
        FIELDS,
    )
    (mail,) = read_mail([message(template, "Zoé", "Caisse")])
    assert mail["from"] == [{"address": "lettre@exämple.org", "name": "Association « Prévoyance », Genève"}]
    assert mail["list"]["id"] == {"name": "Monthly digest", "id": "monthly.news.example.org"}
    assert mail["list"]["unsubscribe"]["url"].startswith("https://news.example.org/u/")
    assert [(each["filename"], b64decode(each["content"])) for each in mail["attachments"]] == [
        ("Règlement intérieur.pdf", b"%PDF-1.7\n" * 100),
        ('a "quoted"; name.txt', b"line\n"),
        ("جدول الأعمال للجمعية العامة السنوية الثالثة والعشرين.pdf", b""),
    ]


@pytest.mark.parametrize("text", [ARABIC, FRENCH])
def test_long_names_and_subjects_keep_their_words(text: str) -> None:
    template = mime.compile(
        replace(variant(), subject=(text,)), envelope(sender=Mailbox("news@association.example", text)), FIELDS
    )
    (mail,) = read_mail([message(template, text, "Caisse")])
    assert (mail["from"][0]["name"], mail["to"][0]["name"], mail["subject"]) == (text, text, text)


def test_mailauth_verifies_the_signature() -> None:
    private, record = make_key()
    sign = signer("news.example.org", "s1", private)
    template = mime.compile(variant(), envelope(), FIELDS)
    signed = [sign(message(template, value, "Caisse")) for value in VALUES]
    dns = {"s1._domainkey.news.example.org": record.decode()}
    mails: list[dict[str, Any]] = read_mail([*signed, signed[0].replace(b"One-Click", b"No-Click")], dns)
    assert [each["dkim"][0]["result"] for each in mails] == ["pass"] * len(VALUES) + ["fail"]
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(mails[0]["dkim"][0]["signed"])
