"""Programs for Node.js that tests use, installed in tests/node on first use."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.servers import missing

FOLDER = Path(__file__).parent / "node"
HOW = "Node.js 20 with npm is not here: apt-get install nodejs npm"


def run(program: str, given: Any) -> Any:
    """What a program of tests/node prints for this input, both as JSON."""
    _install()
    done = subprocess.run(
        ["node", program], cwd=FOLDER, input=json.dumps(given), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def read_mail(messages: Sequence[bytes], dns: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Messages as mailparser reads them, and what mailauth says of their signatures."""
    found: list[dict[str, Any]] = run(
        "read.mjs", {"messages": [b64encode(each).decode() for each in messages], "dns": dict(dns or {})}
    )
    return found


def _install() -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        missing("node", HOW)
    locked, installed = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    with open(FOLDER / "package.json") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if installed.exists() and installed.stat().st_mtime >= locked.stat().st_mtime:
            return
        done = subprocess.run(["npm", "ci", "--no-progress"], cwd=FOLDER, capture_output=True, text=True, check=False)
        if done.returncode:
            missing("node", f"npm could not install tests/node: {done.stderr.strip()[-300:]}")
        os.utime(installed)
