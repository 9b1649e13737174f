"""A copied database never sends (invariant 10): it remembers for which address and through which servers it does.

The first real send records both. Where the settings say something else, nothing real leaves until an administrator
confirms that this is no copy. With `redirect_all_to`, all mail goes to that one address, and nothing needs confirming.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from newsletter.errors import NewsletterError
from newsletter.i18n import say
from newsletter.model.permission import Action, require
from newsletter.settings import OutboxSettings, SendGridSettings, Settings
from newsletter.store import audit
from newsletter.store.engine import reading, writing
from newsletter.store.people import Person
from newsletter.store.tables import meta
from newsletter.workflow.context import Context

URL = "origin url"
SERVER = "origin transport "  # and its name


class Copied(NewsletterError):
    """The settings are not those with which this database sends."""


def check_origin(ctx: Context) -> None:
    """Before anything real leaves. Copied where the database sends for another address or through other servers."""
    if (why := strange(ctx, record=True)) is not None:
        raise why


def strange(ctx: Context, *, record: bool = False) -> Copied | None:
    """What differs, for people; None where all is as recorded. `record`: where nothing is recorded yet, this is."""
    if ctx.settings.redirect_all_to:
        return None
    now = _now(ctx.settings)
    with reading(ctx.engine) as connection:
        recorded = _recorded(connection)
    if not recorded:
        if record:
            with writing(ctx.engine) as connection:
                if not _recorded(connection):
                    _write(connection, now)
        return None
    differing = [key for key in now if recorded.get(key) != now[key]]
    if not differing:
        return None
    return Copied(
        say(
            "This database sends for %(recorded)s, and the settings say %(now)s. If it is a copy, it must not send: "
            "set redirect_all_to for trying things out. If it has moved, an administrator confirms it: "
            "`newsletter db confirm`.",
            recorded=", ".join(recorded.get(key, "no such server") for key in differing),
            now=", ".join(now[key] for key in differing),
        )
    )


def confirm_origin(ctx: Context, person: Person) -> None:
    """From now on the database sends as the settings say. For administrators."""
    require(person.name, person.roles, Action.CONFIGURE)
    now = _now(ctx.settings)
    with writing(ctx.engine) as connection:
        before = _recorded(connection)
        connection.execute(delete(meta).where(meta.c.key.in_(list(before))))
        _write(connection, now)
        told = {"before": before, "now": now}
        audit.note(connection, "origin confirmed", "database", at=ctx.clock.now(), person_id=person.id, data=told)


def _now(settings: Settings) -> dict[str, str]:
    servers = {SERVER + name: _server(settings, name) for name in settings.transports}
    return {URL: settings.public_url} | {key: where for key, where in servers.items() if where}


def _server(settings: Settings, name: str) -> str:
    """Where a transport leads; nothing for an outbox, which reaches nobody."""
    match settings.transports[name]:
        case OutboxSettings():
            return ""
        case SendGridSettings() as sendgrid:
            return sendgrid.host
        case smtp:
            return f"{smtp.host}:{smtp.port}"


def _recorded(connection: Connection) -> dict[str, str]:
    rows = connection.execute(select(meta).where(meta.c.key.startswith("origin ")))
    return {row.key: row.value for row in rows}


def _write(connection: Connection, facts: dict[str, str]) -> None:
    """Two processes that send for the first time write the same."""
    into = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(meta)
    rows = [{"key": key, "value": value} for key, value in facts.items()]
    connection.execute(into.on_conflict_do_nothing(), rows)
