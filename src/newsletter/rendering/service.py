"""Compiling and rendering in a warm process with limits of time, memory and output.

    with Renderer() as renderer:
        compiled = renderer.compile(manuscript, witnesses)

A template that loops for ever or eats memory is one clear error, and the next request gets a fresh process.
"""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from types import TracebackType
from typing import Any

from newsletter.errors import NewsletterError, Problem, ProblemsFound
from newsletter.i18n import say
from newsletter.message.parts import CompiledLanguage
from newsletter.message.slots import Links
from newsletter.model.recipient import Recipient
from newsletter.rendering import wire
from newsletter.rendering.code_store import CodeStore, code_id
from newsletter.rendering.exploring import Limits
from newsletter.rendering.manuscript import Manuscript, Rendered

# The process gets no secrets: nothing of our environment but what Python needs.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "TZ")


class RenderingStopped(NewsletterError):
    """A template used more time, memory or output than allowed."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one request may use."""

    seconds: float = 30.0
    memory: int = 1 << 30  # bytes of address space of the process, libraries included
    output: int = 64 << 20  # bytes of one reply


class Renderer:
    """A process that renders, started at the first request (or by `warm`), replaced when it had to be stopped.

    `finish` names the function (`module:function`) that makes HTML of MJML. `store` keeps compiled templates from one
    run of the program to the next. Safe for threads; one request at a time.
    """

    def __init__(
        self,
        *,
        finish: str = "newsletter.rendering.mjml:finish",
        bounds: Bounds | None = None,
        store: CodeStore | None = None,
    ) -> None:
        self._finish = finish
        self._bounds = bounds or Bounds()
        self._store = store
        self._process: subprocess.Popen[bytes] | None = None
        self._given: set[str] = set()  # the code that this process has
        self._clean = True  # it has run no template yet
        self._lock = threading.Lock()

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def warm(self) -> None:
        """Starts the process, whose imports take half a second, without waiting for it."""
        with self._lock:
            self._running()

    def close(self) -> None:
        with self._lock:
            self._stop()

    def prepare(self, manuscripts: Iterable[Manuscript]) -> None:
        """Compiles the templates of several manuscripts, so that the code of all is kept and not of the first alone."""
        with self._lock:
            for each in manuscripts:
                self._prepare(each)

    def compile(
        self, manuscript: Manuscript, witnesses: Sequence[Recipient], *, limits: Limits | None = None
    ) -> CompiledLanguage:
        """All variants of the message; ProblemsFound with file and line, RenderingStopped beyond the bounds."""
        reply = self._request("compile", manuscript, witnesses, limits=astuple(limits or Limits()))
        return wire.compiled_from_json(reply["compiled"])

    def compare(
        self, compiled: CompiledLanguage, manuscript: Manuscript, recipients: Sequence[Recipient], links: Links
    ) -> list[Problem]:
        """Where the spliced message differs from the plain render, for these recipients (proof.py)."""
        coded = wire.compiled_to_json(compiled)
        reply = self._request("compare", manuscript, recipients, compiled=coded, links=astuple(links))
        return wire.problems_from_json(reply["found"])

    def render(self, manuscript: Manuscript, recipient: Recipient, links: Links) -> Rendered:
        """The message rendered plainly for one recipient."""
        return Rendered(*self._request("render", manuscript, [recipient], links=astuple(links))["rendered"])

    # The process

    def _request(self, do: str, manuscript: Manuscript, recipients: Sequence[Recipient], **more: Any) -> dict[str, Any]:
        request = {"do": do, "recipients": wire.recipients_to_json(recipients), **more}
        with self._lock:
            self._prepare(manuscript)
            reply = self._exchange(request, wire.manuscript_to_json(manuscript), _file(manuscript))
        if "problems" in reply:
            raise ProblemsFound(wire.problems_from_json(reply["problems"]))
        if "error" in reply:
            raise NewsletterError(wire.sentence_from_json(reply["error"]))
        return reply

    def _prepare(self, manuscript: Manuscript) -> None:
        """Gives the process the code that the store has of the manuscript's templates, and the store what it lacks.

        The process itself translates that, while it is clean: once it has run a template, nothing it makes is kept.
        """
        if self._store is None:
            return
        self._running()
        used = {code_id(name, each): name for name, each in manuscript.templates.used().items()}
        found = {number: self._store.load(number) for number in used if number not in self._given}
        ready = {used[number]: base64.b64encode(code).decode() for number, code in found.items() if code is not None}
        missing = {used[number]: number for number, code in found.items() if code is None} if self._clean else {}
        if not (ready or missing):
            return
        bare = wire.manuscript_to_json(replace(manuscript, context={}))
        made = self._exchange({"do": "prepare", "code": ready, "missing": list(missing)}, bare, _file(manuscript))
        kept = {missing[name]: base64.b64decode(code) for name, code in made["code"].items() if name in missing}
        if kept:
            self._store.keep(kept)
        self._given |= found.keys()

    def _exchange(self, request: dict[str, Any], manuscript: dict[str, Any], file: str) -> dict[str, Any]:
        data = json.dumps({**request, "manuscript": manuscript, "seconds": self._bounds.seconds}).encode()
        frame = len(data).to_bytes(8, "big") + data
        process = self._running()
        self._clean = self._clean and request["do"] == "prepare"
        deadline = time.monotonic() + self._bounds.seconds
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            _write(process.stdin.fileno(), frame, deadline)
            size = int.from_bytes(_read(process.stdout.fileno(), 8, deadline), "big")
            if size > self._bounds.output:
                raise _Stopped(say("made more than %(size)s MB", size=self._bounds.output >> 20))
            reply: dict[str, Any] = json.loads(_read(process.stdout.fileno(), size, deadline))
            if reply.get("stopped") == "memory":
                raise _Stopped(say("needed more than %(size)s MB of memory", size=self._bounds.memory >> 20))
        except _Stopped as error:
            self._stop()
            raise RenderingStopped(
                say(
                    "%(file)s: rendering %(error)s and was stopped. Look for a loop or a repetition without end.",
                    file=file,
                    error=error,
                )
            ) from None
        except _Ended:
            code = process.wait()
            self._stop()
            how = say("signal %(number)s", number=-code) if code < 0 else say("exit code %(number)s", number=code)
            raise RenderingStopped(
                say(
                    "%(file)s: the rendering process ended by itself (%(how)s). It used up its memory or "
                    "processor time, or the system stopped it: try again, then look at the template.",
                    file=file,
                    how=how,
                )
            ) from None
        except BaseException:
            self._stop()  # a reply may be on its way, which the next request must not read
            raise
        return reply

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._stop()
        if self._process is None:
            command = [sys.executable, "-m", "newsletter.rendering.worker", self._finish, str(self._bounds.memory)]
            self._process = subprocess.Popen(  # noqa: S603 (our own module)
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                bufsize=0,
            )
            assert self._process.stdin is not None
            os.set_blocking(self._process.stdin.fileno(), False)
            self._given, self._clean = set(), True
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _file(manuscript: Manuscript) -> str:
    """The template that a message about the process names."""
    file, _ = manuscript.templates.place(manuscript.templates.html, None)
    return file or manuscript.templates.html


class _Stopped(Exception):
    """Why the process had to be stopped."""


class _Ended(Exception):
    """The process ended, and not by us."""


def _wait(fd: int, deadline: float, *, writing: bool) -> None:
    left = deadline - time.monotonic()
    readers, writers = ([], [fd]) if writing else ([fd], [])
    if left <= 0 or not any(select.select(readers, writers, [], left)):
        raise _Stopped(say("took too long"))


def _write(fd: int, data: bytes, deadline: float) -> None:
    rest = memoryview(data)
    while rest:
        _wait(fd, deadline, writing=True)
        try:
            rest = rest[os.write(fd, rest) :]
        except BrokenPipeError:
            raise _Ended from None


def _read(fd: int, size: int, deadline: float) -> bytes:
    read = bytearray()
    while len(read) < size:
        _wait(fd, deadline, writing=False)
        piece = os.read(fd, min(size - len(read), 1 << 20))
        if not piece:
            raise _Ended
        read += piece
    return bytes(read)
