"""What mail programs show, as published; the build of the frontend lays the file down (frontend/build.mjs)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

from newsletter.checks.support import Support, read
from newsletter.errors import nearest
from newsletter.i18n import say


@cache
def published() -> Support:
    """Read once: it changes with the program alone."""
    return read((files("newsletter") / "web" / "dist" / "caniemail.json").read_text("utf-8"))


def unknown_programs(programs: Sequence[str]) -> Iterator[str]:
    """A sentence for each that the data do not name."""
    known = published().programs
    for each in programs:
        if each not in known:
            yield say("mail_programs names %(program)s: %(nearest)s", program=each, nearest=nearest(each, known))
