from __future__ import annotations

import unicodedata

import pytest

from newsletter.gathering.naming import address_key, slug, split_name

LANGUAGES = ("en", "fr", "pt-BR", "fil")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("articles/reform.fr.md", ("reform", "fr")),
        ("reform.pt-br.md", ("reform", "pt-BR")),
        ("reform.de.md", ("reform", "de")),  # known, though not one of ours
        ("reform.fil.md", ("reform", "fil")),
        ("reform.md", ("reform", None)),
        ("report.v2.md", ("report-v2", None)),
        ("report.old.md", ("report-old", None)),
        ("a.b.fr.txt", ("a-b", "fr")),
        (".fr.md", ("fr", None)),
        ("Réforme des retraites.fr.md", ("reforme-des-retraites", "fr")),
        ("إصلاح المعاشات.ar.md", ("إصلاح-المعاشات", "ar")),
    ],
)
def test_key_and_language_of_a_file_name(path: str, expected: tuple[str, str | None]) -> None:
    assert split_name(path, LANGUAGES) == expected


def test_a_name_from_another_file_system_has_the_same_key() -> None:
    assert slug(unicodedata.normalize("NFD", "Réforme")) == slug("Réforme") == "reforme"


def test_keys_of_addresses_are_readable_stable_and_distinct() -> None:
    key = address_key("https://a.example/news/pension-reform.html")
    assert key.startswith("pension-reform-")
    assert key == address_key("https://a.example/news/pension-reform.html")
    assert key != address_key("https://b.example/news/pension-reform.html")
    assert address_key("https://a.example/?p=4711").startswith("a-example-")
    assert address_key("https://a.example/2026/11/24/").startswith("a-example-")
    assert address_key("", "urn:uuid:1").startswith("article-")
    assert address_key("https://a.example/x", "id-1") != address_key("https://a.example/x", "id-2")
