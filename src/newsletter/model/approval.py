"""The rules of approval: what an edition still needs, and who may give it (DESIGN, invariant 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from newsletter.errors import NewsletterError
from newsletter.i18n import Tongue, say


class OwnChange(NewsletterError):
    """One may not approve what one last changed, unless the workspace allows it."""


class NotApproved(NewsletterError):
    """The edition lacks an approval, or what was approved is not what would be sent."""


@dataclass(frozen=True, slots=True)
class Given:
    """A standing approval: what it names. `language` None: the whole edition."""

    edition_hash: str
    recipient_count: int
    language: str | None = None
    language_hash: str | None = None


def check_approver(person: int, changed_by: int | None, *, approve_own: bool) -> None:
    if changed_by == person and not approve_own:
        raise OwnChange(
            say(
                "You changed this issue last, so somebody else must approve it (or set approve_own = true "
                "in newsletter.toml, where one person works alone)."
            )
        )


def missing(
    given: Sequence[Given], *, edition_hash: str, language_hashes: Mapping[str, str], sign_off: Iterable[str]
) -> list[str]:
    """What an edition still needs before it may be launched, in words; empty where it is approved."""
    wanted = lacking(given, edition_hash=edition_hash, language_hashes=language_hashes, sign_off=sign_off)
    return [in_words(each) for each in wanted]


def in_words(lack: str | None) -> str:
    if lack is None:
        return say("an approval of the edition")
    return say("a sign-off of %(language)s", language=Tongue(lack))


def lacking(
    given: Sequence[Given], *, edition_hash: str, language_hashes: Mapping[str, str], sign_off: Iterable[str]
) -> list[str | None]:
    """What an edition still needs: None is its approval as a whole, else the language that lacks a sign-off."""
    lacks: list[str | None] = []
    if not any(each.language is None and each.edition_hash == edition_hash for each in given):
        lacks.append(None)
    for language in sign_off:
        wanted = language_hashes.get(language)
        signed = any(each.language == language and each.language_hash == wanted for each in given)
        if wanted is not None and not signed:
            lacks.append(language)
    return lacks


def approved_count(given: Sequence[Given], edition_hash: str) -> int | None:
    """The recipient count that the latest standing approval of this edition names."""
    counts = [each.recipient_count for each in given if each.language is None and each.edition_hash == edition_hash]
    return counts[-1] if counts else None
