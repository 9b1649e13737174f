from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.message.envelope import Envelope, Mailbox
from tests.checks.letter import EXPECTED, PUBLIC, WIRE, codes, html, letter, told

NO_LIST = b"From: Alliance <digest@news.example.org>\r\nList-ID: Notices <notices.news.example.org>\r\n\r\n"


def sent_by(address: str, name: str = "Alliance", reply_to: str | None = None) -> Envelope:
    answer = Mailbox(reply_to) if reply_to is not None else None
    return Envelope(Mailbox(address, name), "en", "news.example.org", reply_to=answer)


@pytest.mark.parametrize("address", ["digest", "digest@", "alliance@gmail.com", "a b@news.example.org"])
def test_a_sender_that_servers_refuse(address: str) -> None:
    assert codes(letter(envelope=sent_by(address))) == {"sender"}


def test_a_sender_without_a_name() -> None:
    assert codes(letter(envelope=sent_by("digest@news.example.org", ""))) == {"sender"}


def test_an_answer_gets_somewhere() -> None:
    assert codes(letter(envelope=sent_by("digest@news.example.org", reply_to="office@news.example.org"))) == set()
    assert codes(letter(envelope=sent_by("digest@news.example.org", reply_to="office"))) == {"reply-to"}


@pytest.mark.parametrize(
    ("signed_by", "found"),
    [("news.example.org", set()), ("example.org", set()), ("mail.news.example.org", set()), ("xample.org", {"sender"})],
)
def test_the_sender_stands_under_the_domain_that_signs(signed_by: str, found: set[str]) -> None:
    assert codes(letter(expected=replace(EXPECTED, signing_domain=signed_by))) == found


def test_no_postal_address_blocks_the_send() -> None:
    unknown = told(letter(expected=replace(EXPECTED, postal_address="")), "postal-address")
    absent = told(letter(html=html().replace(EXPECTED.postal_address, "")), "postal-address")
    in_text = told(letter(text=letter().text.replace(EXPECTED.postal_address, "")), "postal-address")
    assert [len(each) for each in (unknown, absent, in_text)] == [1, 1, 1]
    assert all(finding.error for finding in (*unknown, *absent, *in_text))


@pytest.mark.parametrize(
    ("code", "target"),
    [("unsubscribe", EXPECTED.unsubscribe), ("preferences", EXPECTED.preferences), ("web-version", EXPECTED.web)],
)
def test_a_missing_way_out_blocks_the_send_in_html_and_in_text(code: str, target: str) -> None:
    elsewhere = "https://a.example/"
    in_html = told(letter(html=html().replace(target, elsewhere)), code)
    in_text = told(letter(text=letter().text.replace(target, elsewhere)), code)
    assert [finding.error for finding in (*in_html, *in_text)] == [True, True]
    empty = (
        html().replace(f'href="{target}" class="ln" style="color:#0B5A8A">', f'href="{target}">').replace(">2<", "><")
    )
    assert code != "unsubscribe" or code in codes(letter(html=empty))  # a link that nobody sees is none


def test_a_statutory_notice_has_no_way_out() -> None:
    notice = letter(statutory=True, wire=NO_LIST)
    assert {finding.code for finding in told(notice, "unsubscribe-statutory")} == {"unsubscribe-statutory"}
    without = html().replace(EXPECTED.unsubscribe, "https://a.example/")
    text = notice.text.replace(EXPECTED.unsubscribe, "")
    assert codes(replace(notice, html=without, text=text)) == set()
    other_token = replace(notice, html=without.replace("https://a.example/", f"{PUBLIC}/u/BBB"), text=text)
    assert codes(other_token) == {"unsubscribe-statutory"}
    assert codes(replace(notice, html=without, text=text, wire=WIRE)) == {"list-headers"}


@pytest.mark.parametrize(
    "wire",
    [
        NO_LIST,
        WIRE.replace(b"https://", b"http://"),
        WIRE.replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        WIRE.replace(b"<https://news.example.org/u/AAA>", b"=?utf-8?q?=3Chttps=3A//news.example.org/u/AAA=3E?="),
        b"List-Unsubscribe: <https://a.example/>\r\n" + WIRE,
    ],
)
def test_one_click_headers_as_rfc_8058_wants_them(wire: bytes) -> None:
    assert codes(letter(wire=wire)) == {"list-headers"}


def test_list_id() -> None:
    wire = WIRE.replace(b"List-ID: Digest <monthly.news.example.org>\r\n", b"")
    assert codes(letter(wire=wire)) == {"list-id"}
