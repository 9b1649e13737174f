"""Compiled messages as JSON: back and forth, and hashes that see every change."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.message import serial
from newsletter.message.envelope import Attachment, Mailbox
from newsletter.message.parts import Compiled, CompiledLanguage, Slot, Tree
from tests.message.making import envelope, html, text, variant

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
slots = st.builds(Slot, st.sampled_from(["text", "html"]), st.just(["field", "contact.first_name"]))
parts = st.lists(words | slots, max_size=6).map(tuple)
variants = st.builds(Compiled, parts, parts, parts)


@given(variants)
def test_packed_and_unpacked_is_the_same_but_for_how_literals_are_cut(compiled: Compiled) -> None:
    again = serial.unpack(serial.pack(compiled))
    assert serial.joined(compiled.text) == again.text
    assert serial.unpack(serial.pack(again)) == again
    assert serial.pack(again) == serial.pack(compiled)


@given(variants, variants)
def test_equal_hashes_mean_equal_messages(one: Compiled, other: Compiled) -> None:
    same = serial.content_hash(serial.variant(one)) == serial.content_hash(serial.variant(other))
    assert same == (serial.unpack(serial.pack(one)) == serial.unpack(serial.pack(other)))


def test_how_literals_are_cut_does_not_matter() -> None:
    cut = Compiled(("a", "b"), ("", "text", ""), (html("x"), "", "y"))
    whole = Compiled(("ab",), ("text",), (html("x"), "y"))
    assert serial.pack(cut) == serial.pack(whole)


def test_a_language_back_and_forth() -> None:
    tree = Tree({"ask": ["bool", ["field", "x"]], "then": {"true": {"variant": 0}, "false": {"variant": 1}}})
    compiled = CompiledLanguage("pt-BR", ("a", "b"), tree, (variant(), variant(subject=("x",))))
    assert serial.from_language(json.loads(serial.dumps(serial.language(compiled)))) == compiled


def test_the_json_is_canonical() -> None:
    assert serial.dumps({"b": [1, True, None], "a": "é\u2028"}) == '{"a":"é\u2028","b":[1,true,null]}'.encode()
    assert json.loads(zlib.decompress(serial.pack(variant())))["subject"][0] == "Digest for "


def test_a_hash_is_not_fooled_by_where_values_end() -> None:
    assert serial.content_hash(b"ab", b"c") != serial.content_hash(b"a", b"bc")
    assert serial.content_hash(["ab"], ["c"]) != serial.content_hash(["ab", "c"])


@pytest.mark.parametrize(
    "changed",
    [
        {"sender": Mailbox("digest@news.example.org", "Another")},
        {"reply_to": Mailbox("digest@news.example.org")},
        {"language": "en"},
        {"unsubscribe": False},
        {"automatic": True},
        {"headers": (("X-A", "b"),)},
        {"list_id": None},
        {"feedback_id": None},
        {"message_id_domain": "example.org"},
        {"attachments": (Attachment("a", "text/plain", b"1"),)},
    ],
)
def test_every_part_of_an_envelope_counts(changed: dict[str, object]) -> None:
    plain = serial.content_hash(serial.envelope(envelope()))
    assert serial.content_hash(serial.envelope(replace(envelope(), **changed))) != plain  # type: ignore[arg-type]


def test_the_content_of_an_attachment_counts() -> None:
    one, other = (envelope(attachments=(Attachment("a", "text/plain", each),)) for each in (b"1", b"2"))
    assert serial.content_hash(serial.envelope(one)) != serial.content_hash(serial.envelope(other))


def test_slots_of_another_mode_have_another_key() -> None:
    assert serial.key(html("x")) != serial.key(text("x"))
