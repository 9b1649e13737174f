from __future__ import annotations

import pytest

from newsletter.checks import Item
from tests.checks.letter import codes, html, letter, link, paragraph, told


@pytest.mark.parametrize(
    "target", ["", "#", "#top", "article.html", "/a", "javascript:alert(1)", "https:///a", "//a/b"]
)
def test_links_that_lead_nowhere(target: str) -> None:
    assert codes(letter(extra=link(target, "Read on"))) == {"link-target"}


@pytest.mark.parametrize(
    "target", ["https://a.example/x", "http://a.example", "mailto:a@b.example", "tel:+41225550100"]
)
def test_links_that_lead_somewhere(target: str) -> None:
    assert codes(letter(extra=link(target, "Read on"))) == set()


def test_a_link_has_a_name() -> None:
    assert codes(letter(extra=link("https://a.example/", " "))) == {"link-name"}


def test_one_text_for_two_addresses() -> None:
    twice = link("https://a.example/1", "Read on") + link("https://a.example/2", "Read on")
    [finding] = told(letter(extra=twice), "link-text")
    assert not finding.error
    same = link("https://a.example/1", "Read on") * 2
    assert codes(letter(extra=same)) == set()


def test_a_headline_without_a_link_blocks_unless_its_text_is_shown_whole() -> None:
    item = Item("rule", "The pension rule", "https://news.example.org/l/1/9", "It opens\n\n- in two\n- towns. [1]")
    [finding] = told(letter(items=(item,)), "headline-nowhere")
    assert finding.error
    assert finding.where.articles == ("rule",)
    whole = paragraph("It opens in two towns.")
    assert codes(letter(items=(item,), html=html(extra=whole))) == set()


def test_a_headline_with_nothing_more_to_read_needs_no_link() -> None:
    assert codes(letter(items=(Item("rule", "The pension rule", "https://news.example.org/l/1/9"),))) == set()
