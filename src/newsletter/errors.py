"""What can go wrong, said to the person who can act on it.

Every error that a user can cause is a `NewsletterError`; the command line prints its text and nothing else.
`Problem` is one finding with its place; `ProblemsFound` carries all of them at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from newsletter.i18n import Listed, say


class NewsletterError(Exception):
    """A clear sentence for the person who can act on it."""

    exit_code = 1


class UsageError(NewsletterError):
    """The command or call was used wrongly; nothing was done."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: where it is, what is wrong, and what to do about it."""

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None

    @property
    def place(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class ProblemsFound(NewsletterError):
    """Several problems, reported together."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that offers the nearest valid name, or lists the few there are."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return say("did you mean %(name)r?", name=close[0])
    return say("known: %(names)s", names=Listed(names)) if names else say("none is known")
