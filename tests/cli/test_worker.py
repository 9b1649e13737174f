"""`newsletter worker`: a program of its own that ends when it is told to, and is alone on SQLite."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter.app import open_workspace
from newsletter.schedule import AlreadyKept, kept

PROGRAM = [sys.executable, "-c", "from newsletter.cli import main; main()", "worker", "--workspace"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "newsletter.toml").write_text('public_url = "https://news.example.org"\n')
    open_workspace(tmp_path, environment={}).close()
    return tmp_path


def test_sigterm_ends_it_and_beside_another_it_says_so_in_one_sentence(folder: Path) -> None:
    with running(folder) as first:
        second = subprocess.run([*PROGRAM, folder], capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 1
        said = " ".join(second.stderr.split())
        assert "Another program sends from this database already" in said
        assert "Traceback" not in said
        first.send_signal(signal.SIGTERM)
        out, _ = first.communicate(timeout=60)
        assert first.returncode == 0
        assert "what is being sent is finished first" in " ".join(out.split())


def test_beside_serve_a_worker_is_refused_and_after_it_welcome(folder: Path) -> None:
    with open_workspace(folder, environment={}) as ws:
        with kept(ws.context):
            with pytest.raises(AlreadyKept), kept(ws.context, alone=True):
                pass
            with kept(ws.context):  # a second `serve` shows pages, and takes over once the first is gone
                pass
        with kept(ws.context, alone=True):
            pass


def test_a_signal_that_wakes_nobody_ends_it_all_the_same(folder: Path) -> None:
    """As one does that comes just before the wait begins: here, another thread catches it."""
    caught = (
        "import signal, sys, threading, newsletter.cli as c; "
        "threading.Thread(target=lambda: sys.stdin.readline() and "
        "signal.pthread_kill(threading.get_ident(), signal.SIGTERM), daemon=True).start(); c.main()"
    )
    with running(folder, [sys.executable, "-c", caught, *PROGRAM[3:]]) as worker:
        assert worker.stdin is not None
        worker.stdin.write("now\n")
        worker.stdin.flush()
        assert worker.wait(60) == 0


def test_a_second_signal_ends_at_once(folder: Path) -> None:
    """The first is still draining: here, a drain that never ends."""
    drain = (
        "import threading, newsletter.schedule as s, newsletter.cli as c; "
        "s.Waking.stop = lambda self: print('draining', flush=True) or threading.Event().wait(); c.main()"
    )
    with running(folder, [sys.executable, "-c", drain, *PROGRAM[3:]]) as worker:
        worker.send_signal(signal.SIGTERM)
        assert worker.stdout is not None
        while "draining" not in worker.stdout.readline():
            assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == -signal.SIGTERM


@contextmanager
def running(folder: Path, program: list[str] = PROGRAM) -> Iterator[subprocess.Popen[str]]:
    """A worker that keeps the schedule by now."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    worker = subprocess.Popen(
        [*program, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    try:
        assert worker.stdout is not None
        while "Keeping the schedule" not in (line := worker.stdout.readline()):
            assert line, "it ended before it kept anything"
        yield worker
    finally:
        worker.kill()
        worker.wait()
