"""Whole messages: the bytes on the wire, and what Python's parser reads in them."""

from __future__ import annotations

import re
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.message import mime, splice
from newsletter.message.envelope import Attachment, DeliveryData, Mailbox
from newsletter.message.headers import HeaderError
from newsletter.message.parts import Compiled
from newsletter.tokens import INERT_ID, Purpose
from tests.message.making import DUE, FIELDS, HOSTILE, KEYS, PERSONAL, delivery, envelope, html, text, variant

TEMPLATE = mime.compile(variant(), envelope(), FIELDS)
ONCE = ("From", "To", "Subject", "Date", "Message-ID", "List-ID", "MIME-Version", "Content-Type")


def message(to: DeliveryData | None = None, **surrounding: object) -> bytes:
    template = mime.compile(variant(), envelope(**surrounding), FIELDS) if surrounding else TEMPLATE
    return splice.message(template, to or delivery())


def parsed(wire: bytes) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(wire)  # type: ignore[return-value]


def head(wire: bytes) -> bytes:
    return wire.partition(b"\r\n\r\n")[0] + b"\r\n"


def bodies(read: EmailMessage) -> dict[str, str]:
    return {
        part.get_content_type(): part.get_content() for part in read.walk() if part.get_content_maintype() == "text"
    }


def line_ends(value: str) -> str:
    return re.sub(r"\r\n|\r|\n", "\r\n", value)


def expected(to: DeliveryData, compiled: Compiled | None = None) -> dict[str, str]:
    """What is shown, with the line ends of the wire: each piece ends its own lines, so a value's lone CR before a
    template's LF is a line end of its own (imports keep no CR; the wire must stand any value)."""
    template = mime.compile(compiled, envelope(), FIELDS) if compiled else TEMPLATE
    shown, language = splice.shown(template, to), template.envelope.language
    shapes = {"text/plain": (template.compiled.text, shown.text), "text/html": (template.compiled.html, shown.html)}
    ended = {}
    for kind, (parts, whole) in shapes.items():
        pieces = [splice.fill([each], to) for each in mime.bound(parts, FIELDS, language)]
        assert "".join(pieces) == whole
        ended[kind] = "".join(map(line_ends, pieces))
    return ended


# --- spliced = rendered

anything = st.text(
    st.sampled_from(list('aF m.=\r\n?"<&é\u202fع日😀\0\u2028')) | st.characters(exclude_categories=["Cs"]), max_size=160
)


@given(anything, anything)
@example("", "\r")
def test_parsed_it_holds_the_whole_values(first: str, institution: str) -> None:
    to = delivery(first, institution, name=first)
    read = parsed(splice.message(TEMPLATE, to))
    assert bodies(read) == expected(to)
    assert read["Subject"] == splice.subject_text(TEMPLATE, to)
    assert [part.defects for part in read.walk()] == [[], [], []]


@given(anything, anything, st.lists(anything, max_size=3))
def test_literal_text_is_as_safe_as_values(first: str, institution: str, literals: list[str]) -> None:
    between = [text("contact.first_name")] * max(len(literals) - 1, 0)
    parts = tuple(part for pair in zip(literals, [*between, ""], strict=False) for part in pair)
    compiled = variant(text=parts or ("-",), html=("<p>", html("institution.name"), *literals))
    to = delivery(first, institution)
    wire = splice.message(mime.compile(compiled, envelope(), FIELDS), to)
    assert bodies(parsed(wire)) == expected(to, compiled)


@given(anything, anything)
def test_no_value_breaks_the_wire(first: str, institution: str) -> None:
    wire = splice.message(TEMPLATE, delivery(first, institution, name=first))
    assert b"\0" not in wire
    assert not re.search(rb"[^\r]\n|\r[^\n]", wire)
    for line in wire.partition(b"\r\n\r\n")[2].split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))
    names = re.findall(rb"^([A-Za-z-]+):", head(wire), re.MULTILINE)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values(value: str) -> None:
    to = delivery(value, value, name=value)
    assert bodies(parsed(splice.message(TEMPLATE, to))) == expected(to)


def test_the_same_slot_twice_is_filled_twice() -> None:
    compiled = variant(text=(text("contact.first_name"), " and ", text("contact.first_name"), "\n"))
    wire = splice.message(mime.compile(compiled, envelope(), FIELDS), delivery("Zoé"))
    assert bodies(parsed(wire))["text/plain"] == "Zoé and Zoé\r\n"


def test_a_message_without_slots() -> None:
    compiled = Compiled(("Digest",), ("text\n",), ("<p>html</p>\n",))
    wire = splice.message(mime.compile(compiled, envelope(), ()), delivery())
    assert bodies(parsed(wire)) == {"text/plain": "text\r\n", "text/html": "<p>html</p>\r\n"}


# --- header fields


@pytest.mark.parametrize("name", ONCE)
def test_each_field_stands_once(name: str) -> None:
    assert len(re.findall(rb"^%s:" % name.encode(), head(message()), re.MULTILINE | re.IGNORECASE)) == 1


def test_one_click_unsubscription() -> None:
    fields = head(message())
    (address,) = re.findall(rb"^List-Unsubscribe: <(https://news\.example\.org/u/[\w-]+)>\r\n", fields, re.MULTILINE)
    assert KEYS.verify(Purpose.UNSUBSCRIBE, address.decode().rpartition("/")[2]) == 7
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in fields


def test_statutory_notices_and_mail_of_our_own_have_none() -> None:
    assert b"List-Unsubscribe" not in message(unsubscribe=False)
    own = head(message(unsubscribe=False, list_id=None, feedback_id=None, automatic=True))
    assert b"List-" not in own
    assert b"Auto-Submitted: auto-generated\r\n" in own


def test_long_urls_are_neither_encoded_nor_folded() -> None:
    """Python's own policies make an encoded-word of them, and the button is gone (deliverability)."""
    long = type(PERSONAL)(KEYS, "https://a-rather-long-name-for-a-host.news.association.example.org/newsletters")
    wire = splice.message(TEMPLATE, long.delivery(7, "a@b.example", DUE, ("Zoé", "x")))
    assert re.search(rb"^List-Unsubscribe: <https://[^>\s]{90,}>\r\n", head(wire), re.MULTILINE)
    assert b"\r\nFeedback-ID: monthly:digest:2026-12:associat\r\n" in wire


def test_language_of_the_message_and_of_each_part() -> None:
    assert message().count(b"Content-Language: fr\r\n") == 3


def test_structure_least_rich_part_first() -> None:
    read = parsed(message())
    assert [part.get_content_type() for part in read.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    for part in read.iter_parts():
        assert part["Content-Transfer-Encoding"] == "quoted-printable"
        assert part.get_content_charset() == "utf-8"


def test_attachments_stand_outside_in_a_mixed_part() -> None:
    attached = (Attachment("Ordre du jour — Genève.pdf", "application/pdf", bytes(range(256)) * 30),)
    read = parsed(message(attachments=attached))
    kinds = [part.get_content_type() for part in read.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf"]
    (only,) = read.iter_attachments()
    assert (only.get_filename(), only.get_content()) == (attached[0].name, attached[0].content)


def test_no_line_is_longer_than_smtp_allows() -> None:
    """MJML writes lines of 30,000 octets."""
    compiled = variant(html=("<td>" + "x" * 30_000 + "é" * 9_000 + "</td>", html("contact.first_name")))
    wire = splice.message(mime.compile(compiled, envelope(), FIELDS), delivery())
    assert max(map(len, wire.split(b"\r\n"))) <= 100


def test_the_boundary_cannot_occur_in_the_parts() -> None:
    (boundary,) = re.findall(rb'boundary="(=_[0-9a-f]{32})"', message())
    lookalike = delivery(f"--{boundary.decode()}", f"\r\n--{boundary.decode()}--\r\n")
    assert bodies(parsed(message(lookalike))) == expected(lookalike)


def test_an_address_outside_ascii_wants_smtputf8_and_its_domain_does_not() -> None:
    to = delivery(address="josé@exämple.org", name="José")
    assert to.smtputf8
    assert "To: =?utf-8?q?Jos=C3=A9?= <josé@xn--exmple-cua.org>\r\n".encode() in message(to)
    assert not delivery(address="jose@exämple.org").smtputf8
    assert message(delivery(address="jose@exämple.org")).isascii()


def test_an_address_that_breaks_out_of_its_header_makes_no_message() -> None:
    with pytest.raises(HeaderError):
        message(delivery(address="a@b.example>\r\nBcc: <c@d.example"))


@pytest.mark.parametrize(
    "surrounding",
    [
        {"list_id": "no list id"},
        {"feedback_id": "a\r\nb"},
        {"headers": (("X-Any\r\n", "x"),)},
        {"headers": (("X-Any", "x\r\ny"),)},
        {"sender": Mailbox("not an address")},
    ],
)
def test_an_envelope_that_is_none_is_refused_when_compiled(surrounding: dict[str, object]) -> None:
    with pytest.raises(HeaderError):
        message(**surrounding)


# --- the same bytes


def test_a_retry_sends_the_same_bytes() -> None:
    again = mime.compile(variant(), envelope(), list(FIELDS))
    assert message() == splice.message(again, delivery())


def test_deliveries_have_message_ids_of_their_own_that_lead_back() -> None:
    found = [
        re.findall(rb"^Message-ID: <(.*)@news\.example\.org>\r$", message(delivery(id_=n)), re.M)[0] for n in (1, 2)
    ]
    assert [KEYS.verify(Purpose.TRACE, each.decode()) for each in found] == [1, 2]


def test_previews_carry_inert_links_and_a_name_of_their_own() -> None:
    wire = message(delivery(id_=INERT_ID, trace="preview-1"))
    assert b"Message-ID: <preview-1@news.example.org>\r\n" in wire
    assert KEYS.verify(Purpose.UNSUBSCRIBE, re.findall(rb"/u/([\w-]+)>", wire)[0].decode()) == INERT_ID


def test_the_date_is_when_it_was_due() -> None:
    assert b"Date: Tue, 01 Dec 2026 09:00:00 +0000\r\n" in message()
