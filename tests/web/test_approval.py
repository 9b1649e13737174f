"""Approval in the studio: asked for, looked at, given or refused; bound to what was seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from html import escape
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.model.issue import IssueState
from newsletter.store.engine import reading
from newsletter.store.tables import service_message
from newsletter.workflow.approving.reviews import Line, changed
from tests.web.desk import client, csrf
from tests.workflow.office import ISSUE, lay, office

HERE = f"/issues/{ISSUE}/approval"


@pytest.fixture
def ws(tmp_path: Path, clock: FixedClock) -> Iterator[Workspace]:
    folder = lay(tmp_path / "ws")
    settings = folder / "newsletter.toml"
    settings.write_text(settings.read_text().replace('name = "Luc"\n', 'name = "Luc"\naddress = "luc@example.org"\n'))
    with office(folder, clock) as opened:
        yield opened


def post(ws: Workspace, who: str, step: str, **form: str) -> tuple[int, str]:
    """As a person who has the page open; `version` is the one that it shows."""
    browser = client(ws, who)
    page = browser.get(HERE).text
    shown = re.search(r'name="version" value="([0-9a-f]{64})"', page)
    data = {"csrf": csrf(page), "version": shown[1] if shown else "", **form}
    answer = browser.post(f"{HERE}/{step}", data=data)
    return answer.status_code, answer.text


def change(ws: Workspace, before: str, after: str) -> None:
    article = ws.context.folder / "campaigns/news/articles/counter.en.txt"
    article.write_text(article.read_text().replace(before, after))


def mails(ws: Workspace) -> list[tuple[str, str, str]]:
    with reading(ws.context.engine) as connection:
        sent = connection.execute(select(service_message.c.kind, service_message.c.state)).all()
    found = [message_from_bytes(path.read_bytes(), policy=default) for path in ws.context.folder.glob("outbox/new/*")]
    assert {state for _, state in sent} <= {"accepted"}
    assert len(found) == len(sent)
    bodies = [(each, each.get_body(("plain",))) for each in found]
    return [(str(each["To"]), str(each["Subject"]), body.get_content() if body else "") for each, body in bodies]


def test_from_the_request_to_the_approval(ws: Workspace) -> None:
    assert "Nothing has been put up" in client(ws, "luc").get(HERE).text
    assert post(ws, "ana", "request")[0] == 303
    assert ws.issue(ISSUE).state is IssueState.IN_REVIEW
    [(to, _, text)] = mails(ws)
    assert "luc@example.org" in to
    assert f"/issues/{ISSUE}/approval" in text
    luc = client(ws, "luc")
    assert "A counter opens" in luc.get(f"{HERE}/frame?language=en").text
    assert "sandbox" in luc.get(f"{HERE}/frame?language=en").headers["content-security-policy"]
    assert "3 contacts get it" in luc.get(f"{HERE}/who").text
    assert post(ws, "luc", "approve")[0] == 303
    assert ws.issue(ISSUE).state in (IssueState.APPROVED, IssueState.SCHEDULED)
    assert any("ana@example.org" in to and "Luc approved" in subject for to, subject, _ in mails(ws))
    assert "Approved by Luc" in luc.get(HERE).text


def test_nobody_approves_what_they_last_changed(ws: Workspace) -> None:
    assert post(ws, "luc", "request")[0] == 303
    page = client(ws, "luc").get(HERE).text
    assert "somebody else must approve it" in page
    assert "Approve all languages" not in page
    status, text = post(ws, "luc", "approve", version=ws.compose(ISSUE).composition.hash)
    assert (status, "must approve it" in text) == (422, True)
    assert ws.issue(ISSUE).state is IssueState.IN_REVIEW


def test_an_approval_of_what_is_no_longer_the_latest_is_refused(ws: Workspace) -> None:
    post(ws, "ana", "request")
    seen = ws.compose(ISSUE).composition.hash
    change(ws, "at eight", "at nine")
    post(ws, "ana", "request")
    status, text = post(ws, "luc", "approve", version=seen)
    assert (status, "newer version" in text) == (422, True)
    assert ws.issue(ISSUE).state is IssueState.IN_REVIEW


def test_changes_are_asked_for_with_words_that_reach_the_author(ws: Workspace) -> None:
    post(ws, "ana", "request")
    assert post(ws, "luc", "changes", text=" ")[0] == 422
    assert post(ws, "luc", "comment", text="Is it eight?", language="en", item="counter")[0] == 303
    assert "Is it eight?" in client(ws, "ana").get(HERE).text
    assert post(ws, "luc", "changes", text="The hour is wrong.")[0] == 303
    assert ws.issue(ISSUE).state is IssueState.DRAFT
    assert any("ana@example.org" in to and "The hour is wrong." in text for to, _, text in mails(ws))
    assert "The hour is wrong." in client(ws, "ana").get(HERE).text


def test_the_approver_sees_what_changed_since_the_last_approval(ws: Workspace) -> None:
    post(ws, "ana", "request")
    post(ws, "luc", "approve")
    change(ws, "at eight", "at nine")
    post(ws, "ana", "request")
    page = client(ws, "luc").get(HERE).text
    assert re.search(r"<del>[^<]*at eight", page)
    assert re.search(r"<ins>[^<]*at nine", page)


def test_a_request_with_errors_names_them_and_freezes_nothing(ws: Workspace) -> None:
    campaign = ws.context.folder / "campaigns/news/campaign.yaml"
    campaign.write_text(re.sub(r"(?m)^subject: .*$", 'subject: { en: "{{ contact.nothing }}" }', campaign.read_text()))
    status, text = post(ws, "ana", "request")
    assert (status, "contact.nothing" in text) == (422, True)
    assert ws.issue(ISSUE).state is IssueState.DRAFT
    assert mails(ws) == []


def test_lines_stand_beside_what_they_were() -> None:
    found = list(changed(["a", "b", "c"], ["a", "B", "b2", "c"]))
    assert found == [Line("b", "B"), Line(None, "b2")]
    assert list(changed(["a"], ["a"])) == []


def test_approving_all_languages_signs_off_each_that_still_lacks_it(ws: Workspace) -> None:
    campaign = ws.context.folder / "campaigns/news/campaign.yaml"
    campaign.write_text(campaign.read_text() + "sign_off: [en]\n")
    post(ws, "ana", "request")
    page = client(ws, "luc").get(HERE).text
    assert "Approve English" in page
    assert post(ws, "luc", "approve")[0] == 303
    assert ws.issue(ISSUE).state is IssueState.APPROVED
    assert "Approve English" not in client(ws, "luc").get(HERE).text


def test_what_was_accepted_stands_beside_the_reason(ws: Workspace) -> None:
    campaign = ws.context.folder / "campaigns/news/campaign.yaml"
    campaign.write_text(campaign.read_text().replace("What is new at our association", "News " * 60))
    browser = client(ws, "ana")
    page = browser.get(f"/issues/{ISSUE}/checks?run=1").text
    found = re.search(r'name="finding" value="([0-9a-f]{64})"', page)
    assert found is not None
    data = {"csrf": csrf(page), "finding": found[1], "reason": "We know, and mean it."}
    assert browser.post(f"/issues/{ISSUE}/checks/accept", data=data).status_code == 303
    warned = [each.what for each in ws.compose(ISSUE).check() if not each.error]
    post(ws, "ana", "request")
    shown = client(ws, "luc").get(HERE).text
    assert "We know, and mean it." in shown
    assert any(escape(what, quote=False) in shown for what in warned)


def test_the_frozen_version_is_seen_as_a_contact_on_a_phone_in_the_dark(ws: Workspace) -> None:
    campaign = ws.context.folder / "campaigns/news/campaign.yaml"
    news = "What is new at our association"
    campaign.write_text(campaign.read_text().replace(news, "For {{ contact.first_name | default('all') }}: news of us"))
    post(ws, "ana", "request")
    luc = client(ws, "luc")
    found = luc.post(f"{HERE}/find?width=phone&scheme=dark", data={"csrf": csrf(luc.get(HERE).text), "who": "astrid b"})
    picked = re.search(r'href="([^"]*\bas=\d+[^"]*)#out"', found.text)
    assert picked is not None
    page = luc.get(picked[1].replace("&amp;", "&")).text
    assert "Astrid Berg" in page
    assert "stage short phone" in page
    frame = re.search(r'<iframe class="message dark" src="([^"]+)"', page)
    assert frame is not None
    assert "For Astrid" in luc.get(frame[1].replace("&amp;", "&")).text
    assert "Astrid" not in luc.get(f"{HERE}/frame?language=en").text
    assert "no such contact" in luc.get(f"{HERE}?as=999999").text
    assert luc.get(f"{HERE}/frame?language=en&as=999999").status_code == 422
