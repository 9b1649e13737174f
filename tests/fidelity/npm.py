"""npm's mjml as a process that compiles one document after another."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from newsletter.store.locking import file_lock

HERE = Path(__file__).parent


class NotInstalled(Exception):
    """Node or its packages are not here; the text says how to get them."""


def install() -> Path:
    """The folder that holds node_modules, outside the repository; filled by `npm ci` where it is not yet."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NotInstalled("Node.js with npm is not here: https://nodejs.org, or apt-get install nodejs npm")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "newsletter-tests" / "fidelity"
    home.mkdir(parents=True, exist_ok=True)
    with file_lock(home.with_suffix(".lock"), wait=True):  # tests run in several processes
        _fill(home)
    return home


def _fill(home: Path) -> None:
    lock = (HERE / "package-lock.json").read_bytes()
    if (home / "done").exists() and (home / "done").read_bytes() == lock:
        return
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(HERE / name, home / name)
    done = subprocess.run(["npm", "ci"], cwd=home, capture_output=True, text=True, timeout=240)
    if done.returncode:
        raise NotInstalled(f"npm ci failed in {home} (is the network there?): {done.stderr.strip()[-300:]}")
    (home / "done").write_bytes(lock)


@dataclass
class Npm:
    """Compiles MJML as npm's mjml does."""

    process: subprocess.Popen[str]

    def html(self, mjml: str) -> str | None:
        """The HTML, or none where npm's mjml fails."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(mjml) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.errors = answer.get("errors")
        html: str | None = answer.get("html")
        return html


@contextmanager
def compiler(home: Path) -> Iterator[Npm]:
    process = subprocess.Popen(
        ["node", str(HERE / "compile.cjs"), str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Npm(process)
    finally:
        process.kill()
        process.wait()
