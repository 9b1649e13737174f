from __future__ import annotations

from newsletter.checks.finding import Where, error, merge, warning
from newsletter.errors import Problem

SIZE = error("size", "Gmail cuts it off.", "Use fewer articles.")
SPACE = warning("typography", "Readers notice.", "Mend it.")


def test_a_line_says_where_what_why_and_how_to_mend_it() -> None:
    found = SIZE.at("the HTML has 101 KB", languages=["fr"], articles=["rule"])
    assert str(found) == "fr in rule: error size: the HTML has 101 KB. Gmail cuts it off. Use fewer articles."
    placed = SPACE.at("a space", problem=Problem("", "campaigns/monthly/campaign.yaml", 7))
    assert str(placed).startswith("campaigns/monthly/campaign.yaml:7: warning typography: a space.")
    assert (found.error, placed.error) == (True, False)


def test_many_articles_are_counted() -> None:
    assert str(Where(("en",), ("a", "b", "c", "d", "e"), versions=2)) == "en in a, b, c and 2 more (2 versions)"


def test_the_same_finding_of_many_messages_is_reported_once() -> None:
    first = [SPACE.at("a space", languages=["fr"], articles=["rule"]), SPACE.at("a space", languages=["fr"])]
    second = [SPACE.at("a space", languages=["es"], articles=["forum"])]
    [found] = merge([first, [], second])
    assert found.where == Where(("fr", "es"), ("rule", "forum"), versions=2)


def test_different_findings_stay_apart_and_errors_come_first() -> None:
    found = merge([[SPACE.at("a space", languages=["fr"]), SIZE.at("101 KB", languages=["fr"]), SIZE.at("99 KB")]])
    assert [(each.code, each.what) for each in found] == [
        ("size", "101 KB"),
        ("size", "99 KB"),
        ("typography", "a space"),
    ]
    assert [each.where.versions for each in found] == [1, 0, 1]


def test_places_in_files_stay_apart() -> None:
    lines = [SIZE.at("wrong", problem=Problem("", "a.yaml", line)) for line in (1, 2, 2)]
    assert [each.where.line for each in merge([lines])] == [1, 2]
