"""Every message of the demo, read by readers that are not ours."""

from __future__ import annotations

import re
import shutil
import subprocess
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from newsletter.app import open_workspace
from newsletter.clock import FixedClock, SystemClock
from newsletter.workflow.approving.approve import approve
from newsletter.workflow.approving.freeze import submit
from newsletter.workflow.people.contacts import import_file
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.plan import plan_send
from newsletter.workflow.sending.send import send
from newsletter.workspace.demo import lay_demo, next_month
from tests.node_programs import read_mail
from tests.servers import missing

ONCE = ("From", "To", "Subject", "Date", "Message-ID", "List-ID", "List-Unsubscribe", "List-Unsubscribe-Post")


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The demo's digest, rehearsed: one message per contact."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    now = SystemClock().now()
    lay_demo(folder, now.date())
    with open_workspace(folder, clock=FixedClock(now), environment={}) as ws:
        ctx = ws.context
        for mapping in ("institutions", "contacts"):
            import_file(ctx, mapping, None, ctx.person("ana"))
        issue = ws.gather("monthly", key="{:04}-{:02}".format(*next_month(now.date())), person="ana")
        submit(ctx, issue, ctx.person("ana"), now=True)
        approve(ctx, ws.issue(issue.name), ctx.person("luc"))
        plan = plan_send(ctx, ws.issue(issue.name), rehearse=True)
        sums = send(ctx, launch(ctx, plan, ctx.person("luc"))).sums
        assert sums.balanced
        assert sums.open == 0
    return [path.read_bytes() for path in sorted((folder / "outbox/new").iterdir())]


def lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").strip().split("\n")


def test_each_contact_has_one_message_with_each_header_once(messages: list[bytes]) -> None:
    assert len(messages) >= 150
    parsed = [message_from_bytes(each, policy=default) for each in messages]
    addresses = [message["To"].addresses[0].addr_spec.lower() for message in parsed]
    assert len(set(addresses)) == len(messages)
    for message in parsed:
        assert all(len(message.get_all(name, [])) == 1 for name in ONCE)
        assert not message.defects
    assert {str(message["Content-Language"]) for message in parsed} == {"en", "fr", "es", "de", "ar"}


def test_bytes_are_fit_for_the_wire(messages: list[bytes]) -> None:
    for message in messages:
        assert b"\n" not in message.replace(b"\r\n", b"")
        assert max(map(len, message.split(b"\r\n"))) <= 998
        head = message.partition(b"\r\n\r\n")[0]
        [unsubscribe] = re.findall(rb"^List-Unsubscribe: (.*)\r?$", head, re.M)
        assert re.fullmatch(rb"<https://news\.example\.org/u/[\w-]+>", unsubscribe.strip())


@pytest.mark.node
def test_mailparser_reads_every_message_as_it_was_meant(messages: list[bytes]) -> None:
    for theirs, ours in zip(read_mail(messages), messages, strict=True):
        parsed = message_from_bytes(ours, policy=default)
        assert theirs["subject"] == str(parsed["Subject"])
        body = parsed.get_body(("html",))
        assert body is not None
        assert lines(theirs["html"]) == lines(body.get_content())
        assert "\ufffd" not in theirs["html"] + theirs["text"]


def test_spamassassin_finds_nothing(messages: list[bytes], tmp_path: Path) -> None:
    program = shutil.which("spamassassin")
    if program is None:
        missing("spamassassin", "SpamAssassin is not here: apt-get install spamassassin")
    by_language = {re.findall(rb"Content-Language: (\w+)", message)[0]: message for message in messages}
    mailbox = tmp_path / "mbox"
    mailbox.write_bytes(
        b"".join(b"From x Thu Jan  1 00:00:00 2026\n" + m.replace(b"\r\n", b"\n") + b"\n" for m in by_language.values())
    )
    done = subprocess.run([str(program), "-L", "--mbox", str(mailbox)], capture_output=True, text=True, timeout=120)
    scores = [float(found) for found in re.findall(r"^X-Spam-Status: .*?score=(-?[\d.]+)", done.stdout, re.M)]
    assert len(scores) == len(by_language), done.stderr
    assert max(scores) < 1.0, done.stdout
