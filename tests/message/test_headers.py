"""Header fields on their own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_string, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.message import headers
from newsletter.message.encoding import tidy_name
from newsletter.message.headers import HeaderError
from tests.message.making import HOSTILE
from tests.message.test_encoding import ARABIC


def parsed(field: str) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(f"{field}\r\n\r\n".encode())  # type: ignore[return-value]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_display_name_is_read_as_it_was_given(name: str) -> None:
    """By the older parser: the newer one puts blanks between encoded-words of a name (Python 3.11)."""
    read = message_from_string(f"To: {headers.mailbox('maria@fund.example', name, 4)}\r\n\r\n")
    shown, address = parseaddr(read["To"])
    assert address == "maria@fund.example"
    assert str(make_header(decode_header(shown))) == tidy_name(name)
    assert read.keys() == ["To"]


def test_a_long_arabic_subject_is_read_by_the_newer_parser_too() -> None:
    written = f"Subject: {headers.subject(ARABIC)}"
    assert "\r\n" in written
    assert parsed(written)["Subject"] == ARABIC


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=120))
def test_no_name_makes_a_line_too_long_or_another_field(name: str) -> None:
    written = f"To: {headers.mailbox('maria@fund.example', name, 4)}"
    assert all(len(line) <= 76 for line in written.split("\r\n"))
    assert all(line.startswith(" ") for line in written.split("\r\n")[1:])
    assert re.fullmatch("[ -~]*", written.replace("\r\n", ""))


def test_domains_go_out_in_ascii_and_local_parts_as_they_are() -> None:
    assert headers.wire("josé@exämple.org") == "josé@xn--exmple-cua.org"
    assert headers.wire("a.b+c@straße.example") == "a.b+c@xn--strae-oqa.example"


@pytest.mark.parametrize(
    "address",
    ["a@b.example>\r\nBcc: x@y.example", "a b@c.example", "a,b@c.example", "a@", "@b.example", "a\0@b.example"],
)
def test_what_would_break_out_of_a_header_is_refused(address: str) -> None:
    with pytest.raises(HeaderError):
        headers.wire(address)


def test_the_date_is_in_utc_with_a_numeric_zone() -> None:
    instant = datetime(2026, 12, 1, 10, 30, 5, 999, tzinfo=timezone(timedelta(hours=1)))
    assert headers.date(instant) == "Tue, 01 Dec 2026 09:30:05 +0000"
    assert headers.date(instant.astimezone(UTC)) == headers.date(instant)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Monthly digest <monthly.news.example.org>", "Monthly digest <monthly.news.example.org>"),
        ("monthly.news.example.org", "<monthly.news.example.org>"),
        ("Lettre de l'été <m.example.org>", "Lettre de l'ete <m.example.org>"),
        ("News, weekly <w.example.org>", '"News, weekly" <w.example.org>'),
        ("النشرة <m.example.org>", "<m.example.org>"),
    ],
)
def test_a_list_id_is_ascii(text: str, written: str) -> None:
    assert headers.list_id(text) == written


@pytest.mark.parametrize("text", ["digest", "a <b c.example.org>", "x <é.example.org>", ""])
def test_what_is_no_list_id_is_refused(text: str) -> None:
    with pytest.raises(HeaderError, match="is no List-ID such as"):
        headers.list_id(text)


def test_feedback_id_has_groups_and_a_lasting_sender() -> None:
    assert headers.feedback_id("monthly", "digest", "2026-12", "assoc") == "monthly:digest:2026-12:assoc"
    assert headers.feedback_id("digest", "digest", "é : 1", "a.very.long-sender.example.org").split(":") == [
        "digest",
        "p-digest",
        "-1",
        "averylongsender",
    ]
    assert headers.feedback_id("a", "b", "c", "x").rpartition(":")[2] == "x0000"


def test_a_plain_field_takes_no_line_breaks() -> None:
    for value in ("a\r\nBcc: x", "é", "x" * 1000):
        with pytest.raises(HeaderError):
            headers.plain("Feedback-ID", value)


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), min_size=1, max_size=90)
)
@example("=??Q??=")
@example("<>")
@example('"minutes"')
@example("a =?utf-8?q?b?= c.pdf")
def test_a_file_name_is_read_as_it_was_given(name: str) -> None:
    written = f"Content-Disposition: attachment{headers.parameter('filename', headers.file_name(name))}"
    assert all(len(line) <= 78 for line in written.split("\r\n"))
    assert (parsed(written).get_filename() or "") == headers.file_name(
        name
    ).strip()  # as the parser does, of all blanks


def test_a_pair_that_readers_take_for_quoting_is_no_part_of_a_file_name() -> None:
    assert [headers.file_name(name) for name in ("<a>", '"b.pdf"', 'c "d".txt', "<")] == [
        "_a_",
        "_b.pdf_",
        'c "d".txt',
        "<",
    ]
