from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering.typography import apply, join_apply

N, U = "\u202f", "\u00a0"  # narrow and ordinary no-break space


@pytest.mark.parametrize(
    ("language", "given_text", "expected"),
    [
        ("fr", 'Il a dit "oui" !', f"Il a dit «{N}oui{N}»{N}!"),
        ("fr", "L'avis : d'abord ; puis ? Enfin...", f"L’avis{U}: d’abord{N}; puis{N}? Enfin…"),
        ("fr", "« Oui », dit-elle.", f"«{N}Oui{N}», dit-elle."),
        ("fr", "Quoi?! Non!", f"Quoi{N}?! Non{N}!"),
        ("fr", "12:30 et 09:00", "12:30 et 09:00"),
        ("fr", "voir https://a.example/x?y=1;z: fin", f"voir https://a.example/x?y=1;z{U}: fin"),
        ("fr", "n° 5, 4 %, 3 €", f"n°{U}5, 4{U}%, 3{U}€"),
        ("fr-CH", "Ah !", f"Ah{N}!"),
        ("de", 'Er sagt "ja" - z. B. heute, d.h. jetzt', f"Er sagt „ja“ – z.{N}B. heute, d.{N}h. jetzt"),
        ("de", "§ 5 Abs. 2: 4 %", f"§{U}5 Abs.{U}2: 4{U}%"),
        ("es", 'Dijo "sí". ¿Qué?', "Dijo «sí». ¿Qué?"),
        ("en", 'She said "yes" -- it\'s done...', "She said “yes” – it’s done…"),
        ("en", '5" pipe and "quoted"', '5" pipe and “quoted”'),
        ("en", "a well-known 2-3 - really", "a well-known 2-3 – really"),
        ("ar", "نعم, ولكن; لماذا? 1,5", "نعم، ولكن؛ لماذا؟ 1,5"),
        ("ar", 'قال "نعم"', "قال «نعم»"),
        ("ja", 'x "y" ...', 'x "y" ...'),
    ],
)
def test_each_language(language: str, given_text: str, expected: str) -> None:
    assert apply(given_text, language) == expected


def test_the_words_of_a_quotation_stay_as_they_were_said() -> None:
    assert apply('Il répond "it\'s fine... ok?" : non', "fr") == f"Il répond «{N}it's fine... ok?{N}»{U}: non"
    assert apply("« Was soll's ? » !", "fr") == f"«{N}Was soll's ?{N}»{N}!"
    assert apply("„don't...“ it's", "en") == "„don't...“ it’s"


def test_merge_fields_and_addresses_stay() -> None:
    field = '{{ contact.first_name | default("l\'ami") }}'
    assert apply(f"Cher {field} : bonjour !", "fr") == f"Cher {field}{U}: bonjour{N}!"
    assert apply("écrire à info@a.example ; merci", "fr") == f"écrire à info@a.example{N}; merci"
    assert apply("Bonjour \ue000 !", "fr") == f"Bonjour \ue000{N}!"


def test_a_quotation_over_several_pieces() -> None:
    assert join_apply(['Il dit "', "oui", '" : fin', " !"], "fr") == [f"Il dit «{N}", "oui", f"{N}»{U}: fin", f"{N}!"]
    assert join_apply(["Mot", " : suite"], "fr") == ["Mot", f"{U}: suite"]


def test_the_house_style() -> None:
    assert (
        apply('L\'avis : "oui" !', "fr", {"apostrophes": False, "quotes": False, "spaces": False})
        == 'L\'avis : "oui" !'
    )
    assert apply('"oui" !', "fr", {"narrow": U}) == f"«{U}oui{U}»{U}!"
    assert apply('"ja"', "de", {"quotes": "»…«"}) == "»ja«"


TEXTS = st.lists(
    st.sampled_from([*"aé1 '\".,;:!?%«»“”„()-–…\n{}@/", N, U, "\ue000", "ن", "http://a.b ", "z. B.", "n° "]),
    max_size=25,
).map("".join)


@pytest.mark.parametrize("language", ["fr", "de", "es", "en", "ar"])
@given(text=TEXTS)
def test_applying_it_twice_changes_nothing_more(language: str, text: str) -> None:
    once = apply(text, language)
    assert apply(once, language) == once


@pytest.mark.parametrize("language", ["fr", "de", "es", "en", "ar"])
@given(text=st.text())
def test_words_are_never_touched(language: str, text: str) -> None:
    def words(value: str) -> list[str]:
        return [sign for sign in value if sign.isalnum()]

    assert words(apply(text, language)) == words(text)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.sampled_from(["fr", "en", "ar"]))
def test_pieces_stay_as_many(pieces: list[str], language: str) -> None:
    assert len(join_apply(pieces, language)) == len(pieces)
