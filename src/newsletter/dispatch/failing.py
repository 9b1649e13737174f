"""A ledger that cannot be written any more ends a dispatch, and is told in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.store.engine import failure_of


class LedgerGone(NewsletterError):
    """The database is full, or gone. Nothing leaves without a line in it; whoever goes on finds what was begun."""


@contextmanager
def in_one_sentence() -> Iterator[None]:
    """LedgerGone in place of what each connection met."""
    try:
        yield
    except Exception as error:
        if (sentence := failure_of(error)) is None:
            raise
        raise LedgerGone(
            say(
                "%(why)s. The send stopped there and loses nothing: once that is mended it goes on, by itself while "
                "`newsletter serve` or `worker` runs, else with the same command.",
                why=sentence,
            )
        ) from error
