from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from newsletter.checks import Contents, Finding, examine_content, merge
from newsletter.checks.content import EmptyField
from newsletter.model.article import Article, Event
from newsletter.model.draft import Draft

DRAFT = Draft.model_validate(
    {
        "sections": [
            {
                "id": "policy",
                "items": [
                    {"id": "a", "article": "rule", "state": "in"},
                    {"id": "b", "article": "forum", "state": "new"},
                    {"id": "c", "article": "lost", "state": "out"},
                ],
            }
        ]
    }
)
ENGLISH = Article("rule", "en", "The rule", file="campaigns/monthly/articles/rule.en.md")
FRENCH = replace(ENGLISH, language="fr", title="La règle", made_from=ENGLISH.text_hash, file="rule.fr.md")
FORUM = Event(datetime(2026, 12, 8, 9, tzinfo=UTC), datetime(2026, 12, 9, 17, tzinfo=UTC), deadline=date(2026, 12, 5))


def forum(event: Event = FORUM) -> dict[str, Article]:
    return {tag: Article("forum", tag, "Forum", event=event, file=f"forum.{tag}.md") for tag in ("en", "fr")}


GOOD = Contents(
    draft=DRAFT,
    draft_file="campaigns/monthly/2026-12.yaml",
    library={"rule": {"en": ENGLISH, "fr": FRENCH}, "forum": forum()},
    languages=("en", "fr"),
    day=date(2026, 12, 1),
    strings={"read": {"en": "Read", "fr": "Lire"}},
)


def only(contents: Contents) -> Finding:
    [finding] = examine_content(contents)
    return finding


def test_a_complete_issue_has_no_findings() -> None:
    assert examine_content(GOOD) == []


def test_a_gap_in_a_language_names_its_articles() -> None:
    found = only(replace(GOOD, languages=("en", "fr", "ar"), strings={}))
    assert (found.code, found.where.languages, found.where.articles) == (
        "translation-missing",
        ("ar",),
        ("rule", "forum"),
    )
    assert not found.error


def test_gaps_of_different_languages_stay_apart() -> None:
    found = merge([examine_content(replace(GOOD, languages=("ar", "de"), strings={}))])
    assert [each.where.languages for each in found] == [("ar",), ("de",)]


def test_a_regional_language_is_served_by_its_parent() -> None:
    assert examine_content(replace(GOOD, languages=("en-GB", "fr-CA"))) == []


def test_an_article_that_no_source_gives_any_more_blocks_the_send() -> None:
    found = only(replace(GOOD, library={"rule": GOOD.library["rule"]}))
    assert (found.code, found.error, found.where.articles) == ("article-gone", True, ("forum",))
    assert found.where.file == GOOD.draft_file


def test_an_outdated_translation() -> None:
    changed = replace(ENGLISH, body="It changed.")
    found = only(replace(GOOD, library={**GOOD.library, "rule": {"en": changed, "fr": FRENCH}}))
    assert (found.code, found.where.languages, found.where.file) == ("translation-outdated", ("fr",), "rule.fr.md")


def test_an_event_that_is_over_or_closed_when_the_issue_goes_out() -> None:
    def found_on(day: date) -> list[str]:
        return [finding.code for finding in examine_content(replace(GOOD, day=day))]

    assert found_on(date(2026, 12, 5)) == []
    assert found_on(date(2026, 12, 6)) == ["deadline-over"]
    assert found_on(date(2026, 12, 9)) == ["deadline-over"]
    assert found_on(date(2026, 12, 10)) == ["event-over"]


def test_an_instant_as_deadline() -> None:
    closed = replace(FORUM, deadline=datetime(2026, 11, 30, 12, tzinfo=UTC))
    assert only(replace(GOOD, library={**GOOD.library, "forum": forum(closed)})).code == "deadline-over"


def test_a_string_without_its_translation() -> None:
    found = only(replace(GOOD, strings={"read": {"en": "Read"}}))
    assert (found.code, found.where.languages) == ("string-missing", ("fr",))
    assert "read" in found.what


def test_empty_merge_fields_are_told_with_number_and_share() -> None:
    counted = EmptyField("contact.first_name", "en", empty=50, recipients=200)
    told = only(replace(GOOD, empty_fields=[counted])).what
    assert "“contact.first_name” is empty for 50 of 200 recipients (25%)" in told
    assert examine_content(replace(GOOD, empty_fields=[replace(counted, empty=0)])) == []


def test_a_picture_that_was_left_out() -> None:
    assert only(replace(GOOD, notices=["The picture a.jpg is left out: it is no picture."])).code == "picture-left-out"
    assert (
        only(replace(GOOD, stills=["Of the moving picture a.gif only the first frame is shown"])).code
        == "picture-still"
    )
