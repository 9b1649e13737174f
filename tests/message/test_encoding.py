"""Quoted-printable pieces and encoded-words, against the standard library's decoders."""

from __future__ import annotations

import quopri
import re
from email.header import decode_header

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.message.encoding import SOFT_BREAK, encoded_words, header_text, long_piece, piece, tidy, tidy_name
from tests.message.making import HOSTILE

# What mattered: breaks, dots, blanks, `=`, several bytes a character, controls, direction.
awkward = st.text(
    st.sampled_from(list("aF m.=\t\r\n?_\"'<&é\u00a0\u202fЖع日😀\0\x07\u2028\u202e"))
    | st.characters(exclude_categories=["Cs"]),
    max_size=250,
)


def decoded(header: str) -> str:
    """As a reader does: unfolded, encoded-words decoded, white space between them dropped."""
    parts = decode_header(header)
    return "".join(part if isinstance(part, str) else part.decode(charset or "ascii") for part, charset in parts)


def line_ends(text: str) -> str:
    return re.sub(r"\r\n|\r|\n", "\r\n", text)


@given(awkward)
@example("From the board")
@example(".")
@example("x" * 76)
@example("é" * 12 + " ")
def test_a_piece_decodes_to_its_value(value: str) -> None:
    for made in (piece(value), long_piece(value)):
        assert quopri.decodestring(made + SOFT_BREAK).decode() == line_ends(value)


@given(awkward)
@example(".hidden")
@example("é" + "x" * 69)
@example("é" + "x" * 70)
@example("x" * 75)
@example("x" * 76)
@example("." * 80)
@example("é" * 80)
@example("From " * 40)
def test_lines_of_a_piece_are_safe_on_the_way(value: str) -> None:
    for line in (piece(value) + SOFT_BREAK).split(b"\r\n"):
        assert len(line) <= 76
        assert re.fullmatch(rb"[\t -~]*", line)
        assert not line.endswith((b" ", b"\t"))
        assert not line.startswith((b".", b"From "))


@given(awkward, awkward)
def test_pieces_do_not_run_into_each_other(one: str, other: str) -> None:
    both = piece(one) + SOFT_BREAK + piece(other) + SOFT_BREAK
    assert quopri.decodestring(both).decode() == line_ends(one) + line_ends(other)


@given(awkward)
def test_the_quick_way_is_the_careful_way(value: str) -> None:
    assert quopri.decodestring(piece(value)) == quopri.decodestring(long_piece(value))


@pytest.mark.parametrize("value", ["Maria", "Élodie", "National Social Security Fund", "José Müller"])
def test_a_plain_value_is_one_line(value: str) -> None:
    assert b"\r\n" not in piece(value)


@given(awkward)
@example("=?utf-8?q?hoax?=")
@example("a" * 200)
@example("word " * 40)
def test_a_subject_decodes_to_one_tidy_line(value: str) -> None:
    written = header_text(value, len("Subject: "))
    unfolded = written.replace("\r\n", "") if "=?" not in written else written
    assert decoded(unfolded) == tidy(value)


@given(awkward, st.integers(0, 12))
@example("0000" + "\u00a0" * 16 + "\U00010000" * 3, 0)
def test_header_lines_and_encoded_words_keep_their_limits(value: str, used: int) -> None:
    written = header_text(value, used)
    for line in (" " * used + written).split("\r\n"):
        assert len(line) <= 76
        assert re.fullmatch("[ -~]*", line)
    for word in re.findall(r"=\?[^?]*\?[qb]\?[^?]*\?=", written):
        assert len(word) <= 75
        assert decoded(word).encode()  # whole characters: half of one would not decode


@pytest.mark.parametrize("before", range(40, 60))
def test_a_legible_word_is_cut_between_characters(before: int) -> None:
    value = "a" * before + "éœ€" + "b" * 60
    words = header_text(value, 9).split("\r\n ")
    assert len(words) > 1
    assert "".join(map(decoded, words)) == value


ARABIC = "الرابطة الدولية لمؤسسات الضمان الاجتماعي في الدول الأعضاء وإدارة العلاقات الخارجية"
FRENCH = "Réforme des pensions : les règles transitoires entrent en vigueur dès le mois prochain à Genève"


@pytest.mark.parametrize("phrase", [False, True])
@pytest.mark.parametrize("text", [ARABIC, FRENCH])
def test_encoded_words_hold_whole_words_and_the_blank_between_two(text: str, phrase: bool) -> None:
    written = encoded_words(text, 9, phrase=phrase).split("\r\n ")
    assert len(written) > 1
    contents = [decoded(each) for each in written]
    assert "".join(contents) == text
    assert all(each.endswith(" ") for each in contents[:-1])
    assert all(len(line) <= 76 for line in ["x" * 9 + written[0], *(f" {each}" for each in written[1:])])


def test_a_word_that_no_line_can_hold_is_cut_between_characters() -> None:
    word = "ضمان" * 30
    contents = [decoded(each) for each in encoded_words(f"في {word} في", 9).split("\r\n ")]
    assert "".join(contents) == f"في {word} في"
    assert contents[0] == "في "


@given(awkward)
def test_encoded_words_of_a_phrase_hold_only_what_a_phrase_may(value: str) -> None:
    for word in encoded_words(tidy(value), 4, phrase=True).split("\r\n "):
        assert re.fullmatch(r"=\?utf-8\?[qb]\?[A-Za-z0-9!*+/=_-]*\?=", word)


def test_a_latin_subject_stays_legible_and_an_arabic_one_short() -> None:
    assert header_text("Élections à Genève", 9) == "=?utf-8?q?=C3=89lections_=C3=A0_Gen=C3=A8ve?="
    assert header_text("الصندوق الوطني", 9).startswith("=?utf-8?b?")


@given(awkward)
def test_tidy_leaves_one_line_without_controls(value: str) -> None:
    for made in (tidy(value), tidy_name(value)):
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]|  |^ | $", made)
        assert tidy(made) == made


def test_no_break_spaces_of_french_stay() -> None:
    assert tidy("Assemblée\u00a0: «\u202fdécembre\u202f»") == "Assemblée\u00a0: «\u202fdécembre\u202f»"


@pytest.mark.parametrize("value", HOSTILE)
def test_a_name_cannot_turn_the_direction_of_what_follows(value: str) -> None:
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", tidy_name(value))


def test_half_a_surrogate_pair_does_not_stop_a_send() -> None:
    assert piece("a\ud83d") == b"a?"
    assert decoded(header_text("é\ud83d", 9)) == "é?"
