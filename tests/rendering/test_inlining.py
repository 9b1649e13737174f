"""The contract with premailer and cssselect: small inputs with the outputs, so that a change of theirs is seen."""

from __future__ import annotations

import socket

import pytest

from newsletter.rendering.css_rules import read_rules
from newsletter.rendering.inlining import inline

PAGE = "<html><head><style>p{top:0}</style></head><body>{}</body></html>"


def inlined(css: str, content: str) -> str:
    rules, wrong = read_rules(css)
    assert not wrong
    before, after = PAGE.split("{}")
    done = inline(before + content + after, rules)
    assert done.startswith(before)
    assert done.endswith(after)
    return done[len(before) : -len(after)]


@pytest.mark.parametrize(
    ("css", "content", "expected"),
    [
        ("p{color:red}", "<p>x</p>", '<p style="color:red;">x</p>'),
        ("p{color:red}", '<p style="color:blue">x</p>', '<p style="color:blue;">x</p>'),
        ("p{color:red!important}", '<p style="color:blue;top:1px">x</p>', '<p style="top:1px;color:red;">x</p>'),
        (".a{top:1px} p{top:2px}", '<p class="a">x</p>', '<p class="a" style="top:1px;">x</p>'),
        ("p{margin:0} .a{margin-top:2px}", '<p class=a>x</p>', '<p class=a style="margin:0;margin-top:2px;">x</p>'),
        ("div>p.a b{top:0}", '<div><p class="a"><i><b>x</b></i></p></div>',
         '<div><p class="a"><i><b style="top:0;">x</b></i></p></div>'),
        ("a[href],h1{top:0}", '<a href="y">x</a><h1>y</h1>',
         '<a href="y" style="top:0;">x</a><h1 style="top:0;">y</h1>'),
        ("li:first-child{top:0}", "<ul><li>x</li><li>y</li></ul>", '<ul><li style="top:0;">x</li><li>y</li></ul>'),
        ("img{top:0}", '<img src="é b" />', '<img src="é b" style="top:0;" />'),
        ("p{width:clamp(1px,2%,3px);color:var(--x, red)}", "<p>x</p>",
         '<p style="width:clamp(1px,2%,3px);color:var(--x, red);">x</p>'),
        ("p{background:url(data:image/png;base64,AA==) red}", "<p>x</p>",
         '<p style="background:url(data:image/png;base64,AA==) red;">x</p>'),
        ("p{font-family:\"A B\"}", "<p>x</p>", "<p style=\"font-family:'A B';\">x</p>"),
        ("p{color:red}", '<p style="p">x</p>', '<p style="color:red;">x</p>'),
        ("div *{top:0}", "<div><b>x</b></div>", '<div><b style="top:0;">x</b></div>'),
        ("p{color:red}", "<!--[if mso]><p>x</p><![endif]-->&nbsp;<br />",
         "<!--[if mso]><p>x</p><![endif]-->&nbsp;<br />"),
    ],
)  # fmt: skip
def test_rules_reach_their_elements_and_nothing_else_changes(css: str, content: str, expected: str) -> None:
    assert inlined(css, content) == expected


@pytest.mark.parametrize(
    "css",
    [
        "@import url(https://example.org/x.css);",
        "@media (max-width:1px){p{top:0}}",
        "@layer a{p{top:0}}",
        "@container (min-width:1px){p{top:0}}",
        "@font-face{font-family:x}",
        "a:hover{top:0}",
        "p:is(.a,.b){top:0}",
        "p::before{top:0}",
        "p{color:red; b{top:0}}",
        "p[style]{top:0}",
        "p{{{",
        "p{top:0}; b{top:0}",
        "garbage",
    ],
)
def test_what_cannot_be_inlined_is_named_never_dropped(css: str) -> None:
    _, wrong = read_rules("b{top:0}\n" + css)
    assert wrong
    assert wrong[0][0] >= 9


TAG_SOUP = [
    "<p>one<p class=a>two <ul><li>x<li>y</ul>",
    "<p class='a'><div><b>x</b></div></p>",
    "<table><tr><td class=a><table><td>x</table></table><b>z</b>",
    "<div class=a title='<b> class=c'><b>x</b><!-- <p> <!-- --><p>y</p></div></div><p>z</p>",
    "<svg class='a'><path d='M0'/><b>x</b></svg><p>y</p><style>p > b {}</style>",
    "<a href='x' class='a'><!--[if mso]><b>x</b><![endif]--><b>y</b></a><a><b>z</b></a>",
    "<div>" * 230 + "<b class=a>x</b>" + "</div>" * 230,
]


@pytest.mark.parametrize("content", TAG_SOUP)
def test_elements_are_met_alike_whether_told_by_their_places_or_one_by_one(content: str) -> None:
    css = ".a{top:1px} .a b, p.a{top:2px} div > b{top:3px} [class=a] p, a[href] b{top:4px} li{top:5px}"
    one_by_one = css + " none + none{top:9px}"  # a rule that asks for siblings
    assert inlined(css, content) == inlined(one_by_one, content)
    assert inlined(css, content + "<p class=a>again</p>") == inlined(one_by_one, content + "<p class=a>again</p>")


@pytest.mark.parametrize("css", ["p{color red}", "p{top:0; garbage}", "p{top:}", "p{:0}", "p{top:0; 'x'}", "p{a b:c}"])
def test_what_is_no_declaration_is_named(css: str) -> None:
    _, wrong = read_rules(css)
    assert "is no declaration" in wrong[0][1]


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    inlined(
        "p{background:url(https://example.org/x.png)}",
        '<p>x</p><link rel="stylesheet" href="https://example.org/x.css">',
    )
