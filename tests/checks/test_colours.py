from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.checks import css
from tests.checks.letter import DARK, codes, html, letter, style, told

COLOUR = st.tuples(*[st.integers(0, 255)] * 3)


def test_contrast_by_day() -> None:
    assert codes(letter(extra=f'<p style="{style("en", colour="#55606B")}">Text</p>')) == set()
    [finding] = told(letter(css="", extra=f'<p style="{style("en", colour="#AAAAAA")}">Text</p>'), "contrast")
    assert finding.error
    assert "#AAAAAA on #FFFFFF has a contrast of 2.3" in finding.what


def test_contrast_by_night() -> None:
    dark = "@media (prefers-color-scheme:dark) { body, div { background-color:#1B1F24 !important } }"
    found = told(letter(css=dark), "contrast")
    assert found
    assert all("in dark mode" in finding.what for finding in found)


def test_at_night_inline_colours_win_unless_the_rule_is_important() -> None:
    assert codes(letter(css=DARK.replace("color:#ECEFF2 !important", "color:#ECEFF2"))) == {"contrast"}


def test_the_more_specific_rule_wins_at_night() -> None:
    more = "div p.mu { color:#1B1F24 !important } p { color:#ECEFF2 !important }"
    css_ = DARK + "@media (prefers-color-scheme:dark) { " + more + " }"
    faint = f'<p class="mu" style="{style("en")}">Text</p>'
    assert codes(letter(css=css_)) == set()
    assert codes(letter(css=css_, extra=faint)) == {"contrast"}


def test_a_colour_stands_on_a_ground() -> None:
    bare = html(css="").replace("background-color:#FFFFFF", "")
    assert codes(letter(html=bare)) == {"colour-without-ground"}
    assert codes(letter(html=bare.replace("<body ", '<body bgcolor="#FFFFFF" '))) == set()


@pytest.mark.parametrize(
    ("text", "ground", "ratio"), [("#000000", "#FFFFFF", 21.0), ("#777777", "#FFFFFF", 4.48), ("#fff", "white", 1.0)]
)
def test_known_contrasts(text: str, ground: str, ratio: float) -> None:
    one, other = css.colour(text), css.colour(ground)
    assert one is not None
    assert other is not None
    assert css.contrast(one, other) == pytest.approx(ratio, abs=0.01)


@given(COLOUR, COLOUR)
def test_contrast_is_the_same_both_ways(one: css.Colour, other: css.Colour) -> None:
    assert css.contrast(one, other) == css.contrast(other, one)
    assert 1 <= css.contrast(one, other) <= 21


@given(COLOUR)
def test_colours_are_read_as_they_are_written(one: css.Colour) -> None:
    assert css.colour(css.hexadecimal(one)) == one
    assert css.colour("rgb({}, {}, {})".format(*one)) == one


def test_declarations_keep_what_quotes_and_brackets_hold() -> None:
    style_ = "font-family:'a;b', Arial; background:url(x;y:z) #FFF !important;; color : red /* c;d */"
    assert css.declarations(style_) == {
        "font-family": "'a;b', Arial",
        "background": "url(x;y:z) #FFF !important",
        "color": "red",
    }


def test_rules_know_their_media() -> None:
    found = list(css.rules("@import url(a);p, .a > b { margin:0 } @media (x:y) { i { top:1px } } u { left:2px }"))
    assert [(rule.selector, rule.media) for rule in found] == [
        ("p", ""),
        (".a > b", ""),
        ("i", "(x:y)"),
        ("u", ""),
    ]


@pytest.mark.parametrize("selector", ["a:hover", "a + b", "li:nth-child(2)", 'a[href="x"]', ""])
def test_selectors_beyond_mail_are_left_alone(selector: str) -> None:
    assert css.xpath(selector) is None
