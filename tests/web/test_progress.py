"""Progress and who got it, and: did we send it to X?"""

from __future__ import annotations

import email
from collections.abc import Iterator
from datetime import timedelta
from email import policy
from pathlib import Path

import pytest
from sqlalchemy import select, update

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.store import ledger, runs
from newsletter.store.engine import reading, writing
from newsletter.store.runs import RunRow
from newsletter.store.tables import contact, delivery, institution, run
from newsletter.workflow.people import lookup
from newsletter.workflow.results import progress, sent
from newsletter.workflow.scheduling.housekeeping import keep_house
from newsletter.workflow.sending.control import control
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.plan import plan_send
from tests.web.desk import client, post
from tests.workflow.office import ISSUE, approved, carry, lay, office

PAGE = f"/issues/{ISSUE}/progress"
TITLE = "News 2026-12"


@pytest.fixture
def ws(tmp_path: Path, clock: FixedClock) -> Iterator[Workspace]:
    with office(lay(tmp_path / "ws"), clock) as opened:
        approved(opened)
        yield opened


def the_run(ws: Workspace) -> RunRow:
    with reading(ws.context.engine) as connection:
        return runs.of_issue(connection, ws.issue(ISSUE).id)[-1]


def run_id(ws: Workspace) -> int:
    return the_run(ws).id


def mark(ws: Workspace, state: str, reason: str | None, number: int = 1) -> list[int]:
    """Some accepted deliveries, as if this had become of them."""
    with writing(ws.context.engine) as connection:
        some = connection.scalars(select(delivery.c.id).where(delivery.c.state == "accepted").limit(number)).all()
        connection.execute(update(delivery).where(delivery.c.id.in_(some)).values(state=state, reason=reason))
    return list(some)


def states(ws: Workspace, ids: list[int]) -> set[str]:
    with reading(ws.context.engine) as connection:
        return set(connection.scalars(select(delivery.c.state).where(delivery.c.id.in_(ids))))


def test_the_page_says_who_got_it_and_why_others_not(ws: Workspace) -> None:
    carry(ws)
    mark(ws, "rejected", "550 5.1.1 <somebody@example.org> user unknown")
    page = client(ws, "luc").get(PAGE).text
    assert "user unknown" in page
    assert "somebody@example.org" not in page
    assert "ask for another" in page
    assert "practice folder" in page


def test_before_anything_is_sent_the_page_says_so(ws: Workspace) -> None:
    assert "Nothing has been sent" in client(ws, "ana").get(PAGE).text


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("550 5.1.1 no such user", "dead"),
        ("452 4.2.2 mailbox full", "full"),
        ("550 5.7.1 blocked by policy", "mail domain"),
        ("552 too large", "smaller"),
        ("gave up after 12, last: 451 try later", "did not take it"),
        ("what is this", "server's words"),
    ],
)
def test_each_cause_says_what_to_do(reason: str, said: str) -> None:
    assert said in progress.advice("rejected", reason)


def test_replies_that_differ_by_address_or_number_are_one_cause() -> None:
    one = progress.same_reply("550 <a@b.example>: unknown (queue 4FzK2x1234567)")
    assert one == progress.same_reply("550 <other@b.example>: unknown (queue 9AbC3y7654321)")


def test_pages_of_the_record_hold_everybody_once(ws: Workspace) -> None:
    carry(ws)
    mark(ws, "rejected", "550 no")
    rows, after, seen = [], None, 0
    while True:
        page, after = progress.page(ws.context, run_id(ws), None, after=after, size=2)
        rows += page
        seen += 1
        if after is None:
            break
    with reading(ws.context.engine) as connection:
        every = set(connection.scalars(select(delivery.c.id)))
    assert seen > 1
    assert len(rows) == len(every)
    assert {row.id for row in rows} == every
    assert [row.state for row in rows] == sorted(row.state for row in rows)


def test_pause_resume_cancel_are_one_click_each(ws: Workspace) -> None:
    ctx = ws.context
    launch(ctx, plan_send(ctx, ws.issue(ISSUE), rehearse=True), ctx.person("luc"))
    luc, ana = client(ws, "luc"), client(ws, "ana")
    assert post(ana, f"{PAGE}/control", {"what": "pause"}).status_code == 303
    assert "Resume" in luc.get(PAGE).text
    assert post(ana, f"{PAGE}/control", {"what": "resume"}).status_code == 422  # an editor may pause, no more
    assert post(luc, f"{PAGE}/control", {"what": "resume"}).status_code == 303
    assert post(luc, f"{PAGE}/control", {"what": "cancel"}).status_code == 303
    with reading(ctx.engine) as connection:
        assert ledger.run_sums(connection, run_id(ws)).line.startswith("audience")
        assert set(connection.scalars(select(delivery.c.state))) == {"skipped"}


def test_a_page_shown_while_the_list_was_prepared_is_read_again_once_it_can_be_paused(ws: Workspace) -> None:
    ctx = ws.context
    launch(ctx, plan_send(ctx, ws.issue(ISSUE), rehearse=True), ctx.person("luc"))
    browser = client(ws, "luc")
    assert "state=sending" in browser.get(PAGE).text
    assert browser.get(f"{PAGE}/now", params={"run": 1, "state": "launching"}).headers["x-over"] == "1"
    assert "x-over" not in browser.get(f"{PAGE}/now", params={"run": 1, "state": "sending"}).headers


def test_what_reads_every_row_is_counted_once_for_some_seconds_and_says_of_when(
    ws: Workspace, clock: FixedClock
) -> None:
    carry(ws)
    browser, where = client(ws, "luc"), f"{PAGE}/breakdown"
    first = browser.get(where, params={"run": 1}).text
    assert "as of" in first
    mark(ws, "rejected", "550 no", 2)
    clock.advance(timedelta(seconds=5))
    assert browser.get(where, params={"run": 1}).text == first
    clock.advance(timedelta(seconds=6))
    assert browser.get(where, params={"run": 1}).text != first


def test_it_is_told_live_and_ends_when_the_send_has(ws: Workspace) -> None:
    carry(ws)
    browser = client(ws, "ana")
    text = browser.get(f"{PAGE}/events", params={"run": 1}).text
    assert "event: over" in text
    assert "<table" in text
    asked = browser.get(f"{PAGE}/now", params={"run": 1})
    assert asked.headers["x-over"] == "1"


def test_unconfirmed_ones_are_settled_by_who_may(ws: Workspace) -> None:
    carry(ws)
    [one] = mark(ws, "unconfirmed", None)
    data: dict[str, object] = {"run": 1, "decision": "accepted", "state": "unconfirmed", "delivery": one}
    assert post(client(ws, "ana"), f"{PAGE}/settle", data).status_code == 403
    page = client(ws, "luc").get(PAGE, params={"state": "unconfirmed"}).text
    assert "may arrive twice" in page
    assert post(client(ws, "luc"), f"{PAGE}/settle", {**data, "delivery": []}).status_code == 422
    assert post(client(ws, "luc"), f"{PAGE}/settle", data).status_code == 303
    assert states(ws, [one]) == {"accepted"}


def test_all_that_were_refused_are_tried_again_in_one_click(ws: Workspace) -> None:
    carry(ws)
    refused = mark(ws, "rejected", "550 no", 2)
    page = client(ws, "luc").get(PAGE, params={"state": "rejected"}).text
    assert "Try all 2 again" in page
    data: dict[str, object] = {"run": 1, "decision": "retry-all", "state": "rejected"}
    assert post(client(ws, "ana"), f"{PAGE}/settle", data).status_code == 403
    assert post(client(ws, "luc"), f"{PAGE}/settle", data).status_code == 303
    assert states(ws, refused) == {"pending"}


def test_cancelling_answers_at_once_and_housekeeping_leaves_out_the_rest(ws: Workspace) -> None:
    ctx = ws.context
    launch(ctx, plan_send(ctx, ws.issue(ISSUE), rehearse=True), ctx.person("luc"))
    said = control(ctx, ws.issue(ISSUE), "cancel", ctx.person("luc"), within=0)
    assert "pending 3" in said
    keep_house(ctx)
    with reading(ctx.engine) as connection:
        assert set(connection.scalars(select(delivery.c.state))) == {"skipped"}


def test_the_export_masks_addresses_for_who_may_not_see_them(ws: Workspace) -> None:
    carry(ws)
    with reading(ws.context.engine) as connection:
        address = connection.scalars(select(delivery.c.address).where(delivery.c.state == "accepted")).first()
    assert address is not None
    assert address in client(ws, "ana").get(f"{PAGE}/export.csv", params={"run": 1}).text
    masked = client(ws, "luc").get(f"{PAGE}/export.csv", params={"run": 1}).text
    assert address not in masked
    assert "…@" in masked


def test_institutions_that_nobody_reached_are_named_with_whom_to_try_next(ws: Workspace) -> None:
    carry(ws)
    with reading(ws.context.engine) as connection:
        some = connection.scalars(select(delivery.c.institution_id).where(delivery.c.state == "accepted")).first()
    with writing(ws.context.engine) as connection:
        connection.execute(
            update(delivery).where(delivery.c.institution_id == some).values(state="rejected", reason="550 no")
        )
        code = connection.execute(select(institution.c.code).where(institution.c.id == some)).scalar_one()
    [found] = progress.unreached(ws.context, ws.issue(ISSUE), the_run(ws))
    assert (found.institution, found.reason) == (code, "550 no")
    with writing(ws.context.engine) as connection:
        connection.execute(update(delivery).where(delivery.c.institution_id == some).values(state="accepted"))
    assert progress.unreached(ws.context, ws.issue(ISSUE), the_run(ws)) == []


# Did we send it to X?


def somebody(ws: Workspace) -> tuple[int, str, str, str]:
    """A delivery, its address, its contact's last name and their institution's domain."""
    with reading(ws.context.engine) as connection:
        row = connection.execute(
            select(delivery.c.id, delivery.c.address, contact.c.last_name, contact.c.domain)
            .join(contact, contact.c.id == delivery.c.contact_id)
            .where(delivery.c.state == "accepted")
        ).first()
    assert row is not None
    return row.id, row.address, row.last_name, row.domain


def test_it_is_found_by_address_domain_and_name(ws: Workspace) -> None:
    assert "nothing has been sent" in post(client(ws, "luc"), "/who", {"asked": somebody_known(ws)}).text
    carry(ws)
    id_, address, last, domain = somebody(ws)
    with writing(ws.context.engine) as connection:  # a real send, not a rehearsal
        connection.execute(update(run).values(rehearsal=False))
    for asked in (address, address.upper(), last, last[:3].lower(), domain, f"@{domain}"):
        answer = post(client(ws, "luc"), "/who", {"asked": asked})
        assert answer.status_code == 200
        assert f"/deliveries/{id_}" in answer.text or f"Yes: {TITLE}" in answer.text, asked
    exact = post(client(ws, "luc"), "/who", {"asked": address}).text
    assert f"Yes: {TITLE}" in exact
    assert "in English" in exact


def somebody_known(ws: Workspace) -> str:
    with reading(ws.context.engine) as connection:
        found = connection.scalars(select(contact.c.last_name).where(contact.c.last_name.is_not(None))).first()
    assert found is not None
    return str(found)


def test_who_is_unknown_and_what_is_no_address(ws: Workspace) -> None:
    luc = client(ws, "luc")
    for asked in ("nobody@nowhere.example", "a@@b", "%", "_", "x" * 5_000, "Quintessa"):
        answer = post(luc, "/who", {"asked": asked})
        assert answer.status_code == 200
        assert "no contact has this" in answer.text
    assert luc.get("/who").status_code == 200


def test_an_institution_by_a_part_of_its_name(ws: Workspace) -> None:
    carry(ws)
    with reading(ws.context.engine) as connection:
        name = connection.scalars(select(institution.c.name)).first()
    assert name is not None
    assert lookup.contacts(ws.context, name[2:12]) != []


def test_the_message_is_shown_as_it_was_sent_with_inert_links(ws: Workspace, tmp_path: Path) -> None:
    carry(ws)
    id_, address, *_ = somebody(ws)
    ana, luc = client(ws, "ana"), client(ws, "luc")
    [file] = [f for f in (tmp_path / "ws/outbox/new").iterdir() if address.encode() in f.read_bytes()][:1]
    exact = ana.get(f"/deliveries/{id_}/message.eml").content
    there = email.message_from_bytes(file.read_bytes(), policy=policy.default)
    again = email.message_from_bytes(exact, policy=policy.default)
    assert again["Message-ID"] == there["Message-ID"]
    assert again["List-Unsubscribe"] == there["List-Unsubscribe"]
    assert luc.get(f"/deliveries/{id_}/message.eml").status_code == 403
    frame = luc.get(f"/deliveries/{id_}/message")
    assert "sandbox" in frame.headers["content-security-policy"]
    real = str(there["List-Unsubscribe"]).split("/u/")[1].split(">")[0]
    assert real not in frame.text
    assert address not in frame.text
    page = luc.get(f"/deliveries/{id_}").text
    assert str(there["Subject"]) in page
    assert address not in page


def test_what_was_left_out_or_erased_has_no_message(ws: Workspace) -> None:
    carry(ws)
    [one] = mark(ws, "skipped", "left out")
    page = client(ws, "ana").get(f"/deliveries/{one}").text
    assert "No message was made" in page
    row = sent.row_of(ws.context, one, ws.context.person("ana"))
    assert row is not None
    with pytest.raises(sent.NoMessage):
        sent.sent(ws.context, row, ws.context.person("ana"))


def test_a_contacts_history(ws: Workspace) -> None:
    carry(ws)
    with reading(ws.context.engine) as connection:
        id_ = connection.scalars(select(delivery.c.contact_id).where(delivery.c.state == "accepted")).first()
    page = client(ws, "luc").get(f"/contacts/{id_}").text
    assert TITLE in page
    assert "subscribed since" in page
    assert "…@" in page
    assert client(ws, "luc").get("/contacts/999999").status_code == 404


@pytest.mark.parametrize(
    "asked",
    ["السيوفي", "منى عبد الرحيم السيوفي", "Diaye", "n'diaye", "Ekra", "nguyet thi"],
)
def test_names_are_found_however_they_are_typed(ws: Workspace, asked: str) -> None:
    now = ws.context.clock.now()
    names = [("منى", "عبد الرحيم السيوفي"), ("Awa", "N’Diaye"), ("Yao", "Ékra"), ("Thị Ánh", "Nguyệt")]
    with writing(ws.context.engine) as connection:
        for number, (first, last) in enumerate(names):
            row = {"code": f"x{number}", "first_name": first, "last_name": last, "fields": {}, "sources": {}}
            connection.execute(contact.insert().values(row | {"created_at": now, "updated_at": now}))
        ids = dict(connection.execute(select(contact.c.last_name, contact.c.id)).all())
    wanted = {"Diaye": "N’Diaye", "n'diaye": "N’Diaye", "Ekra": "Ékra", "nguyet thi": "Nguyệt"}
    assert lookup.contacts(ws.context, asked) == [ids[wanted.get(asked, "عبد الرحيم السيوفي")]]
