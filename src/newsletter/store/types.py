"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, String, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine


def instant_text(value: datetime) -> str:
    """As SQLite keeps an instant: 2026-12-03T14:05:00.000000Z, of fixed width, so that text sorts as time."""
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite gives identity only to INTEGER
Json = JSON().with_variant(JSONB, "postgresql")


def instant(value: Any) -> datetime:
    """One that came back from a database."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo is UTC else found.astimezone(UTC)


class Instant(TypeDecorator[datetime]):
    """An instant: timestamptz on PostgreSQL, fixed-width UTC text on SQLite. Naive values are refused."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = DateTime(timezone=True) if dialect.name == "postgresql" else String(27)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC) if dialect.name == "postgresql" else instant_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else instant(value)
