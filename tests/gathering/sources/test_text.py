from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from newsletter.gathering.writing import plain_paragraph
from tests.gathering.conftest import Read, one, problems


@pytest.mark.parametrize(
    "text",
    [
        "Title\n\nThe lead.\n\nBody one.\n\nBody two.",
        "Title\nTitle\n\nThe lead.\n\nBody one.\n\nBody two.\n",
        "\n\nTitle\n\n TITLE \n\nThe lead.\n \t\nBody one.\n\n\n\nBody two.\n\n",
        "Title\r\nTitle\r\n\r\nThe lead.\r\n\r\nBody one.\r\n\r\nBody two.",
    ],
)
def test_title_lead_and_paragraphs(read: Read, text: str) -> None:
    article = one(read("a.en.txt", text))
    assert (article.title, article.summary, article.body) == ("Title", "The lead.", "Body one.\n\nBody two.")


def test_what_is_missing_is_said(read: Read) -> None:
    assert problems(read("a.en.txt", "Title\nTitle\n")) == [
        "a.en.txt:1: There is a title and no text: write the text below it, after a blank line."
    ]
    assert "has 400 characters: put the title above it" in problems(read("a.en.txt", "\n" + "x" * 400 + "\n\ny"))[0]


@pytest.mark.parametrize(
    "line",
    [
        "# no heading",
        "- no list",
        "1. no list",
        "2026) no list",
        "+ no list",
        "> no quotation",
        "--- ",
        "===",
        "*stars* _lines_ __both__ ~~waves~~ `ticks`",
        "[text](https://a.example) ![x](y) <b>tag</b>",
        "AT&amp;T &copy; R&D \\ back\\slash",
        "a | b",
        "{{ contact.name }} {% if %}",
        "see https://a.example/x_y_z?a=1&b=(2) and more",
    ],
)
def test_plain_text_means_no_markdown(line: str) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse("before\n\n" + plain_paragraph(line) + "\n\nafter\n")
    inline = [token for token in tokens if token.type == "inline"]
    assert len(inline) == 3
    children = inline[1].children or []
    assert {child.type for child in children} <= {"text", "link_open", "link_close", "text_special"}
    assert "".join(child.content for child in children) == line.strip(" ")


def test_lines_with_bullets_are_a_list() -> None:
    assert plain_paragraph("• one\n• two *2*") == "- one\n- two \\*2\\*"
    assert plain_paragraph("• one\ntwo") == "• one\ntwo"
