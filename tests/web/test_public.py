"""Recipients' pages: what they show, what they change, and what they never do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from newsletter.app import Workspace
from newsletter.audience import consent
from newsletter.clock import FixedClock
from newsletter.store.engine import reading, writing
from newsletter.store.tables import contact, delivery, link
from newsletter.tokens import INERT_ID, Purpose
from tests.web.desk import client
from tests.workflow.office import approved, carry, lay, office


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """An issue in the outbox, once for all tests here: each takes a delivery of its own."""
    from datetime import UTC, datetime

    clock = FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    with office(lay(tmp_path_factory.mktemp("public") / "ws"), clock) as ws:
        approved(ws)
        carry(ws)
        yield ws


@pytest.fixture
def browser(sent: Workspace) -> TestClient:
    return client(sent, only="public")


def deliveries(ws: Workspace) -> list[tuple[int, int]]:
    with reading(ws.context.engine) as connection:
        wanted = select(delivery.c.id, delivery.c.contact_id).where(delivery.c.state == "accepted")
        return [(row.id, row.contact_id) for row in connection.execute(wanted.order_by(delivery.c.id))]


def address(ws: Workspace, purpose: Purpose, id_: int) -> str:
    return f"/{'u' if purpose is Purpose.UNSUBSCRIBE else 'p'}/{ws.context.secrets.key_ring.sign(purpose, id_)}"


def states(ws: Workspace, contact_id: int) -> dict[str, str]:
    with reading(ws.context.engine) as connection:
        return {name: state.value for name, state in consent.states(connection, contact_id).items()}


def test_a_mail_program_unsubscribes_in_one_post_without_redirect(sent: Workspace, browser: TestClient) -> None:
    id_, contact_id = deliveries(sent)[0]
    answer = browser.post(address(sent, Purpose.UNSUBSCRIBE, id_), data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert states(sent, contact_id)["news"] == "ended"
    assert "set-cookie" not in answer.headers


def test_opening_the_page_changes_nothing_and_the_buttons_do(sent: Workspace, browser: TestClient) -> None:
    id_, contact_id = deliveries(sent)[1]
    page = address(sent, Purpose.UNSUBSCRIBE, id_)
    shown = browser.get(page)
    assert shown.status_code == 200
    assert "…@" in shown.text
    with reading(sent.context.engine) as connection:
        full = connection.execute(select(contact.c.address).where(contact.c.id == contact_id)).scalar_one()
    assert full not in shown.text
    assert states(sent, contact_id)["news"] == "active"
    browser.post(page, data={"step": "forwarded"})
    assert states(sent, contact_id)["news"] == "active"
    browser.post(page, data={"step": "end"})
    assert states(sent, contact_id)["news"] == "ended"
    browser.post(page, data={"step": "undo"})
    assert states(sent, contact_id)["news"] == "active"


def test_preferences_hold_publications_and_language(sent: Workspace, browser: TestClient) -> None:
    id_, contact_id = deliveries(sent)[2]
    page = address(sent, Purpose.PREFERENCES, id_)
    assert browser.post(page, data={"language": "en"}).status_code == 200
    assert states(sent, contact_id)["news"] == "ended"
    browser.post(page, data={"publication": "news", "language": "en"})
    assert states(sent, contact_id)["news"] == "active"
    browser.post(page, data={"none": "1", "publication": "news"})
    assert states(sent, contact_id)["news"] == "ended"


def test_a_token_of_another_purpose_or_of_nobody_gets_the_neutral_page(sent: Workspace, browser: TestClient) -> None:
    id_, _ = deliveries(sent)[0]
    token = sent.context.secrets.key_ring.sign(Purpose.PREFERENCES, id_)
    for path in (f"/u/{token}", "/u/AAAA", "/p/%00", "/u/" + "x" * 500, "/i/news/2026-12/xx", "/l/1/999", "/a/x.png"):
        answer = browser.get(path)
        assert answer.status_code == 404, path
        assert "@" not in answer.text
    unknown = sent.context.secrets.key_ring.sign(Purpose.UNSUBSCRIBE, 2**40)
    assert browser.post(f"/u/{unknown}", data={"List-Unsubscribe": "One-Click"}).status_code == 404


def test_pages_of_previews_change_nothing(sent: Workspace, browser: TestClient) -> None:
    page = address(sent, Purpose.UNSUBSCRIBE, INERT_ID)
    assert "changes nothing" in browser.get(page).text
    assert browser.post(page, data={"List-Unsubscribe": "One-Click"}).status_code == 200


def test_the_web_version_belongs_to_nobody(sent: Workspace, browser: TestClient) -> None:
    answer = browser.get("/i/news/2026-12/en")
    assert answer.status_code == 200
    assert "A counter opens" in answer.text
    with reading(sent.context.engine) as connection:
        names = connection.scalars(select(contact.c.last_name).where(contact.c.last_name.is_not(None))).all()
    assert not [name for name in names if name in answer.text]
    assert "/u/" not in answer.text
    assert "'unsafe-inline'" in answer.headers["content-security-policy"]
    assert "script" not in answer.headers["content-security-policy"]


def test_an_article_without_a_link_has_a_reading_page(sent: Workspace, browser: TestClient) -> None:
    answer = browser.get("/i/news/2026-12/en/counter")
    assert answer.status_code == 200
    assert "It stands in the main street." in answer.text
    assert browser.get("/i/news/2026-12/en/nothing").status_code == 404


def test_a_link_is_followed_counted_and_can_be_mended(sent: Workspace, browser: TestClient) -> None:
    with writing(sent.context.engine) as connection:
        values = {"issue_id": 1, "number": 77, "target": "https://one.example/"}
        connection.execute(link.insert().values(values))
    answer = browser.get("/l/1/77")
    assert (answer.status_code, answer.headers["location"]) == (302, "https://one.example/")
    browser.head("/l/1/77")
    with writing(sent.context.engine) as connection:
        row = connection.execute(select(link.c.followed).where(link.c.number == 77)).one()
        assert row.followed == 1
        connection.execute(link.update().where(link.c.number == 77).values(target="https://two.example/"))
    assert browser.get("/l/1/77").headers["location"] == "https://two.example/"


def test_the_public_part_alone_has_no_studio(sent: Workspace, browser: TestClient) -> None:
    assert browser.get("/sign-in").status_code == 404
    assert client(sent, only="studio").get(address(sent, Purpose.UNSUBSCRIBE, 1)).status_code == 404


MERGED = """---
key: greeting
title: "A word for {{ contact.first_name | default('all of you') }}"
summary: What stands <here> & there
---
Dear {{ contact.first_name | default("reader") }}, this is **new**. <!--end--> <!--body--> [More](https://one.example/more)
"""


def test_a_reading_page_says_what_was_approved_whatever_the_files_say_since(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    article = folder / "campaigns/news/articles/greeting.en.md"
    article.write_text(MERGED)
    with office(folder, clock) as ws:
        approved(ws)
        carry(ws)
        before = ws.compose("news/2026-12").composition.hash
        browser = client(ws, only="public")
        page = browser.get("/i/news/2026-12/en/greeting").text
        assert "A word for all of you" in page
        assert "Dear reader, this is <strong>new</strong>." in page
        assert "What stands &lt;here&gt; &amp; there" in page
        article.write_text(MERGED.replace("**new**", "changed"))
        assert browser.get("/i/news/2026-12/en/greeting").text == page
        assert ws.compose("news/2026-12").composition.hash != before  # so an approval does not cover it


EVENT = """---
title: A workshop
event:
  {start: 2026-12-08T09:00, end: 2026-12-08T17:00, zone: Africa/Abidjan, place: Abidjan, deadline: 2026-12-01,
  registration: https://one.example/r}
---
Come.
"""


def test_the_page_of_an_event_says_when_where_and_how_to_join(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    (folder / "campaigns/news/articles/workshop.en.md").write_text(EVENT)
    with office(folder, clock) as ws:
        approved(ws)
        carry(ws)
        page = client(ws, only="public").get("/i/news/2026-12/en/workshop").text
    assert "Tuesday 8 December 2026, 09:00 – 17:00 (Africa/Abidjan)" in page
    assert "Abidjan</dd>" in page
    assert "1 December 2026" in page
    assert '<a href="https://one.example/r">' in page
