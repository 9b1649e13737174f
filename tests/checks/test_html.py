from __future__ import annotations

import pytest

from newsletter.checks import examine
from tests.checks.letter import DARK, codes, html, letter, paragraph, style, told


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_a_good_letter_has_no_findings(language: str) -> None:
    assert examine(letter(language)) == []


def test_doctype() -> None:
    assert codes(letter(html=html().removeprefix("<!DOCTYPE html>"))) == {"doctype"}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('<html lang="en" dir="ltr">', '<html dir="ltr">'),
        ('<html lang="en" dir="ltr">', '<html lang="en">'),
        ('<div lang="en" dir="ltr"', '<div lang="fr" dir="ltr"'),
    ],
)
def test_language_and_direction_stand_on_html_and_on_what_holds_the_message(right: str, wrong: str) -> None:
    assert codes(letter(html=html().replace(right, wrong))) == {"language"}


def test_more_than_16_kb_of_style() -> None:
    rule = ".a { color:#ABCDEF }\n"
    assert codes(letter(css=DARK + rule * 700)) == set()
    assert codes(letter(css=DARK + rule * 800)) == {"style-size"}


@pytest.mark.parametrize(
    "css",
    [
        "@media screen { @media print { p { margin:0 } } }",
        "@media screen { p { margin:0 } @import url(x); }",
        "p { color: rgb(0 0 0) }",
        "p { color: oklch(40% 0.2 30) }",
    ],
)
def test_what_makes_gmail_delete_a_style(css: str) -> None:
    assert codes(letter(css=DARK + css)) == {"style-syntax"}
    assert codes(letter(css=DARK + "@media screen { p { margin:0 } } p { color: rgb(0,0,0) }")) == set()


def test_spaced_colours_in_an_attribute() -> None:
    assert "style-syntax" in codes(letter(extra=paragraph("Text", "border-color:rgb(0 0 0)")))


def test_tables_are_for_layout_or_have_header_cells() -> None:
    assert codes(letter(extra="<table><tr><td></td></tr></table>")) == {"table-role"}
    data = f'<table><tr><th style="{style("en")}">Year</th></tr></table>'
    assert codes(letter(extra=data)) == set()


def test_tables_in_comments_for_outlook_count_too() -> None:
    hidden = "<!--[if mso]><table><tr><td></td></tr></table><![endif]-->"
    assert codes(letter(extra=hidden)) == {"table-role"}


@pytest.mark.parametrize(
    ("extra", "reader"),
    [
        ("<div><span></div></span>", "most programs"),
        ("<div>", "most programs"),
        ("<!--[if mso]><div><![endif]-->", "Outlook"),
        ("<!--[if !mso]><!--><div><!--<![endif]--></div>", "Outlook"),
    ],
)
def test_tags_balance_for_all_programs_and_for_outlook(extra: str, reader: str) -> None:
    found = told(letter(extra=extra), "tags")
    assert any(reader in finding.what for finding in found)


def test_balanced_comments_for_outlook_pass() -> None:
    split = '<!--[if mso | IE]><table role="presentation"><tr><td><![endif]--><div></div>'
    closed = (
        split
        + "<!--[if mso | IE]></td></tr></table><![endif]--><br /><img src='https://a.example/a.png' alt='' width=9>"
    )
    assert codes(letter(extra=closed)) == set()


def test_direction_of_arabic_paragraphs_stands_in_their_style() -> None:
    bare = '<p style="margin:0;font-family:Arial;font-size:16px;color:#1F2933">نص</p>'
    assert codes(letter("ar", extra=bare)) == {"direction"}
    assert len(told(letter("ar", extra=bare), "direction")) == 2  # direction and alignment
    assert codes(letter("ar", extra=f"<div style='direction:rtl;text-align:right'>{bare}</div>")) == set()


def test_left_to_right_strays_into_arabic_only_where_it_says_so() -> None:
    stray = f'<p style="{style("ar")};direction:ltr">نص</p>'
    assert codes(letter("ar", extra=stray)) == {"direction"}
    english = '<p lang="en" dir="ltr" style="{};direction:ltr;text-align:left">English</p>'.format(style("en"))
    assert codes(letter("ar", extra=english)) == set()


def test_arabic_in_an_english_message_is_held_to_the_same() -> None:
    assert "direction" in codes(letter(extra=f'<p lang="ar" dir="rtl" style="{style("en")}">نص</p>'))


@pytest.mark.parametrize("name", ["margin", "font-family", "font-size", "color"])
def test_paragraphs_carry_their_own_style(name: str) -> None:
    parts = [part for part in style("en").split(";") if not part.startswith(name)]
    found = told(letter(extra=f'<p style="{";".join(parts)}">Text</p>'), "inline-style")
    assert [finding.what for finding in found] == [f"A text (<p>) has no {name} of its own"]
    assert not found[0].error


@pytest.mark.parametrize(
    "declaration",
    [
        "display:flex",
        "display: inline-grid",
        "position:absolute",
        "padding:1rem",
        "border-color:var(--x)",
        "margin-inline-start:4px",
        "margin:-4px 0",
        "margin-left:-4px",
        "background-image:url(https://a.example/a.png)",
    ],
)
def test_what_outlook_and_gmail_cannot_do(declaration: str) -> None:
    assert codes(letter(extra=paragraph("Text", declaration))) == {"unsupported"}


@pytest.mark.parametrize("harmless", ["margin:0 4px", "margin:1px 0 2px", "padding:4px", "display:block"])
def test_what_they_can(harmless: str) -> None:
    assert codes(letter(extra=paragraph("Text", harmless))) == set()


def test_one_first_heading_and_no_skipped_level() -> None:
    assert codes(letter(html=html().replace("h1", "h2"))) == {"h1", "heading-level"}
    assert codes(letter(extra=f'<h1 style="{style("en")}">Again</h1>')) == {"h1"}
    assert codes(letter(extra=f'<h4 style="{style("en")}">Deep</h4>')) == {"heading-level"}


def test_text_of_at_least_14_pixels_unless_hidden() -> None:
    assert codes(letter(extra=f'<p style="{style("en", size=14)}">Text</p>')) == set()
    assert codes(letter(extra=f'<p style="{style("en", size=13)}">Text</p>')) == {"small-text"}
    assert codes(letter(extra=f'<p style="{style("en", size=13)};display:none">Text</p>')) == set()
