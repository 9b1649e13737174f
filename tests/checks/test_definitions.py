"""Each mistake in a workspace is found with its file and line, and all of them at once."""

from __future__ import annotations

import pytest

from tests.checks.conftest import Desk

CAMPAIGN = "campaigns/news/campaign.yaml"
DRAFT = "campaigns/news/2026-12.yaml"


def test_the_starter_has_nothing_to_mend(desk: Desk) -> None:
    assert desk.definitions() == []


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        (CAMPAIGN, "template: digest", "template: digst", "no file templates/digst.mjml"),
        (CAMPAIGN, "publication: news", "publication: nws", "publication 'nws'"),
        (CAMPAIGN, "recurrence:", "recurence:", "recurence is not known here"),
        (CAMPAIGN, 'include: institution.status == "member"', "include: institution.satus", "satus"),
        (CAMPAIGN, "- path: articles/*", "- path: artikel/*.md", "no file matches artikel/*.md"),
        (CAMPAIGN, "sender: {name: Our Association, address: news@", "sender: {name: Us, address: news", "sender"),
        (CAMPAIGN, "subject: {en:", "subject: {fr:", "subject has no text in en"),
        (CAMPAIGN, "recurrence:\n  rule: FREQ=M", "recurrence:\n  rule: FREQ=W", "recurrence"),
        ("subscribers/segments.yaml", "rule: institution.status", "rule: institution.statu", "members"),
        ("subscribers/publications.yaml", "kind: news", "kind: nws", "kind"),
        ("subscribers/fields.yaml", "contact: {}", "contact: {vip: {type: bool}}", "type"),
        ("subscribers/imports/contacts.yaml", "Role: role", "Role: rool", "rool"),
        ("subscribers/imports/contacts.yaml", "file: subscribers/contacts.csv", "file: contacts.csv", "contacts.csv"),
        (
            "templates/parts/footer.mjml",
            "{{ association.postal_address }}",
            "{{ association.postal_address | upprcase }}",
            "upprcase",
        ),
        ("templates/parts/footer.txt", '{{ t("web_version") }}', '{{ t("web_verson") }}', "web_verson"),
        ("templates/digest.mjml", 'parts/footer.mjml"', 'parts/foter.mjml"', "parts/foter.mjml"),
    ],
)
def test_a_mistake_is_named_with_its_place(desk: Desk, path: str, old: str, new: str, told: str) -> None:
    line = desk.change(path, old, new)
    named = [found for found in desk.definitions() if told in found.what]
    assert named, desk.definitions()
    assert (named[0].where.file, named[0].where.line) == (path, line)


def test_a_source_without_files_is_a_warning(desk: Desk) -> None:
    desk.change(CAMPAIGN, "- path: articles/*", "- path: artikel/*.md")
    [found] = desk.definitions()
    assert (found.code, found.error) == ("source-empty", False)


def test_what_mjml_passes_over_is_a_warning(desk: Desk) -> None:
    line = desk.change("templates/digest.mjml", "<mj-body ", '<mj-body colour="red" ')
    [found] = desk.definitions()
    assert (found.code, found.error, found.where.line) == ("mjml", False, line)
    assert "no attribute colour" in found.what


def test_all_mistakes_at_once(desk: Desk) -> None:
    desk.change(CAMPAIGN, "template: digest", "template: digst")
    desk.change("subscribers/segments.yaml", "rule: institution.status", "rule: institution.statu")
    desk.change("templates/parts/footer.txt", '{{ t("web_version") }}', "{% if %}")
    files = {found.where.file for found in desk.definitions()}
    assert files == {CAMPAIGN, "subscribers/segments.yaml", "templates/parts/footer.txt"}


def test_an_unknown_publication_hides_no_other_mistake_of_the_campaign(desk: Desk) -> None:
    changes = [
        ("publication: news", "publication: nws", "publication 'nws'"),
        ("template: digest", "template: digst", "digst.mjml"),
        ('include: institution.status == "member"', "include: institution.satus", "satus"),
        ("sender: {name: Our Association, address: news@", "sender: {name: Us, address: news", "sender"),
        ("- path: articles/*", "- path: artikel/*.md", "artikel"),
    ]
    lines = {told: desk.change(CAMPAIGN, old, new) for old, new, told in changes}
    found = [each for each in desk.definitions() if each.where.file == CAMPAIGN]
    assert {told: [each.where.line for each in found if told in each.what][:1] for told in lines} == {
        told: [line] for told, line in lines.items()
    }


def test_a_broken_file_of_publications_hides_no_mistake_of_a_campaign(desk: Desk) -> None:
    desk.change("subscribers/publications.yaml", "news:", "news: [")
    desk.change(CAMPAIGN, "template: digest", "template: digst")
    assert any("digst.mjml" in each.what for each in desk.definitions())


def test_a_broken_file_that_others_lean_on_is_reported_once(desk: Desk) -> None:
    desk.change("subscribers/publications.yaml", "news:", "news: [")
    broken = [found for found in desk.definitions() if found.where.file == "subscribers/publications.yaml"]
    assert len(broken) == 1


def test_an_article_that_cannot_be_read(desk: Desk) -> None:
    (desk.folder / "campaigns/news/articles/bad.en.md").write_text("---\ntitel: No\n---\nText\n")
    [found] = desk.definitions()
    assert (found.code, found.where.file) == ("article", "campaigns/news/articles/bad.en.md")


def test_drafts(desk: Desk) -> None:
    (desk.folder / DRAFT).write_text(
        "subject: {en: '{{ issue.date'}\n"
        "sections:\n"
        "  - id: nws\n"
        "    items:\n"
        "      - {id: a, article: counter, edits: {fr: {title: Non}}}\n"
        "      - {id: a, article: counter}\n"
    )
    told = sorted((found.where.line or 0, found.what) for found in desk.definitions())
    assert len(told) == 4
    assert "two items have the id 'a'" in told[0][1] or "two items have the id 'a'" in told[1][1]
    assert any("'fr'" in what for _, what in told)
    assert any(line == 1 and what.startswith("subject.en") for line, what in told)
    assert any(line == 3 and "no section 'nws'" in what for line, what in told)


def test_settings(desk: Desk) -> None:
    desk.change("newsletter.toml", 'public_url = "https:', 'public_url = "http:')
    desk.change("newsletter.toml", "postal_address = ", "# postal_address = ")
    found = {each.code: each for each in desk.definitions()}
    assert "mail programs want https" in found["definition"].what
    assert found["postal-address"].error


def test_a_string_that_a_language_lacks(desk: Desk) -> None:
    desk.change("templates/strings.yaml", "  en: Read the article\n", "")
    [found] = desk.definitions()
    assert (found.code, found.where.languages, found.error) == ("string-missing", ("en",), False)
