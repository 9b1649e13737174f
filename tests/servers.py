"""Real servers for tests, started privately and stopped with them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest


def missing(what: str, how: str) -> None:
    """Skips, naming what is missing and how to get it; fails where the run requires it."""
    if what in os.environ.get("NEWSLETTER_TEST_REQUIRE", "").split(","):
        pytest.fail(how)
    pytest.skip(how)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class PostgresServer:
    """A private cluster on a free loopback port; not durable unless asked, because nothing here outlives the test."""

    programs: Path
    port: int = 0
    durable: bool = False
    _numbers: Iterator[int] = field(default_factory=count)
    _folder: Path = Path()
    _user: str | None = None

    @classmethod
    def find(cls) -> PostgresServer | None:
        on_path = shutil.which("initdb")
        candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        if on_path:
            candidates.append(Path(on_path).resolve().parent)
        good = [each for each in candidates if (each / "initdb").exists() and (each / "pg_ctl").exists()]
        return cls(good[0]) if good else None

    @contextmanager
    def running(self) -> Iterator[PostgresServer]:
        self._folder = Path(tempfile.mkdtemp(prefix="newsletter-pg-"))
        self._user = self._unprivileged(self._folder)
        self.port = free_port()
        data = self._folder / "data"
        self._run("initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()
        try:
            yield self
        finally:
            self.stop_at_once()
            shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        options = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c max_connections=60"
        if not self.durable:
            options += " -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
        self._run("pg_ctl", "-D", self._folder / "data", "-l", self._folder / "log", "-w", "-o", options, "start")

    def stop_at_once(self) -> None:
        """As a crash does: nothing is written down any more, no connection is said goodbye to."""
        self._run("pg_ctl", "-D", self._folder / "data", "-m", "immediate", "stop")

    def new_database(self, template: str = "template1") -> str:
        """A fresh database, a copy of the template (a URL that this made, or a name), which nobody may be using."""
        import psycopg

        name = f"t{os.getpid()}_{next(self._numbers)}"
        source = template.rpartition("/")[2]
        with psycopg.connect(
            f"host=127.0.0.1 port={self.port} user=test dbname=postgres", autocommit=True
        ) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY wal_log'.encode())
        return f"postgresql+psycopg://test@127.0.0.1:{self.port}/{name}"

    @staticmethod
    def _unprivileged(folder: Path) -> str | None:
        """initdb refuses root: as root the server runs as another user, who gets the folder."""
        if os.getuid() != 0:
            return None
        name = "postgres" if shutil.which("id") and _user_exists("postgres") else "nobody"
        shutil.chown(folder, name)
        return name

    def _run(self, program: str, *arguments: object) -> None:
        subprocess.run(
            [str(self.programs / program), *map(str, arguments)],
            check=True,
            user=self._user,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
        )


def _user_exists(name: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
