"""Plain SQL with typed parameters, and the two conditions that several rows of the ledger share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, overload

from sqlalchemy import Connection, TextClause, bindparam, text
from sqlalchemy.sql.selectable import TextualSelect
from sqlalchemy.types import TypeEngine

from newsletter.model.institution import MEMBERS
from newsletter.model.suppression import ADDRESS, NEWS, REASON_IN_WORDS, publication_scope
from newsletter.store.types import Instant

Returns = dict[str, "type[TypeEngine[Any]] | TypeEngine[Any]"]


@overload
def sql(statement: str, *, instants: Sequence[str] = (), lists: Sequence[str] = ()) -> TextClause: ...
@overload
def sql(
    statement: str, *, instants: Sequence[str] = (), lists: Sequence[str] = (), returns: Returns
) -> TextualSelect: ...
def sql(
    statement: str, *, instants: Sequence[str] = (), lists: Sequence[str] = (), returns: Returns | None = None
) -> TextClause | TextualSelect:
    """SQL text; `instants` are its parameters that are times, `lists` those that stand in `IN :name`."""
    clause = _clause(statement, tuple(instants), tuple(lists))
    return clause if returns is None else clause.columns(**returns)


@lru_cache(maxsize=256)
def _clause(statement: str, instants: tuple[str, ...], lists: tuple[str, ...]) -> TextClause:
    """Kept, because reading the parameters out of a statement takes longer than many a statement."""
    parameters = [bindparam(name, type_=Instant()) for name in instants]
    parameters += [bindparam(name, expanding=True) for name in lists]
    return text(statement).bindparams(*parameters)


def skip_locked(connection: Connection) -> str:
    """PostgreSQL: rows that another worker is claiming are passed over. SQLite has one writer at a time."""
    return "FOR UPDATE SKIP LOCKED" if connection.dialect.name == "postgresql" else ""


def by_id(column: str) -> str:
    """A column of a row that is found by its id, for a condition that no index is to serve. Where PostgreSQL's
    statistics are older than a launch, it takes rows that wait for few, and would go through all of them each time."""
    return f"COALESCE({column}, '')"


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


_WORDS = " ".join(f"WHEN {_literal(reason)} THEN {_literal(words)}" for reason, words in REASON_IN_WORDS.items())
_MEMBERS = ", ".join(_literal(status) for status in MEMBERS)
NOT_A_MEMBER = "no longer a contact of a member"
NOT_ACTIVE = "no longer an active contact"
NOT_SUBSCRIBED = "not subscribed"
UNSUBSCRIBED = "unsubscribed"


def may_not_write(contact_id: str, address_key: str, *, active: str | None = None, run: str = "run") -> str:
    """An SQL expression: why we may not write to this contact now, in words; NULL where we may.

    Suppressed in a scope that covers the publication (model.suppression.covering); else not entitled: news goes to
    active subscriptions, a statutory notice to the contacts of members. `active`: where the contact is at hand.
    """
    news_scopes = f"('{NEWS}', '{publication_scope('')}' || {run}.publication)"
    is_active = (
        active or f"EXISTS (SELECT 1 FROM contact c WHERE c.id = {contact_id} AND c.active AND c.erased_at IS NULL)"
    )
    return f"""COALESCE(
        (SELECT CASE s.reason {_WORDS} ELSE s.reason END
           FROM suppression s
          WHERE s.address_key = {address_key}
            AND (s.scope = '{ADDRESS}' OR (NOT {run}.statutory AND s.scope IN {news_scopes}))
          ORDER BY s.scope  -- the widest first, and the order of the index
          LIMIT 1),
        CASE
          WHEN NOT {is_active} THEN '{NOT_ACTIVE}'
          WHEN {run}.statutory THEN
            CASE WHEN NOT EXISTS (
              SELECT 1 FROM contact c JOIN institution i ON i.id = c.institution_id
               WHERE c.id = {contact_id} AND i.status IN ({_MEMBERS})) THEN '{NOT_A_MEMBER}' END
          ELSE
            CASE COALESCE((SELECT u.state FROM subscription u
                            WHERE u.contact_id = {contact_id} AND u.publication = {run}.publication), 'none')
              WHEN 'active' THEN NULL WHEN 'ended' THEN '{UNSUBSCRIBED}' ELSE '{NOT_SUBSCRIBED}'
            END
        END)"""
