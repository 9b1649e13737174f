"""An issue as it would be sent: the starter's news with one article, compiled with the real templates."""

from __future__ import annotations

import pytest

from newsletter.gathering.reaching import Reached
from newsletter.store.links import LinkRow
from newsletter.workflow.checking.link_checks import links_reached
from tests.checks.conftest import Desk
from tests.checks.letter import PUBLIC, letter, link, paragraph, style
from tests.workflow.office import ISSUE

CAMPAIGN = "campaigns/news/campaign.yaml"


def test_the_starter_can_be_sent(desk: Desk) -> None:
    assert [str(each) for each in desk.issue().values() if each.error] == []


def test_a_fault_of_the_template_is_reported_once_with_the_number_of_versions(desk: Desk) -> None:
    desk.change("templates/parts/footer.mjml", "links.unsubscribe", "links.web")
    finding = desk.issue()["unsubscribe"]
    assert finding.error
    assert finding.where.languages == ("en",)
    assert finding.where.versions > 1


def test_a_merge_field_without_a_default_is_told_with_its_share(desk: Desk) -> None:
    desk.change(CAMPAIGN, "subject: {en: 'News", "subject: {en: '{{ contact.title }} News")
    number = desk.workspace.audience_of("news").recipients
    told = f"“contact.title” is empty for {number} of {number} recipients (100%)"
    assert desk.issue()["field-empty"].what == told


def test_a_gap_is_told_with_the_place_that_leaves_it(desk: Desk) -> None:
    """The innermost last: each time a text that people write is found before what the template prints."""
    desk.change("templates/digest.txt", "", "\n{{ contact.title }}\n")
    where = desk.issue()["field-empty"].where
    assert (where.file, where.line, where.articles, where.field) == ("templates/digest.txt", 2, (), "")
    assert (where.lacking, len(where.contacts)) == ("contact.title", desk.workspace.audience_of("news").recipients)
    edit = "state: new\n        edits: {en: {summary: '{{ contact.title }}, it opens.'}}"
    desk.change("campaigns/news/2026-12.yaml", "        state: new\n", f"        {edit}\n")
    where = desk.issue()["field-empty"].where
    assert (where.file, where.articles, where.field, where.titles) == (
        None,
        ("counter",),
        "summary",
        ("A counter opens",),
    )
    desk.change(CAMPAIGN, 'preview: {en: "What', 'preview: {en: "{{ contact.title | upper }} What')
    desk.change(CAMPAIGN, "subject: {en: 'News", 'subject: {en: \'{{ contact.title | default("Dear") }} News')
    where = desk.issue()["field-empty"].where
    assert (where.articles, where.field) == (("counter",), "preview")


def test_findings_never_repeat_a_readers_name(desk: Desk) -> None:
    greeting = "{{ contact.first_name }} {{ contact.last_name }} {{ '{{' }}"
    desk.change("templates/digest.txt", "", greeting)
    text = "\n".join(map(str, desk.issue().values()))
    assert "leftover" in text
    lines = (desk.folder / "subscribers/contacts.csv").read_text().splitlines()[1:]
    names = {name for line in lines for name in line.split(",")[2:4] if len(name) > 2}
    assert names
    assert not [name for name in names if name in text]


def test_an_article_that_is_gone_blocks_the_send(desk: Desk) -> None:
    desk.change("campaigns/news/2026-12.yaml", "items:", "items:\n      - {id: zz, article: second, state: in}")
    finding = desk.issue()["article-gone"]
    assert (finding.error, finding.where.articles) == (True, ("second",))


def test_what_mjml_passes_over_and_a_number_far_from_last_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = [
        each
        for each in (desk.folder / "templates").glob("*.mjml")
        if f"template: {each.stem}" in (desk.folder / f"campaigns/{ISSUE.split('/')[0]}/campaign.yaml").read_text()
    ]
    line = desk.change(f"templates/{path.name}", "<mj-section", '<mj-section nothing-such="1"')
    monkeypatch.setattr("newsletter.workflow.checking.check.last_time", lambda ctx, issue: 5000)
    found = desk.issue()
    assert (found["mjml"].where.file, found["mjml"].where.line) == (f"templates/{path.name}", line)
    assert "last time it was 5,000" in found["audience-far"].what
    assert not found["audience-far"].error


def test_links_that_lead_to_nothing_are_told_with_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    lost, old = "https://lost.example/a", "https://gone.example/b"
    extra = f'<h3 style="{style("en")}">{link(PUBLIC + "/l/9/2", "Old")}</h3>' + paragraph(link(lost, "There"))
    message = letter(extra=extra)
    known = {lost: Reached.UNKNOWN, old: Reached.GONE}
    monkeypatch.setattr(
        "newsletter.workflow.checking.link_checks.reach", lambda asked, **_: {each: known[each] for each in asked}
    )
    found, untried = links_reached([message, message], {old: 2})
    assert {each.what for each in found} == {f"There is no such host: {lost}", f"There is no page at {old} any more"}
    assert (untried, {each.where.versions for each in found}) == ("", {2})
    rows = [row(2, old, lost), row(3, "https://earlier.example/", old, article="a", language="fr")]
    led, _ = links_reached([message], {old: 2}, rows)
    assert [(each.code, each.where.link) for each in led] == [
        ("link-led-gone", 2),
        ("link-gone", None),
        ("link-led-gone", 3),
    ]
    assert (led[2].where.articles, led[2].where.languages) == (("a",), ("fr",))
    monkeypatch.setattr(
        "newsletter.workflow.checking.link_checks.reach", lambda asked, **_: dict.fromkeys(asked, Reached.UNTRIED)
    )
    assert links_reached([message], {old: 2}) == (
        [],
        "Links were not tried: there is no way to the Internet from here.",
    )


def row(number: int, original: str, target: str, article: str | None = None, language: str | None = None) -> LinkRow:
    return LinkRow(number, original, target, article, language, 0, None, None)
