"""The preview: as anybody, in a frame that nothing leaves, and one click from a test in one's own mailbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select
from typer.testing import CliRunner

from newsletter.app import Workspace
from newsletter.cli.program import app
from newsletter.clock import FixedClock
from newsletter.store.engine import reading
from newsletter.store.tables import contact, service_message
from tests.servers import free_port
from tests.web.desk import client, csrf
from tests.workflow.office import ISSUE, add_contacts, lay, office

HERE = f"/issues/{ISSUE}/preview"


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """One for all: only the last test spoils it."""
    clock = FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    folder = lay(tmp_path_factory.mktemp("preview") / "ws")
    campaign = folder / "campaigns/news/campaign.yaml"
    news = "What is new at our association"
    campaign.write_text(campaign.read_text().replace(news, "For {{ contact.first_name | default('all') }}: news of us"))
    Image.new("RGB", (280, 80), "navy").save(folder / "logo.png")
    settings = folder / "newsletter.toml"
    settings.write_text(settings.read_text().replace("[association]\n", '[association]\nlogo = "logo.png"\n'))
    with office(folder, clock) as opened:
        yield opened


def id_of(ws: Workspace, last_name: str) -> int:
    with reading(ws.context.engine) as connection:
        return int(connection.execute(select(contact.c.id).where(contact.c.last_name == last_name)).scalar_one())


def test_the_message_stands_in_a_frame_of_its_own(ws: Workspace) -> None:
    browser = client(ws, "ana")
    page = browser.get(HERE)
    assert page.status_code == 200
    framed = re.search(r'<iframe[^>]+src="([^"]+)"[^>]* sandbox ', page.text)
    assert framed is not None
    message = browser.get(framed[1].replace("&amp;", "&"))
    assert "A counter opens" in message.text
    policy = message.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "script-src" not in policy
    assert policy.endswith("sandbox")


def test_an_open_page_is_told_when_a_file_has_changed(ws: Workspace) -> None:
    browser = client(ws, "ana")

    def stamp() -> str:
        return str(browser.get(f"{HERE}/stamp").text)

    before = stamp()
    assert f'data-stamp="{before}"' in browser.get(HERE).text
    assert stamp() == before
    article = ws.context.folder / "campaigns/news/articles/counter.en.txt"
    article.write_text(article.read_text().replace("at eight.", "at half past eight."))
    assert stamp() != before
    assert "half past eight" in browser.get(f"{HERE}?part=text&language=en").text


def test_without_pictures_none_is_loaded(ws: Workspace) -> None:
    answer = client(ws, "ana").get(f"{HERE}/frame?pictures=off")
    assert "img-src 'none'" in answer.headers["content-security-policy"]


def test_pictures_that_are_not_frozen_are_served(ws: Workspace) -> None:
    browser = client(ws, "ana")
    found = re.findall(r"/preview/assets/[0-9a-f]{64}\.(?:png|jpg)", browser.get(f"{HERE}/frame").text)
    assert browser.get(found[0]).headers["content-type"].startswith("image/")
    assert browser.get(f"/preview/assets/{'0' * 64}.png").status_code == 404


def test_a_contact_is_found_by_name_institution_or_address_and_no_address_stands_in_a_url(ws: Workspace) -> None:
    browser = client(ws, "ana")
    token, astrid = csrf(browser.get(HERE).text), id_of(ws, "Berg")
    for asked in ("astrid b", "northland", "ASTRID.berg@npf.example"):
        answer = browser.post(f"{HERE}/find", data={"csrf": token, "who": asked})
        assert f"as={astrid}" in answer.text, asked
        assert "@" not in "".join(re.findall(r'(?:href|action|src)="([^"]*)"', answer.text))
    assert "Nobody is found" in browser.post(f"{HERE}/find", data={"csrf": token, "who": "zz"}).text


def test_it_is_shown_as_the_chosen_contact_with_the_next_one_beside(ws: Workspace) -> None:
    browser, astrid = client(ws, "ana"), id_of(ws, "Berg")
    page = browser.get(f"{HERE}?as={astrid}").text
    assert "Astrid Berg" in page
    assert 'rel="next"' in page or 'rel="prev"' in page
    assert "Astrid" in browser.get(f"{HERE}/frame?as={astrid}").text
    assert "Astrid" not in browser.get(f"{HERE}/frame").text


def test_addresses_are_for_those_who_may_see_them(ws: Workspace) -> None:
    astrid = id_of(ws, "Berg")
    assert "astrid.berg@npf.example" in client(ws, "ana").get(f"{HERE}?as={astrid}").text
    luc = client(ws, "luc")
    assert "astrid.berg@" not in luc.get(f"{HERE}?as={astrid}").text
    assert "astrid.berg@" not in luc.get(f"{HERE}/source?of=wire&as={astrid}").text


def test_the_hard_cases_are_real_contacts(ws: Workspace, tmp_path: Path) -> None:
    add_contacts(tmp_path, ws, "new@npf.example")
    browser = client(ws, "ana")
    assert "Joseph Otieno" in browser.get(f"{HERE}?as=longest").text
    for case in ("emptiest", "largest"):
        assert 'rel="' in browser.get(f"{HERE}?as={case}").text
    assert "no such contact" in browser.get(f"{HERE}?as=999999").text
    assert "no such contact" in browser.get(f"{HERE}?as=nonsense").text


def test_a_test_goes_to_oneself_as_this_contact(ws: Workspace) -> None:
    browser, astrid = client(ws, "ana"), id_of(ws, "Berg")
    token = csrf(browser.get(HERE).text)
    answer = browser.post(f"{HERE}/test?as={astrid}", data={"csrf": token})
    assert answer.status_code == 303
    with reading(ws.context.engine) as connection:
        assert connection.execute(select(service_message.c.address)).scalars().all() == ["ana@example.org"]
    [file] = (ws.context.folder / "outbox/new").glob("*.eml")
    assert b"Astrid" in file.read_bytes()


def test_who_reads_only_sends_no_test(ws: Workspace) -> None:
    from newsletter.store import people
    from newsletter.store.engine import writing

    with writing(ws.context.engine) as connection:
        people.change(connection, ws.context.person("luc").id, roles=["reader"])
    browser = client(ws, "luc")
    page = browser.get(HERE)
    assert "Send test" not in page.text
    assert browser.post(f"{HERE}/test", data={"csrf": csrf(page.text)}).status_code == 403


def test_a_mistake_is_named_with_its_place_above_what_was_shown_last(ws: Workspace) -> None:
    browser = client(ws, "ana")
    assert browser.get(HERE).status_code == 200
    template = next((ws.context.folder / "templates").glob("*.mjml"))
    for each in (ws.context.folder / "templates").glob("*.mjml"):
        each.write_text(each.read_text() + "\n{{ contact.nothing_of_the_kind }}")
    page = browser.get(HERE).text
    assert re.search(rf"templates/{template.stem}\.mjml:\d+", page) or "templates/" in page
    assert "last=1" in page
    assert "A counter opens" in browser.get(f"{HERE}/frame?last=1&language=en").text
    assert browser.get(f"{HERE}/frame").status_code == 422


@pytest.mark.parametrize("way", ["studio", "command"])
def test_a_test_that_does_not_go_out_says_so_and_its_words_stand_in_no_address(
    tmp_path: Path, clock: FixedClock, way: str
) -> None:
    server = f'\n[transports.smtp]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {free_port()}\ntls = "none"\n'
    with office(lay(tmp_path / "ws", top='send_with = ["smtp"]', tables=server), clock) as ws:
        if way == "studio":
            browser = client(ws, "ana")
            answer = browser.post(f"{HERE}/test", data={"csrf": csrf(browser.get(HERE).text)})
            assert answer.status_code == 422
            assert "did not go out" in answer.text
        else:
            ends = CliRunner().invoke(
                app, ["send", ISSUE, "--test", "ana@example.org", "--workspace", str(tmp_path / "ws")]
            )
            assert ends.exit_code == 1
        with reading(ws.context.engine) as connection:
            assert connection.execute(select(service_message.c.state)).scalars().all() == ["rejected"]
