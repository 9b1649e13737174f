"""Who gets an issue and who is left out, with numbers that add up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from newsletter.app import Workspace
from newsletter.audience.select import AudienceRule
from newsletter.clock import FixedClock
from newsletter.workflow.audience import audience_rule
from newsletter.workflow.people.addressees import Wanted, addressees, count
from newsletter.workflow.people.contacts import suppress
from tests.web.desk import client
from tests.workflow.office import ISSUE, lay, office

HERE = f"/issues/{ISSUE}/recipients"


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    clock = FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    with office(lay(tmp_path_factory.mktemp("recipients") / "ws"), clock) as opened:
        ana = opened.context.person("ana")
        suppress(opened.context, "joseph.otieno@shi.example", "address", ana, lift=False)
        yield opened


def rule(ws: Workspace) -> AudienceRule:
    return audience_rule(ws.context, "news", ws.context.campaign("news"), ["en"])


def test_the_page_answers_before_it_counts(ws: Workspace) -> None:
    page = client(ws, "ana").get(HERE).text
    assert f'hx-get="{HERE}?run=1"' in page
    assert "Berg" not in page


def test_those_who_get_it_and_those_left_out_are_listed(ws: Workspace) -> None:
    browser = client(ws, "ana")
    inside, outside = browser.get(f"{HERE}?run=1").text, browser.get(f"{HERE}?run=1&who=out").text
    assert "2 contacts get it" in inside
    assert "1 is left out" in inside
    assert "Astrid Berg" in inside
    assert "Joseph Otieno" not in inside
    assert "Joseph Otieno" in outside
    assert "Astrid Berg" not in outside


def test_the_list_says_what_the_count_says(ws: Workspace) -> None:
    ctx, ana = ws.context, ws.context.person("ana")
    counted = count(ctx, rule(ws))
    inside = addressees(ctx, rule(ws), ana, Wanted())
    outside = addressees(ctx, rule(ws), ana, Wanted(served=False))
    assert (len(inside), len(outside)) == (counted.recipients, counted.matched - counted.recipients)
    assert addressees(ctx, rule(ws), ana, Wanted(after=inside[0].id)) == inside[1:]
    assert addressees(ctx, rule(ws), ana, Wanted(language="fr")) == []


def test_addresses_are_masked_for_who_may_not_see_them(ws: Workspace) -> None:
    assert "astrid.berg@npf.example" in client(ws, "ana").get(f"{HERE}?run=1").text
    page = client(ws, "luc").get(f"{HERE}?run=1").text
    assert "astrid.berg@" not in page
    assert "a…@npf.example" in page


def test_those_for_whom_a_field_is_empty_are_named_and_listed(ws: Workspace) -> None:
    """Last: it changes the subject."""
    browser, ctx = client(ws, "ana"), ws.context
    campaign = ctx.folder / "campaigns/news/campaign.yaml"
    campaign.write_text(campaign.read_text().replace("subject: {en: 'News", "subject: {en: '{{ contact.title }} News"))
    page = browser.get(f"/issues/{ISSUE}/checks?run=1").text
    ids = {each.name: each.id for each in addressees(ctx, rule(ws), ctx.person("ana"), Wanted())}
    assert f'Empty for: <a href="/contacts/{ids["Astrid Berg"]}"><bdi>Astrid Berg</bdi></a>' in page
    assert f'href="/issues/{ISSUE}/content/subjects#f-subject-en"' in page
    assert f"{HERE}?run=1&amp;language=en&amp;empty=contact.title#list" in page
    listed = browser.get(f"{HERE}?run=1&language=en&empty=contact.title").text
    assert "Only those for whom “Form of address” is empty." in listed
    assert "Astrid Berg" in listed
    assert "Astrid Berg" not in browser.get(f"{HERE}?run=1&language=en&empty=contact.last_name").text
    assert "Astrid Berg" in browser.get(f"{HERE}?run=1&language=en&empty=contact.nothing").text
