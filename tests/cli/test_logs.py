"""What long-running programs log: lines for people or JSON objects, and never an address."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import pytest
from sqlalchemy import select

from newsletter.app import open_workspace
from newsletter.cli import logs
from newsletter.cli.keeping import once_through
from newsletter.cli.logs import masked, start_logging
from newsletter.clock import FixedClock, SystemClock
from newsletter.store.engine import reading
from newsletter.store.tables import contact, delivery
from newsletter.workflow.approving.approve import approve
from newsletter.workflow.approving.freeze import submit
from newsletter.workflow.people.contacts import import_file
from newsletter.workflow.scheduling.launching import WINDOW, send_now
from newsletter.workspace.demo import lay_demo, next_month
from tests.fakes.smtp import Fault
from tests.servers import free_port
from tests.workflow.test_real_send import mail_server, smtp

PROGRAM = [sys.executable, "-c", "from newsletter.cli import main; main()"]
ADDRESSES = [
    "ana@example.org",
    "o'neil+news@sub.example.org",
    '"ana maria"@example.org',
    "élodie@exämple.org",
    "x@[192.0.2.1]",
    "ana%40example.org",
    "postmaster@localhost",
]


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What is logged; the logging of the tests themselves is put back afterwards."""
    root, own = logging.getLogger(), logging.getLogger("newsletter")
    handlers, level = root.handlers, own.level
    yield lambda: capsys.readouterr().err
    root.handlers = handlers
    own.setLevel(level)
    logging.captureWarnings(False)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("form", ["text", "json"])
def test_an_address_leaves_in_no_form_and_from_no_place(stderr: Callable[[], str], form: str, address: str) -> None:
    start_logging(form)
    log = logging.getLogger("newsletter.test")
    log.warning("refused <%s>, said the server: 550 %s unknown", address, address)
    log.warning("of a library", extra={"recipient": address, "all": [address]})
    logging.getLogger("elsewhere").error("a library: %s", {"to": address})
    try:
        raise ValueError(f"cannot write to {address}")
    except ValueError:
        log.exception("failed")
    said = stderr()
    assert said.count("[address]") >= 4
    for part in (address, "ana", "neil", "lodie", "192.0.2", "postmaster"):
        assert part not in said


def test_what_is_no_address_stays_as_it_is() -> None:
    for text in ("monthly/2026-12 at 09:00", "@app.command", "a @ b", "50% @ once", "https://news.example.org/l/1/2"):
        assert masked(text) == text
    assert masked("postgresql://news:secret@db/news") == "postgresql://news:[address]/news"


def test_each_object_is_one_line_with_what_it_is_about(stderr: Callable[[], str]) -> None:
    start_logging("text")
    tell = start_logging("json")  # takes its place
    tell("begun\nand going on")
    logging.getLogger("newsletter.jobs").info("%s done", "send", extra={"key": 7, "seconds": 0.5})
    logging.getLogger("elsewhere").info("of no interest")
    try:
        raise LookupError("x")
    except LookupError:
        logging.getLogger("newsletter.jobs").exception("failed")
    one, two, three = (json.loads(line) for line in stderr().splitlines())
    assert (one["message"], one["level"], one["logger"]) == ("begun\nand going on", "info", "newsletter.program")
    assert one["time"].endswith("+00:00")
    assert {"key": 7, "seconds": 0.5, "message": "send done"}.items() <= two.items()
    assert (three["error"], three["level"]) == ("LookupError", "error")
    assert "Traceback" in three["trace"]


def test_what_ends_the_program_is_a_line_too(stderr: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr("threading.excepthook", lambda given: None)
    start_logging("json")
    logs.catch_all()
    error = ValueError("ana@example.org")
    sys.excepthook(ValueError, error, None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    (line,) = stderr().splitlines()
    assert (json.loads(line)["level"], json.loads(line)["error"]) == ("critical", "ValueError")
    assert "ana" not in line


def test_server_and_worker_say_only_objects(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text('log_format = "text"\n')
    port = str(free_port())
    for arguments, begun in (
        (["worker"], "Keeping the schedule"),
        (["serve", "--port", port], "Nobody can sign in yet"),
    ):
        with running(tmp_path, arguments) as program:
            assert program.stdout is not None
            said = []
            while begun not in (line := program.stdout.readline()):
                assert line, "it ended before it had begun"
                said.append(line)
            said.append(line)
            if arguments[0] == "serve":
                wait_for(int(port))
            program.send_signal(signal.SIGTERM)
            said += program.communicate(timeout=60)[0].splitlines()
        assert all(json.loads(each)["message"] for each in said)
        assert "/welcome/" not in "".join(said), "the link lets in"


def wait_for(port: int) -> None:
    ends = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=20) as answer:
                assert answer.status == 200
                return
        except URLError:
            assert time.monotonic() < ends
            time.sleep(0.02)


@contextmanager
def running(folder: Path, arguments: list[str]) -> Iterator[subprocess.Popen[str]]:
    environment = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", "NEWSLETTER_LOG_FORMAT": "json"}
    program = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield program
    finally:
        program.kill()
        program.wait()


class Raw(logging.Handler):
    """What our own code logs, before anything is masked."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self.said.append(f"{record.getMessage()} {record.__dict__} {trace}")


def test_a_whole_send_of_the_demo_logs_no_address(
    tmp_path: Path, stderr: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a server that refuses, puts off and hangs up, and names the address each time."""
    now, folder, raw, own = SystemClock().now(), tmp_path / "demo", Raw(), logging.getLogger("newsletter")
    lay_demo(folder, now.date())
    with mail_server() as server:
        settings = (folder / "newsletter.toml").read_text()
        told = smtp(server.port)
        (folder / "newsletter.toml").write_text(f"{told['top']}\nlog_format = 'json'\n{settings}{told['tables']}")
        clock = FixedClock(now)
        monkeypatch.setattr(own, "handlers", [*own.handlers, raw])
        with open_workspace(folder, clock=clock, environment={}) as ws:
            ctx, key = ws.context, "{:04}-{:02}".format(*next_month(now.date()))
            for mapping in ("institutions", "contacts"):
                import_file(ctx, mapping, None, ctx.person("ana"))
            issue = ws.gather("monthly", key=key, person="ana")
            submit(ctx, issue, ctx.person("ana"), now=True)
            approve(ctx, ws.issue(issue.name), ctx.person("luc"))
            with reading(ctx.engine) as connection:
                everybody = [each for each in connection.execute(select(contact.c.address)).scalars() if each]
            server.faults = [
                Fault("rcpt", f"550 5.1.1 <{everybody[0]}> is unknown"),
                Fault("dot", f"451 4.7.1 greylisted {everybody[1]}"),
                Fault("mail", f"421 4.3.2 too many from {everybody[2]}"),
                *[Fault("rcpt", f"550 {each} unknown") for each in everybody[3:6]],
            ]
            send_now(ctx, ws.issue(issue.name), ctx.person("luc"))
            clock.advance(WINDOW)
            once_through(ctx)
            with reading(ctx.engine) as connection:
                tried = connection.execute(select(delivery.c.state)).scalars().all()
    said = stderr()
    assert raw.said
    assert "[address]" not in said, "our own code says none, so that nothing had to be masked"
    assert tried.count("accepted") > 100
    assert set(tried) >= {"accepted", "rejected", "pending"}
    assert len(everybody) > 150
    for address in everybody:
        assert address not in said
        assert not [each for each in raw.said if address in each]
