from __future__ import annotations

import pytest

from newsletter.rendering.mjml import finish
from newsletter.rendering.mjml_html import ended


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a</br>b</BR >c<br>d", "a<br>b<br>c<br>d"),
        ("<p>a</p></p>b", "<p>a</p><p></p>b"),
        ("<p>a<ul><li>b</ul></p>", "<p>a<ul><li>b</ul><p></p>"),
        ("<div><p>a</div></p>", "<div><p>a</div><p></p>"),
        ("<p>a<p>b</p>", "<p>a<p>b</p>"),
        ("<p>a<b>b</p></b>", "<p>a<b>b</p></b>"),
        ("<p><button></p></button></p>", "<p><button><p></p></button></p>"),
        ("<!-- </p></br> --><p title='</p>'>x</p>", "<!-- </p></br> --><p title='</p>'>x</p>"),
    ],
)
def test_ends_of_nothing_are_what_browsers_make_of_them(written: str, meant: str) -> None:
    assert ended(written) == meant


def test_a_stray_end_gets_the_rules_of_its_element() -> None:
    mjml = (
        '<mjml><mj-head><mj-style inline="inline">p { margin: 2px }</mj-style></mj-head><mj-body><mj-section>'
        "<mj-column><mj-text>a</p></mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    assert "<p" in finish(mjml, file="a").partition(">a")[2]
    assert "margin: 2px" in finish(mjml, file="a").partition(">a")[2] or "margin:2px" in finish(mjml, file="a")
