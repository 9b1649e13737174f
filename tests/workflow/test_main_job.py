"""From an article in a file to messages, by the steps that the command line and scripts call."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

import newsletter as nl
from newsletter.clock import FixedClock
from newsletter.errors import ProblemsFound, UsageError
from newsletter.model.approval import NotApproved, OwnChange
from newsletter.model.issue import IssueState
from newsletter.model.permission import NotAllowed
from newsletter.workflow.approving.approve import approve, ask_for_changes
from newsletter.workflow.approving.freeze import ChecksFailed, submit
from newsletter.workflow.people.contacts import suppress
from newsletter.workflow.results.status import status_of
from newsletter.workflow.sending.plan import plan_send
from newsletter.workflow.sending.testing import send_tests
from tests.workflow.office import ISSUE, approved, carry, lay, office


def outbox(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((folder / "outbox/new").glob("*.eml"))]


def test_one_article_becomes_one_correct_message_per_contact(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    with office(folder, clock) as ws:
        approved(ws)
        line = carry(ws)
    assert line == "audience 3 = pending 0 + sending 0 + accepted 3 + rejected 0 + unconfirmed 0 + skipped 0"
    messages = [message_from_bytes(each, policy=default) for each in outbox(folder)]
    to = sorted(message["To"].addresses[0].addr_spec for message in messages)
    assert to == ["astrid.berg@npf.example", "info@npf.example", "joseph.otieno@shi.example"]
    astrid = next(message for message in messages if "astrid" in str(message["To"]))
    assert str(astrid["To"]) == "Astrid Berg <astrid.berg@npf.example>"
    assert str(astrid["Subject"]) == "News, December 2026"
    for kind in ("plain", "html"):
        body = astrid.get_body((kind,))
        assert body is not None
        assert "A counter opens" in body.get_content()
        assert "It opens at eight." in body.get_content()


def test_a_rehearsal_is_done_once_and_uses_up_nothing(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    with office(folder, clock) as ws:
        approved(ws)
        carry(ws)
        plan = plan_send(ws.context, ws.issue(ISSUE), rehearse=True)
        assert plan.complete is not None
        assert ws.issue(ISSUE).state is IssueState.APPROVED
        [run] = status_of(ws.context, ws.issue(ISSUE)).runs
        assert (run.rehearsal, run.balanced, run.audience) == (True, True, 3)


def test_the_same_content_is_frozen_once_and_a_change_voids_the_approval(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    with office(folder, clock) as ws:
        ctx, ana = ws.context, ws.context.person("ana")
        first = submit(ctx, ws.issue(ISSUE), ana)
        again = submit(ctx, ws.issue(ISSUE), ana)
        assert (again.new, again.edition.hash) == (False, first.edition.hash)
        approve(ctx, ws.issue(ISSUE), ctx.person("luc"))
        (folder / "campaigns/news/articles/counter.en.txt").write_text("A counter shuts\n\nAt nine.\n\nFor good.")
        changed = submit(ctx, ws.issue(ISSUE), ana)
        assert changed.edition.number == 2
        assert changed.edition.hash != first.edition.hash
        with pytest.raises(NotApproved, match=r"Edition 2 .* lacks an approval"):
            plan_send(ctx, ws.issue(ISSUE), rehearse=True)


def test_who_changed_it_last_does_not_approve_it(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws", tables='\n[people.eva]\nname = "Eva"\nroles = ["author", "approver"]\n')
    with office(folder, clock) as ws:
        eva = ws.context.person("eva")
        submit(ws.context, ws.issue(ISSUE), eva)
        with pytest.raises(OwnChange):
            approve(ws.context, ws.issue(ISSUE), eva)
        with pytest.raises(NotAllowed, match="takes the role admin or approver"):
            approve(ws.context, ws.issue(ISSUE), ws.context.person("ana"))
        ask_for_changes(ws.context, ws.issue(ISSUE), ws.context.person("luc"), "The hour is wrong.")
        assert (ws.issue(ISSUE).state, ws.issue(ISSUE).note) == (IssueState.DRAFT, "The hour is wrong.")


def test_a_sign_off_per_language_is_needed_where_the_campaign_says_so(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    campaign = folder / "campaigns/news/campaign.yaml"
    campaign.write_text(campaign.read_text() + "\nsign_off: [en]\n")
    with office(folder, clock) as ws:
        ctx, luc = ws.context, ws.context.person("luc")
        submit(ctx, ws.issue(ISSUE), ctx.person("ana"))
        assert approve(ctx, ws.issue(ISSUE), luc).missing == ("a sign-off of en",)
        assert approve(ctx, ws.issue(ISSUE), luc, language="en").missing == ()
        assert ws.issue(ISSUE).state is IssueState.APPROVED


def test_without_a_mail_server_a_real_send_says_what_to_set_up(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        approved(ws)
        with pytest.raises(UsageError, match="send_with"):
            plan_send(ws.context, ws.issue(ISSUE))


def test_a_suppressed_contact_is_left_out_with_the_reason(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        suppress(ws.context, "INFO@npf.example", "news", ws.context.person("ana"), lift=False)
        approved(ws)
        assert carry(ws).endswith("accepted 2 + rejected 0 + unconfirmed 0 + skipped 1")
        [skipped] = ws.deliveries(ISSUE, state="skipped")
        assert skipped.role == "general mailbox"
        assert "do-not-mail" in str(skipped.reason)


def test_tests_go_to_staff_only_marked_and_outside_all_sums(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    with office(folder, clock) as ws:
        composition = ws.compose(ISSUE).composition
        ana = ws.context.person("ana")
        with pytest.raises(UsageError, match="test_addresses"):
            send_tests(ws.context, composition, ["astrid.berg@npf.example"], ana)
        assert [str(each) for each in send_tests(ws.context, composition, ["ana@example.org"], ana)] == ["en: accepted"]
        assert not status_of(ws.context, ws.issue(ISSUE)).runs
    [message] = [message_from_bytes(each, policy=default) for each in outbox(folder)]
    assert str(message["Subject"]).startswith("[Test] News")
    assert message["List-Unsubscribe"] is None


def test_the_python_interface_of_the_readme(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    with office(folder, clock):
        pass
    with nl.open(folder) as ws:
        issue = ws.gather("news", key="2026-12")
        edition = ws.compose(issue)
        message = edition.message("en", recipient="astrid.berg@npf.example")
        assert message.subject == "News, December 2026"
        assert "A counter opens" in message.html
        assert "A counter opens" in message.text
        assert message.as_bytes().startswith(b"From: Our Association")
        assert ws.audience('institution.region == "Africa"').count() == 1
        assert list(ws.deliveries("news/2026-12", state="unconfirmed")) == []
        with pytest.raises(UsageError, match="it has en"):
            edition.message("fr")


def test_a_mistake_in_a_template_names_its_file_and_line(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    template = folder / "templates/digest.txt"
    lines = template.read_text().splitlines()
    template.write_text("\n".join([*lines, "{{ contact.frist_name }}"]))
    with office(folder, clock) as ws, pytest.raises(ProblemsFound) as found:
        ws.compose(ISSUE)
    assert f"templates/digest.txt:{len(lines) + 1}" in str(found.value)
    assert "contact.first_name" in str(found.value)


def test_an_error_of_the_checks_keeps_an_issue_from_approval(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    settings = folder / "newsletter.toml"
    lines = [line for line in settings.read_text().splitlines() if not line.startswith("postal_address")]
    settings.write_text("\n".join(lines))
    with office(folder, clock) as ws:
        with pytest.raises(ChecksFailed, match="postal"):
            submit(ws.context, ws.issue(ISSUE), ws.context.person("ana"))
        assert ws.issue(ISSUE).state is IssueState.DRAFT


def test_the_rules_that_were_approved_hold_whatever_the_files_say_since(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws")
    with office(folder, clock) as ws:
        approved(ws)
    campaign = folder / "campaigns/news/campaign.yaml"
    campaign.write_text(campaign.read_text().replace('institution.status == "member"', 'institution.code == "SHI"'))
    with office(folder, clock) as ws:
        assert carry(ws).startswith("audience 3 = ")
