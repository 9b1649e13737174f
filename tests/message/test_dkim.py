"""Signatures, verified by dkimpy's other half here and by mailauth in test_readers.py."""

from __future__ import annotations

import re

import dkim
import pytest

from newsletter.message import mime, splice
from newsletter.message.dkim import DkimError, signer
from tests.message.making import FIELDS, delivery, envelope, make_key, variant


@pytest.fixture(scope="module")
def key() -> tuple[str, bytes]:
    """A private key in PEM, and the TXT record of its public half."""
    return make_key()


def signed(private: str, **surrounding: object) -> bytes:
    template = mime.compile(variant(), envelope(**surrounding), FIELDS)
    return signer("news.example.org", "s1", private)(splice.message(template, delivery("Zoé")))


def verifies(message: bytes, record: bytes) -> bool:
    found: bool = dkim.verify(message, dnsfunc=lambda name, **_: record)
    return found


def test_a_signature_verifies_and_a_changed_body_does_not(key: tuple[str, bytes]) -> None:
    message = signed(key[0])
    assert verifies(message, key[1])
    assert not verifies(message.replace(b"news for", b"old news for"), key[1])
    assert not verifies(message.replace(b"One-Click", b"Two-Click"), key[1])


def test_both_unsubscribe_fields_are_signed(key: tuple[str, bytes]) -> None:
    head = signed(key[0]).partition(b"\r\nFrom:")[0]
    fields = re.sub(rb"\s", b"", re.search(rb"h=([^;]*);", head)[1]).split(b":")  # type: ignore[index]
    assert {b"list-unsubscribe", b"list-unsubscribe-post", b"feedback-id", b"content-language"} <= set(fields)
    assert fields.count(b"from") == 2
    assert b"c=relaxed/relaxed" in head


def test_a_notice_without_unsubscription_signs_what_it_has(key: tuple[str, bytes]) -> None:
    message = signed(key[0], unsubscribe=False)
    assert b"list-unsubscribe" not in message.partition(b"\r\nFrom:")[0]
    assert verifies(message, key[1])


def test_a_retry_has_the_same_signature(key: tuple[str, bytes]) -> None:
    assert signed(key[0]) == signed(key[0])


def test_a_key_that_is_none_is_said_at_once() -> None:
    with pytest.raises(DkimError, match=r"DKIM key of news\.example\.org cannot be used"):
        signer("news.example.org", "s1", "no key")


def test_another_key_does_not_verify(key: tuple[str, bytes]) -> None:
    assert not verifies(signed(make_key()[0]), key[1])
