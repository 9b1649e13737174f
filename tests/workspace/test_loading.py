"""YAML into models: every mistake at once, each with file, line, column and the nearest name."""

from __future__ import annotations

import pytest

from newsletter.errors import ProblemsFound
from newsletter.loading import load_yaml, place
from newsletter.model.campaign import Campaign, Copies
from newsletter.model.draft import Draft

GOOD = """\
title: News
publication: news
template: digest
subject: {en: News, pt_br: Notícias}
sender: {name: We, address: we@example.org}
sections:
  - id: a
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ProblemsFound) as found:
        load_yaml(text, "campaigns/news/campaign.yaml", Campaign)
    return [str(problem) for problem in found.value.problems]


def test_a_good_file_has_its_defaults_and_language_tags_in_form() -> None:
    campaign = load_yaml(GOOD, "x", Campaign)
    assert campaign.copies is Copies.ADDRESS
    assert set(campaign.subject) == {"en", "pt-BR"}


def test_all_mistakes_come_at_once_with_their_places() -> None:
    text = GOOD.replace("  - id: a", "  - id: a\n    ordr: newest\n    order: newst").replace("title:", "titel:")
    found = problems(text)
    assert "campaigns/news/campaign.yaml:1:1: title is missing" in found
    assert any(each.startswith("campaigns/news/campaign.yaml:1:1: titel is not known here") for each in found)
    assert any(":8:5: sections.0.ordr is not known here: did you mean 'order'?" in each for each in found)
    assert any(":9:5: sections.0.order is 'newst': did you mean 'newest'?" in each for each in found)


def test_what_is_no_yaml_names_the_line() -> None:
    assert problems("title: a: b")[0].startswith("campaigns/news/campaign.yaml:1:")
    assert "no YAML" in problems("a: [1\nb: 2")[0]


def test_an_empty_draft_is_a_draft() -> None:
    assert load_yaml("", "d", Draft).sections == []


def test_the_place_of_a_key_is_its_own() -> None:
    assert place("a:\n  - b: 1\n    c: 2\n", ["a", 0, "c"]) == (3, 5)


@pytest.mark.parametrize("depth", [250, 400, 20_000])
def test_what_is_nested_too_deeply_is_said(depth: int) -> None:
    with pytest.raises(ProblemsFound):
        load_yaml("title: " + "[" * depth + "]" * depth, "x.yaml", Draft)
