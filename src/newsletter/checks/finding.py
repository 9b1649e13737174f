"""What a check says: a code, how grave it is, where, what, to whom it matters, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from newsletter.errors import Problem

NAMED = 3  # articles that a line names


class Severity(StrEnum):
    ERROR = "error"  # blocks the send
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Where:
    """The messages, articles or file that a finding is about; `versions` counts the messages that show it."""

    languages: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None
    versions: int = 0
    column: int | None = None
    field: str = ""  # of the texts that it stands in: title, summary, body, subject, preview
    titles: tuple[str, ...] = ()  # of the articles, as readers know them
    link: int | None = None  # the number of one that was led elsewhere
    lacking: str = ""  # the merge field that is empty
    contacts: tuple[int, ...] = ()  # the first of those for whom it is

    def __str__(self) -> str:
        parts = [":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)]
        parts.append(", ".join(self.languages))
        if self.articles:
            more = len(self.articles) - NAMED
            named = ", ".join((self.titles or self.articles)[:NAMED])
            parts.append(f"in {named} and {more} more" if more > 0 else f"in {named}")
        if self.versions > 1:
            parts.append(f"({self.versions} versions)")
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at. `why` says to whom it matters, `mend` what to do."""

    code: str
    severity: Severity
    where: Where
    what: str
    why: str
    mend: str

    @property
    def error(self) -> bool:
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        place = str(self.where)
        told = f"{self.severity.value} {self.code}: {self.what.rstrip('.')}. {self.why} {self.mend}"
        return f"{place}: {told}" if place else told


@dataclass(frozen=True, slots=True)
class Rule:
    """What a check looks for: everything about a finding but where it was seen."""

    code: str
    severity: Severity
    why: str
    mend: str

    def at(
        self,
        what: str,
        *,
        languages: Iterable[str] = (),
        articles: Iterable[str] = (),
        problem: Problem | None = None,
        field: str = "",
    ) -> Finding:
        at = problem or Problem("")
        where = Where(tuple(languages), tuple(articles), at.file, at.line, column=at.column, field=field)
        return Finding(self.code, self.severity, where, what, self.why, self.mend)


def error(code: str, why: str, mend: str) -> Rule:
    return Rule(code, Severity.ERROR, why, mend)


def warning(code: str, why: str, mend: str) -> Rule:
    return Rule(code, Severity.WARNING, why, mend)


def merge(found: Iterable[Iterable[Finding]]) -> list[Finding]:
    """The findings of many messages: the same one is reported once, with its languages, articles and versions.

    Each inner iterable holds the findings of one message. Errors come first.
    """
    merged: dict[tuple[object, ...], Finding] = {}
    for of_message in found:
        seen = set()
        for each in of_message:
            key = (each.code, each.what, each.where.file, each.where.line, each.where.contacts)
            before = merged.get(key)
            merged[key] = _joined(before, each, again=key in seen) if before else _counted(each)
            seen.add(key)
    return sorted(merged.values(), key=lambda each: (not each.error, each.code))


def _counted(each: Finding) -> Finding:
    return replace(each, where=replace(each.where, versions=1 if each.where.languages else 0))


def _joined(before: Finding, each: Finding, *, again: bool) -> Finding:
    old, new = before.where, each.where
    where = replace(
        old,
        languages=tuple(dict.fromkeys((*old.languages, *new.languages))),
        articles=tuple(dict.fromkeys((*old.articles, *new.articles))),
        versions=old.versions + (not again and bool(new.languages)),
    )
    return replace(before, where=where)
