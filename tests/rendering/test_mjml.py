from __future__ import annotations

import re

import pytest

from newsletter.errors import ProblemsFound
from newsletter.rendering.mjml import finish


def body(content: str, head: str = "") -> str:
    return f"<mjml><mj-head>{head}</mj-head><mj-body>{content}</mj-body></mjml>"


def text(content: str, head: str = "", attributes: str = "") -> str:
    return body(f"<mj-section><mj-column><mj-text{attributes}>{content}</mj-text></mj-column></mj-section>", head)


def finished(mjml: str) -> str:
    return finish(mjml, file="a.mjml")


CONTENTS = [
    "a &nbsp; b &eacute; <br /> c < d & e",
    "<p>one<p>two <ul><li>x</ul>",
    "<!--[if mso]><table><tr><td><![endif]-->x<![if !mso]><i>y</i><![endif]>",
    '<a href="https://example.org/a b?x=é&y=%C3%A9" data-x="1">z</a>',
    "<svg viewBox='0 0 1 1'><path d='M0 0'/></svg><o:p>w</o:p><v:rect xmlns:v='urn:x'/>",
    "<![CDATA[ x ]]> \\u{200d} \u200d \u00ad \u0915\u094d\u0937 zq0z",
    "<p style='font-family:\"A\",\n b'>q</p> [[x]] %PDF% {{y}}",
]


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("inlined", [False, True])
def test_content_is_kept_byte_for_byte(content: str, inlined: bool) -> None:
    head = '<mj-style inline="inline">.none { color: red }</mj-style>' if inlined else ""
    assert content in finished(text(content, head))


def test_attributes_are_kept_byte_for_byte() -> None:
    mjml = text('<a href="x">y</a>', attributes=" css-class='é\u200dक्ष'")
    assert 'class="é\u200dक्ष"' in finished(mjml)


def test_the_doctype_stands_first_and_the_output_is_the_same_each_time() -> None:
    mjml = text("<p>x</p>", '<mj-style inline="inline">p { color: red }</mj-style>')
    assert finished(mjml).startswith("<!DOCTYPE html><html")
    assert finished(mjml) == finished(mjml)


def test_fonts_are_linked_where_used_even_by_a_rule_to_inline() -> None:
    fonts = {"Own": "own", "Other": "o"}
    head = "".join(f'<mj-font name="{name}" href="https://example.org/{file}.css" />' for name, file in fonts.items())
    found = finished(text("<p>x</p>", head + '<mj-style inline="inline">p { font-family: Own }</mj-style>'))
    assert "https://example.org/own.css" in found
    assert "https://example.org/o.css" not in found


def test_defaults_hold_in_the_order_of_mjml() -> None:
    head = (
        '<mj-attributes><mj-all color="#111111" /><mj-text color="#222222" font-size="14px" />'
        '<mj-class name="big" font-size="30px" css-class="a" /><mj-class name="red" color="#ff0000" css-class="b" />'
        "</mj-attributes>"
    )
    found = finished(text("x", head, ' mj-class="big red"'))
    assert "font-size:30px" in found
    assert "color:#ff0000" in found
    assert 'class="a b"' in found
    assert "color:#222222" in finished(text("x", head))


def test_a_comment_between_components_is_no_column() -> None:
    one = body("<mj-section><!-- note --><mj-column><mj-text>x</mj-text></mj-column></mj-section>")
    assert "mj-column-per-100" in finished(one)


def test_for_outlook_each_class_has_a_suffix_and_nothing_else_that_ends_like_one() -> None:
    image = '<mj-image src="https://example.org/a.png" alt="The new and the old-outlook"></mj-image>'
    html = finished(body(f'<mj-section css-class="one two"><mj-column>{image}</mj-column></mj-section>'))
    assert 'alt="The new and the old-outlook"' in html
    assert 'class="one-outlook two-outlook"' in html


def test_raw_html_between_the_sections_of_a_wrapper_is_not_for_outlook_alone() -> None:
    found = finished(body("<mj-wrapper><!-- note --><mj-section /><mj-raw><b>x</b></mj-raw></mj-wrapper>"))
    shown = re.sub(r"<!--.*?-->", "", found, flags=re.S)
    assert "<b>x</b>" in shown
    assert "<![endif]" not in shown


def test_all_problems_are_reported_at_once_with_their_lines() -> None:
    mjml = "<mjml>\n<mj-body>\n<mj-section>\n<mj-txt>x</mj-txt>\n<mj-column width='wide'>\n</mj-column>"
    mjml += "</mj-section></mj-body></mjml>"
    with pytest.raises(ProblemsFound) as caught:
        finished(mjml)
    lines = [problem.line for problem in caught.value.problems]
    assert 4 in lines
    assert 5 in lines
    assert 'width="wide" is not a size' in str(caught.value)


@pytest.mark.parametrize("raw", ["<tr><td><table></table></td></tr>", "<table><tr><td>x</td></tr></table>"])
def test_a_table_in_the_only_column_stays(raw: str) -> None:
    assert raw in finished(body(f"<mj-section><mj-column><mj-raw>{raw}</mj-raw></mj-column></mj-section>"))


def test_a_table_that_ends_the_columns_own_is_refused_where_rules_are_inlined() -> None:
    raw = "<mj-section><mj-column><mj-raw><table></table></mj-raw></mj-column></mj-section>"
    with pytest.raises(ProblemsFound, match="put it into <tr><td>"):
        finished(body(raw, '<mj-style inline="inline">p { color: red }</mj-style>'))
