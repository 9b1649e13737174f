"""What feeds said last time (table `feed`), so that an unchanged one is not fetched again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from newsletter.gathering.fetch import Validators
from newsletter.store.tables import feed


def remembered(connection: Connection) -> dict[str, Validators]:
    rows = connection.execute(select(feed.c.url, feed.c.etag, feed.c.last_modified))
    return {row.url: Validators(row.etag, row.last_modified) for row in rows}


def remember(connection: Connection, answers: Mapping[str, Validators], now: datetime) -> None:
    """Call it once the gathered articles are written: what is remembered will not be sent again."""
    for url, each in answers.items():
        connection.execute(delete(feed).where(feed.c.url == url))
        values = {"url": url, "etag": each.etag, "last_modified": each.last_modified, "fetched_at": now}
        connection.execute(insert(feed).values(values))
