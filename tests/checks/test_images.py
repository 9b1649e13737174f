from __future__ import annotations

import pytest

from tests.checks.letter import PUBLIC, codes, letter, link, told

GOOD = '<img src="https://a.example/a.png" alt="" width="160">'


def test_a_picture_with_alternative_text_width_and_address_passes() -> None:
    assert codes(letter(extra=GOOD)) == set()


def test_alternative_text() -> None:
    assert codes(letter(extra=GOOD.replace(' alt=""', ""))) == {"picture-alt"}


def test_a_linked_picture_names_its_link() -> None:
    assert codes(letter(extra=link("https://a.example/", GOOD))) == {"picture-alt"}
    assert codes(letter(extra=link("https://a.example/", GOOD.replace('alt=""', 'alt="Map"')))) == set()


@pytest.mark.parametrize("width", ["", "100%", "193.2", "0", "601", "160px"])
def test_a_width_that_outlook_can_use(width: str) -> None:
    assert codes(letter(extra=GOOD.replace('"160"', f'"{width}"'))) == {"picture-width"}


def test_the_message_says_how_wide_it_is() -> None:
    wide = '<div style="max-width:700px"></div>' + GOOD.replace('"160"', '"700"')
    assert codes(letter(extra=wide)) == set()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://a.example/a.png",
        "data:image/png;base64,AA",
        "https://a.example/a.webp",
        "https://a.example/a.SVG?x=1",
        "a.png",
        f"{PUBLIC}/a/2e.png",
    ],
)
def test_an_address_that_all_programs_show(address: str) -> None:
    assert codes(letter(extra=GOOD.replace("https://a.example/a.png", address))) == {"picture-address"}


def test_our_own_pictures_are_among_those_of_the_issue() -> None:
    assert codes(letter(extra=GOOD.replace("https://a.example/a.png", f"{PUBLIC}/a/1f.png"))) == set()


def test_a_finding_names_the_article_beside_it() -> None:
    marked = letter()
    wrong = marked.html.replace("</h2>", '</h2><img src="https://a.example/a.png" width="9">')
    [finding] = told(letter(html=wrong), "picture-alt")
    assert finding.where.articles == ("pension-rule",)
