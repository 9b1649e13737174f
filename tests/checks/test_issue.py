"""An issue as it would be sent: the starter's news with one article, compiled with the real templates."""

from __future__ import annotations

from tests.checks.conftest import Desk

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
