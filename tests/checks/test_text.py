from __future__ import annotations

import pytest

from newsletter.checks import Finding
from tests.checks.letter import codes, html, letter, paragraph, told


def warned(findings: list[Finding]) -> bool:
    return bool(findings) and not any(finding.error for finding in findings)


def test_subject() -> None:
    assert codes(letter(subject=" ")) == {"subject"}
    assert told(letter(subject=""), "subject")[0].error
    assert codes(letter(subject="x" * 60)) == set()
    assert warned(told(letter(subject="x" * 61), "subject-length"))


def test_preview() -> None:
    shown = "What members changed this month, and what it cost them"
    assert letter().preview == shown
    assert codes(letter(html=html().replace(shown, " &#847;&zwnj;&nbsp;"))) == {"preview"}
    assert codes(letter(html=html().replace(shown, "x" * 39))) == {"preview-length"}
    assert codes(letter(html=html().replace(shown, "x" * 90))) == set()
    assert codes(letter(html=html().replace(shown, "x" * 91))) == {"preview-length"}


def test_there_is_a_plain_text() -> None:
    assert "text-part" in codes(letter(text="\n"))


@pytest.mark.parametrize(
    "words", ["Dear {{ contact.first_name }}", "{% if x %}", "caf\ufffd", "Tom &amp;amp; Ann", "cafÃ©", "itâ€™s"]
)
def test_what_a_machine_left(words: str) -> None:
    assert codes(letter(extra=paragraph(words))) == {"leftover"}
    assert warned(told(letter(extra=paragraph(words)), "leftover"))


def test_leftovers_in_subject_text_and_hidden_preview() -> None:
    assert codes(letter(subject="Dear {{ name }}")) == {"leftover"}
    assert codes(letter(text=letter().text + "\nDear {{ name }}")) == {"leftover"}
    assert codes(letter(html=html().replace("What members", "{{ What members"))) == {"leftover"}


@pytest.mark.parametrize(
    ("language", "wrong", "right"),
    [
        ("fr", "Une question ?", "Une question\u202f?"),
        ("fr", "Une chose : rien", "Une chose\u00a0: rien"),
        ("fr", "« Bien »", "«\u202fBien\u202f»"),
        ("fr", "L'accord", "L’accord"),
        ("en", 'He said "no".', "He said “no”."),
        ("en", "It's here", "It’s here"),
        ("ar", "كتاب\u200cها", "كتابها"),
    ],
)
def test_typography_of_each_language(language: str, wrong: str, right: str) -> None:
    assert codes(letter(language, extra=paragraph(wrong, language=language))) == {"typography"}
    assert codes(letter(language, extra=paragraph(right, language=language))) == set()


def test_typography_follows_the_language_of_the_part_and_spares_addresses() -> None:
    french = paragraph("Une question ?").replace("<p ", '<p lang="fr" ')
    assert codes(letter(extra=french)) == {"typography"}
    assert codes(letter(extra=paragraph("Why not write Une question ?"))) == set()
    assert codes(letter("fr", extra=paragraph("Voir https://a.example/d'ici", language="fr"))) == set()


def test_a_recipients_own_words_are_not_typeset_and_never_repeated() -> None:
    named = paragraph("Dear O'Hara, of Caisse d'Aide")
    assert codes(letter(extra=named)) == {"typography"}
    assert codes(letter(extra=named, personal=("O'Hara", "Caisse d'Aide"))) == set()
    [finding] = told(letter(extra=paragraph("Dear Zanele {{ x }}"), personal=("Zanele",)), "leftover")
    assert "Zanele" not in str(finding)


def test_a_text_in_another_language_than_it_says() -> None:
    def french(text: str) -> str | None:
        return "fr" if "pension" in text else None

    long = "La pension minimale change au premier janvier pour toutes les personnes assurées. " * 3
    wrong = letter(extra=paragraph(long), detect=french)
    assert codes(wrong) == {"part-language"}
    assert warned(told(wrong, "part-language"))
    marked = paragraph(long).replace("<p ", '<p lang="fr-CA" ')
    assert codes(letter(extra=marked, detect=french)) == set()
    assert codes(letter(extra=paragraph("La pension"), detect=french)) == set()
