from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import ProblemsFound
from newsletter.gathering.encoding import decode

FRENCH = "L’œuvre du XXᵉ siècle : « sécurité\u202fsociale » — 9\u202f000 € ; a\u0301 n’est pas á"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_goes_through_unchanged(encoding: str) -> None:
    assert decode(FRENCH.encode(encoding), "a.txt") == FRENCH


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_a_marked_utf16_file_without_any_latin_letter(mark: bytes) -> None:
    text = "الحمايةالاجتماعية"
    name = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"
    assert decode(mark + text.encode(name), "a.txt") == text


@pytest.mark.parametrize(
    "text",
    [
        "« L’œuvre » coûte 3 €, dit-elle… même à Genève.",
        "Die Prüfung der Beiträge für größere Betriebe – „gründlich“, sagt der Vorstand.",
        "¿Qué cambió? La pensión mínima subió un 4 %, según el Ministerio.",
        "All quotes “here” are from Word – and nothing else is special.",
    ],
)
def test_windows_1252_is_recognised(text: str) -> None:
    assert decode(text.encode("cp1252"), "a.txt") == text


def test_another_eight_bit_encoding_is_guessed_rather_than_read_as_western() -> None:
    text = "تعلن المؤسسة العامة للضمان الاجتماعي عن رفع الحد الأدنى للمعاشات ابتداء من مطلع السنة. " * 4
    assert decode(text.encode("cp1256"), "a.txt") == text


def test_what_the_file_declares_is_asked_before_guessing() -> None:
    text = "Ubezpieczenie społeczne: składki rosną"
    assert decode(text.encode("iso-8859-2"), "a.html", declared="iso-8859-2") == text
    assert decode("prêt à l’été".encode("cp1252"), "a.html", declared="no-such-thing") == "prêt à l’été"


def test_line_ends_become_lf_and_nothing_else_changes() -> None:
    assert decode(b"a\r\nb\rc\x0cd", "a.txt") == "a\nb\nc\x0cd"
    assert decode("a\u2028b".encode(), "a.txt") == "a\u2028b"


@pytest.mark.parametrize("content", [b"\x00\x01\x02\x03\xff", b"%PDF-1.7\x00\xff\xfe\x00\x80", b"a\0b"])
def test_what_is_no_text_is_refused_with_the_file(content: bytes) -> None:
    with pytest.raises(ProblemsFound, match=r"^a\.txt: This is no text file"):
        decode(content, "a.txt")


def test_an_empty_file_is_an_empty_text() -> None:
    assert decode(b"", "a.txt") == ""


@given(st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"])))
def test_every_text_in_utf8_survives(text: str) -> None:
    marked = text.removeprefix("\ufeff")
    assert decode(text.encode(), "a.txt") == marked
