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
    """A private cluster on a free loopback port; durable settings off, because nothing here outlives the test."""

    programs: Path
    port: int = 0
    _numbers: Iterator[int] = field(default_factory=count)

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
        folder = Path(tempfile.mkdtemp(prefix="newsletter-pg-"))
        user = self._unprivileged(folder)
        self.port = free_port()
        data, log = folder / "data", folder / "log"
        self._run(user, "initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = (
            f"-p {self.port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off "
            "-c full_page_writes=off -c synchronous_commit=off -c max_connections=60"
        )
        self._run(user, "pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")
        try:
            yield self
        finally:
            self._run(user, "pg_ctl", "-D", data, "-m", "immediate", "stop")
            shutil.rmtree(folder, ignore_errors=True)

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

    def _run(self, user: str | None, program: str, *arguments: object) -> None:
        subprocess.run(
            [str(self.programs / program), *map(str, arguments)],
            check=True,
            user=user,
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
