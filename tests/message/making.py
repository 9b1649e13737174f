"""Variants, envelopes and deliveries for tests of messages."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from newsletter.message.envelope import DeliveryData, Envelope, Mailbox, Personal
from newsletter.message.parts import Compiled, Slot
from newsletter.tokens import KeyRing

FIELDS = ("contact.first_name", "institution.name")
DUE = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
KEYS = KeyRing({1: b"k" * 32})
PERSONAL = Personal(KEYS, "https://news.example.org")


def text(path: str) -> Slot:
    return Slot("text", ["field", path])


def html(path: str) -> Slot:
    return Slot("html", ["field", path])


def link(name: str, mode: str = "text") -> Slot:
    return Slot(mode, ["link", name])


def variant(**changes: Any) -> Compiled:
    parts: dict[str, Any] = {
        "subject": ("Digest for ", text("institution.name")),
        "text": (
            "Dear ",
            text("contact.first_name"),
            ",\n\nnews for ",
            text("institution.name"),
            "\n\nUnsubscribe: ",
            link("unsubscribe"),
            "\n",
        ),
        "html": (
            "<!DOCTYPE html>\n<p>Dear ",
            html("contact.first_name"),
            ",</p>\n<p>news for <b>",
            html("institution.name"),
            '</b></p>\n<a href="',
            link("unsubscribe", "html"),
            '">Unsubscribe</a>\n',
        ),
    }
    return Compiled(**{**parts, **changes})


def envelope(**changes: Any) -> Envelope:
    values: dict[str, Any] = {
        "sender": Mailbox("digest@news.example.org", "The Association"),
        "language": "fr",
        "message_id_domain": "news.example.org",
        "list_id": "Monthly digest <monthly.news.example.org>",
        "feedback_id": "monthly:digest:2026-12:associat",
    }
    return Envelope(**{**values, **changes})


def delivery(first: str = "Maria", institution: str = "National Fund", **changes: Any) -> DeliveryData:
    values: dict[str, Any] = {
        "id_": 7,
        "address": "maria@fund.example",
        "due_at": DUE,
        "values": (first, institution),
        "name": "Maria Okonkwo",
    }
    return PERSONAL.delivery(**{**values, **changes})


def make_key() -> tuple[str, bytes]:
    """An RSA key in PEM, and the TXT record of its public half."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # small: made for every run
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return pem, b"v=DKIM1; k=rsa; p=" + b64encode(public)


# Each has broken a mail program somewhere.
HOSTILE = (
    "Maria",
    "",
    "Élodie N'Guessan",
    'O\'Neill & Sons <b>"x"</b>',
    "a=b=3D=\r\nBcc: evil@example.org",
    ".\r\n.hidden\n..\r.",
    "From here\nFrom there",
    "trailing blanks   \n \t \nand more ",
    " leading",
    "=?utf-8?q?hoax?=",
    "عبد الرحمن بن محمد",
    "זאב \u202eevil\u202c",
    "👩‍👩‍👧‍👦 family, 🇨🇮 flag",
    "line\u2028and paragraph\u2029separators, next\x85line",
    "no-break\u00a0and\u202fnarrow, soft\u00adhyphen, «œᵉ’»",
    "bell\x07 and escape\x1b[31m",
    "日本語の長い名前" * 12,
    "x" * 300,
    "é" * 200,
    "a" * 74 + "é",
    "word " * 60,
    "{{ contact.first_name }} {% raw %} %name% -f0n0-",
)
