"""What staff do, each ending in the message as it arrived."""

from __future__ import annotations

import email
import email.policy
import re
import time
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from newsletter.workflow.approving.approve import approve
from newsletter.workflow.approving.freeze import submit
from tests.browser import Served
from tests.e2e.conftest import sign_in
from tests.workflow.office import add_contacts

pytestmark = pytest.mark.browser

KEY = "2027-01"
ISSUE = f"/issues/news/{KEY}"


def arrived(folder: Path, number: int, *, test: bool = True) -> list[EmailMessage]:
    """The tests, or the issue's own messages, in the practice folder, once so many are there; no mail to staff."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        files = sorted(folder.glob("outbox/new/*.eml"))
        read = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        found = [each for each in read if each["List-ID"] and str(each["Subject"]).startswith("[Test]") == test]
        if len(found) >= number:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{number} messages did not arrive")


def mailed(folder: Path, address: str) -> list[EmailMessage]:
    """Mail to a colleague, in the practice folder, once it is there."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        files = sorted(folder.glob("outbox/new/*.eml"))
        read = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        if found := [each for each in read if address in str(each["To"]) and not each["List-ID"]]:
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing came for {address}")


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def frozen(served: Served, key: str) -> None:
    """An issue that Ana gathered and Luc approved."""
    ctx = served.ws.context
    served.ws.gather("news", key=key, person="ana")
    submit(ctx, served.ws.issue(f"news/{key}"), ctx.person("ana"))
    approve(ctx, served.ws.issue(f"news/{key}"), ctx.person("luc"))


COUNTING = """addEventListener("click", (event) => {
  if (event.isTrusted) sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1;
}, true);"""


def test_from_nothing_to_a_test_message_in_six_clicks(page: Page, served: Served) -> None:
    """A newcomer signs in, and follows what stands there: name, sender and audience are given, nobody is reached."""
    page.add_init_script(COUNTING)
    began = time.monotonic()
    page.goto(f"{served.url}/")
    page.get_by_role("button", name="Sign in as Ana").click()
    page.locator(".primary", has_text="New:").click()  # the one filled button
    page.get_by_role("link", name="Preview").first.click()
    expect(page.frame_locator("iframe").first.get_by_text("A counter opens").first).to_be_visible()
    page.locator(".primary", has_text="Send test to me").click()
    expect(page.get_by_role("status").first).to_have_text("The test went to you, into the practice folder.")
    [message] = arrived(served.ws.context.folder, 1)
    assert page.evaluate("Number(sessionStorage.clicks)") <= 6
    assert time.monotonic() - began < 120
    assert str(message["Subject"]).startswith("[Test]")
    assert "It opens at eight." in text_of(message)
    assert "ana@example.org" in str(message["To"])


def test_from_a_draft_to_the_practice_folder_by_two_people(page: Page, served: Served, chromium: Browser) -> None:
    served.ws.gather("news", key=KEY, person="ana")
    sign_in(page, served, "Ana")
    page.goto(served.url + ISSUE)
    page.get_by_role("link", name="Approval").click()
    page.get_by_role("button", name="Request approval").click()

    context = chromium.new_context(locale="en-GB")
    luc = context.new_page()
    sign_in(luc, served, "Luc")
    luc.get_by_role("link", name=re.compile(KEY)).first.click()
    luc.get_by_role("button", name="Approve all languages").click()
    expect(luc.get_by_text("Approved").first).to_be_visible()
    luc.goto(f"{served.url}{ISSUE}/schedule")
    luc.get_by_role("button", name=re.compile("Rehears")).click()
    luc.wait_for_url(f"{served.url}{ISSUE}/progress*")
    messages = arrived(served.ws.context.folder, 3, test=False)
    assert all("It opens at eight." in text_of(each) for each in messages)
    luc.goto(f"{served.url}{ISSUE}/progress")
    expect(luc.locator("#who").get_by_text("put into the practice folder").first).to_be_visible()
    expect(luc.get_by_text("handed to the mail server")).to_have_count(0)
    context.close()


def test_a_title_is_mended_in_the_browser_and_arrives_so(page: Page, served: Served) -> None:
    served.ws.gather("news", key=KEY, person="ana")
    sign_in(page, served, "Ana")
    page.goto(f"{served.url}{ISSUE}/content")
    page.get_by_role("link", name=re.compile("A counter opens")).first.click()
    page.get_by_label(re.compile("^Title")).first.fill("A counter opens early")
    page.get_by_role("button", name=re.compile("^Save")).first.click()
    page.goto(f"{served.url}{ISSUE}/preview")
    page.get_by_role("button", name="Send test to me").click()
    [message] = arrived(served.ws.context.folder, 1)
    assert "A counter opens early" in text_of(message)


def link_in(message: EmailMessage) -> str:
    [address] = re.findall(r"https?://\S+", text_of(message))
    return str(address)


ADDRESSED = """
[people.eve]
name = "Eve"
address = "eve@example.org"
roles = ["approver"]
"""


@pytest.mark.parametrize("served", [pytest.param(ADDRESSED, id="addressed")], indirect=True)
def test_an_approver_comes_by_the_link_that_was_mailed(page: Page, served: Served) -> None:
    """Signed out: the sign-in stands between, and leads to the very page; the author is told what was decided."""
    ws = served.ws
    ws.gather("news", key=KEY, person="ana")
    sign_in(page, served, "Ana")
    page.goto(f"{served.url}{ISSUE}/approval")
    page.get_by_role("button", name="Request approval").click()
    expect(page.get_by_text("Version 1 waits for approval")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")

    [asked] = mailed(ws.context.folder, "eve@example.org")
    assert "Ana asks for approval" in text_of(asked)
    page.goto(link_in(asked))
    page.get_by_role("button", name="Sign in as Eve").click()
    assert page.url == link_in(asked)
    page.get_by_role("button", name="Approve all languages").click()
    expect(page.get_by_text("Approved by Eve")).to_be_visible()
    [told] = mailed(ws.context.folder, "ana@example.org")
    assert "Eve approved it" in text_of(told)


SLOW = "\n[transports.outbox.limits]\nper_second = 1\n"


@pytest.mark.parametrize("served", [pytest.param(SLOW, id="slow")], indirect=True)
def test_a_send_is_paused_by_one_click_and_goes_on_where_it_was(page: Page, served: Served) -> None:
    """Slowed down by its limits to a message a second; the numbers move under the reader's eyes."""
    ws = served.ws
    add_contacts(ws.context.folder, ws, "dora@npf.example")
    frozen(served, KEY)
    sign_in(page, served, "Luc")
    page.goto(f"{served.url}{ISSUE}/schedule")
    page.get_by_role("button", name="Rehearse").click()
    told = page.locator(".figures strong")
    expect(told).to_have_text(re.compile("^[1-3] of 4 contacts"))
    page.get_by_role("button", name="Pause").click()

    expect(page.get_by_text("paused by Luc")).to_be_visible()
    gone = int(told.inner_text()[0])
    assert 1 <= gone <= 3
    for state, number in (("put into the practice folder", gone), ("waiting", 4 - gone)):
        expect(page.get_by_role("row", name=re.compile(rf"{state} {number} "))).to_be_visible()

    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.evaluate("window.untouched = true")
    expect(told).not_to_have_text(re.compile(f"^{gone} of"))
    assert page.evaluate("window.untouched")
    expect(page.get_by_role("heading", name="4 messages lie in the practice folder")).to_be_visible()
    messages = arrived(ws.context.folder, 4, test=False)
    assert len(messages) == len({each["To"] for each in messages}) == 4


def test_a_typo_mended_after_approval_needs_another_look(page: Page, served: Served, chromium: Browser) -> None:
    """The approval is void, the approver sees the words that differ, and approves again."""
    frozen(served, KEY)
    sign_in(page, served, "Ana")
    page.goto(f"{served.url}{ISSUE}/content")
    page.get_by_role("link", name=re.compile("A counter opens")).first.click()
    page.get_by_label(re.compile("^Title")).first.fill("A counter opens early")
    page.get_by_role("button", name=re.compile("^Save")).first.click()
    page.goto(f"{served.url}{ISSUE}/schedule")
    expect(page.get_by_text("It can be sent once it is approved.")).to_be_visible()
    page.goto(f"{served.url}{ISSUE}/approval")
    page.get_by_role("button", name="Request approval again").click()

    context = chromium.new_context(locale="en-GB")
    luc = context.new_page()
    sign_in(luc, served, "Luc")
    luc.goto(f"{served.url}{ISSUE}/approval")
    expect(luc.locator("ins", has_text="early").first).to_be_visible()
    luc.get_by_role("button", name="Approve all languages").click()
    expect(luc.get_by_text("Approved by Luc")).to_be_visible()
    context.close()
