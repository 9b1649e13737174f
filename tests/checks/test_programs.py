"""Client support by the published data: what readers lose is told, with the programs; what falls back is not."""

from __future__ import annotations

import json

import pytest

from newsletter.checks.support import PROGRAMS, read
from newsletter.workflow.checking.mail_programs import published, unknown_programs
from tests.checks.letter import letter, paragraph, told


def test_a_loss_names_the_feature_the_programs_and_what_it_means() -> None:
    (found,) = told(letter(extra=paragraph("Text", "display:flex")), "unsupported")
    assert found.what == "display:flex is used, which Outlook (Windows) cannot show"
    assert "another place" in found.why
    assert found.where.languages == ("en",)


@pytest.mark.parametrize(
    ("extra", "feature"),
    [
        ('<div style="background-image:url(https://x.example/a.png)"></div>', "background-image"),
        ('<div style="width:calc(100% - 3px)"></div>', "calc()"),
        ('<div style="border-inline-color:#FFFFFF"></div>', "border-inline"),
        ('<div style="width:2rem"></div>', "rem unit"),
        ('<video src="https://x.example/a.mp4"></video>', "<video> element"),
        ('<form><input type="checkbox"></form>', "checkbox"),
        ('<img src="https://x.example/a.tiff" alt="A" width="9">', "TIFF"),
        ("<p><svg></svg></p>", "<svg>"),
    ],
)
def test_losses_of_each_kind(extra: str, feature: str) -> None:
    assert any(feature in each.what for each in told(letter(extra=extra), "unsupported"))


@pytest.mark.parametrize(
    "extra",
    [
        '<div style="border-radius:4px;box-shadow:0 0 2px #000000;max-height:0"></div>',
        '<div style="background:#0B5A8A url(https://x.example/a.png);background-color:#0B5A8A"></div>',
        '<video src="https://x.example/a.mp4"><a href="https://x.example/film">The film</a></video>',
        '<div style="mso-line-height-rule:exactly;-webkit-transform:none"></div>',
    ],
)
def test_what_falls_back_is_no_finding(extra: str) -> None:
    assert told(letter(extra=extra), "unsupported") == []


def test_rules_for_everybody_count_where_the_style_does_not_say_the_same() -> None:
    css = ".a { float:left } @media (max-width:480px) { .a { display:flex } }"
    assert len(told(letter(css=css, extra='<div class="a"></div>'), "unsupported")) == 1
    assert told(letter(css=css, extra='<div class="a" style="float:none"></div>'), "unsupported") == []


def test_only_the_programs_of_the_readers_count() -> None:
    flex = paragraph("Text", "display:flex")
    assert told(letter(extra=flex, programs=("apple-mail.ios",)), "unsupported") == []
    assert frozenset(PROGRAMS) <= published().programs
    assert list(unknown_programs(["apple-mail.io"])) == [
        "mail_programs names apple-mail.io: did you mean 'apple-mail.ios'?"
    ]


def test_the_newest_version_counts_in_the_order_of_the_data() -> None:
    feature = {"slug": "css-float", "title": "float", "stats": {"x": {"ios": {"13.1": "n", "14": "y #1"}}}}
    text = json.dumps({"nicenames": {"platform": {"ios": "iOS"}, "family": {"x": "X"}}, "data": [feature]})
    support = read(text)
    assert support.lacking("css-float", ["x.ios"]) == []
    assert support.named(["x.ios"]) == "X (iOS)"
