"""Real contacts of an audience in one language."""

from __future__ import annotations

from sqlalchemy import Connection, select

from newsletter.audience.examples import witnesses
from newsletter.audience.select import AudienceRule, ranked
from newsletter.model.fields import Fields
from newsletter.model.recipient import Recipient


def witnesses_of(
    connection: Connection, rule: AudienceRule, fields: Fields, language: str, count: int
) -> list[Recipient]:
    """Contacts who would get the edition in this language, spread over institutions."""
    found = ranked(rule, fields)
    ids = select(found.c.contact_id).where(found.c.language == language, found.c.why.is_(None))
    return witnesses(connection, ids, fields, language, count)
