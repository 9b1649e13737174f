from __future__ import annotations

import pytest

from newsletter.errors import ProblemsFound
from newsletter.rendering.mjml import finish

SECTION = "<mj-section><mj-column>{}</mj-column></mj-section>"
REFUSED = {
    "unknown component": (SECTION.format("<mj-txt />"), "is no MJML component"),
    "html between components": (SECTION.format("<p>x</p>"), "put HTML into an <mj-text>"),
    "text between components": (SECTION.format("hello"), "text between components is never shown"),
    "cdata between components": (SECTION.format("<![CDATA[hello]]>"), "text between components is never shown"),
    "invalid value": (SECTION.format('<mj-image width="wide" />'), "is not a size in px"),
    "invalid size": (SECTION.format('<mj-text font-size="1px;color:red">x</mj-text>'), "is not a size such as 16px"),
    "link of a navbar without an address": (
        SECTION.format('<mj-navbar base-url="https://example.org"><mj-navbar-link>x</mj-navbar-link></mj-navbar>'),
        "needs an href",
    ),
    "width in a group": (
        '<mj-section><mj-group><mj-column width="33,33%" /></mj-group></mj-section>',
        "write a point for the comma",
    ),
    "table without a row": (
        "<mj-section><mj-column><mj-raw><tr></tr><table></table></mj-raw></mj-column><mj-column /></mj-section>",
        "put it into <tr><td>",
    ),
    "table without a row in a wrapper": (
        f"<mj-wrapper>{SECTION.format('<mj-raw><TABLE></TABLE></mj-raw>')}</mj-wrapper>",
        "put it into <tr><td>",
    ),
    "invalid word": (SECTION.format('<mj-text align="middle">x</mj-text>'), "one of left, center, right"),
    "wrong place": ("<mj-column></mj-column>", "cannot stand in <mj-body>"),
    "unclosed": ("<mj-section><mj-column></mj-section>", "is not closed before </mj-section>"),
    "unclosed text": (SECTION.format("<mj-text>x"), "is not closed"),
    "closes nothing": ("</mj-column>", "closes nothing"),
    "carousel": (SECTION.format("<mj-carousel></mj-carousel>"), "a carousel cannot be compiled"),
    "include": ('<mj-include path="x.mjml" />', "{% include"),
    "fluid hero": ('<mj-hero mode="fluid-height"></mj-hero>', "fluid height"),
    "gap": ('<mj-wrapper gap="10px"></mj-wrapper>', "gap of a wrapper"),
    "raw in an accordion": (
        SECTION.format("<mj-accordion><mj-accordion-element><mj-raw>x</mj-raw></mj-accordion-element></mj-accordion>"),
        "cannot stand in <mj-accordion-element>",
    ),
    "for Outlook alone in an accordion": (
        SECTION.format(
            "<mj-accordion><mj-accordion-element><!--[if mso]>x<![endif]--></mj-accordion-element></mj-accordion>"
        ),
        "is not shown where it stands",
    ),
    "wrapper in percent": ('<mj-wrapper padding="0 5%"><mj-section /></mj-wrapper>', "in px"),
    "position on two lines": ('<mj-section background-position="left\nbottom" />', "on one line"),
    "before the doctype": ('<mj-raw position="file-start">x</mj-raw>', "before the doctype"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_line_and_reason(case: str) -> None:
    content, reason = REFUSED[case]
    with pytest.raises(ProblemsFound) as caught:
        finish(f"<mjml>\n<mj-body>\n{content}\n</mj-body></mjml>", file="x.mjml")
    found = [problem for problem in caught.value.problems if reason in problem.message]
    assert found
    assert found[0].line == 3
    assert found[0].file == "x.mjml"


@pytest.mark.parametrize("mjml", ["", "hello", "<html></html>", "<mjml></mjml>", "<mjml><mj-body></mj-body>"])
def test_what_is_no_document_is_refused(mjml: str) -> None:
    with pytest.raises(ProblemsFound):
        finish(mjml, file="x.mjml")


@pytest.mark.parametrize(
    "prefix", ['<?xml version="1.0" encoding="utf-8"?>\n', "<!DOCTYPE mjml>", "\ufeff", "<!-- note -->"]
)
def test_what_stands_before_the_root_without_meaning_is_passed_over(prefix: str) -> None:
    section = SECTION.format("<mj-text color=red>x</mj-text>")
    assert "color:red" in finish(f"{prefix}<MJML><mj-body>{section}</mj-body></MJML>", file="x.mjml")


HEADS = {
    "fluid hero by its class": ('<mj-class name="a" mode="fluid-height" />', 4, "fluid height"),
    "invalid value by a default": (
        '<mj-all padding-left="wide" />',
        4,
        'by its class or a default, padding-left="wide"',
    ),
    "narrow group by its class": ('<mj-class name="b" padding="3px" />', 4, "<mj-group> has a padding, which cannot"),
    "content of a default": ("<mj-text>x</mj-text>", 2, "what stands inside is never shown"),
    "for Outlook alone": ("<!--[if mso]>x<![endif]-->", 2, "a comment in <mj-attributes> is never shown"),
}


@pytest.mark.parametrize("case", HEADS)
def test_what_follows_from_defaults_is_refused_too(case: str) -> None:
    default, line, reason = HEADS[case]
    head = f"<mj-head><mj-attributes>\n{default}</mj-attributes></mj-head>"
    content = '<mj-hero mj-class="a" /><mj-section><mj-group mj-class="b" /></mj-section>'
    with pytest.raises(ProblemsFound) as caught:
        finish(f"<mjml>{head}<mj-body>\n\n{content}</mj-body></mjml>", file="x.mjml")
    assert {problem.line for problem in caught.value.problems if reason in problem.message} == {line}
