"""Who may do what (DESIGN: one association per database, no tenants). Roles combine in one person."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from newsletter.errors import NewsletterError
from newsletter.i18n import Listed, say


class Role(StrEnum):
    READER = "reader"
    AUTHOR = "author"
    STEWARD = "steward"
    APPROVER = "approver"
    ADMIN = "admin"


class Action(StrEnum):
    READ = "read"
    EDIT = "edit"
    PAUSE = "pause"
    CONTACTS = "contacts"
    APPROVE = "approve"
    SETTLE = "settle"
    CONFIGURE = "configure"


_ALL = frozenset(Role)
ALLOWED: dict[Action, frozenset[Role]] = {
    Action.READ: _ALL,
    Action.EDIT: frozenset({Role.AUTHOR, Role.APPROVER, Role.ADMIN}),
    Action.PAUSE: frozenset({Role.AUTHOR, Role.APPROVER, Role.ADMIN}),
    Action.CONTACTS: frozenset({Role.STEWARD, Role.ADMIN}),
    Action.APPROVE: frozenset({Role.APPROVER, Role.ADMIN}),
    Action.SETTLE: frozenset({Role.APPROVER, Role.ADMIN}),
    Action.CONFIGURE: frozenset({Role.ADMIN}),
}


IN_WORDS = {
    Action.READ: say("look at this"),
    Action.EDIT: say("edit issues"),
    Action.PAUSE: say("pause a send"),
    Action.CONTACTS: say("see or change contacts"),
    Action.APPROVE: say("approve or send"),
    Action.SETTLE: say("settle deliveries"),
    Action.CONFIGURE: say("change settings"),
}


_ROLES = {
    Role.READER: say("reader"),
    Role.AUTHOR: say("author"),
    Role.STEWARD: say("steward"),
    Role.APPROVER: say("approver"),
    Role.ADMIN: say("admin"),
}


class NotAllowed(NewsletterError):
    """A person lacks the role for an action."""


def may(roles: Iterable[str], action: Action) -> bool:
    return bool(ALLOWED[action] & {Role(role) for role in roles})


def require(person: str, roles: Iterable[str], action: Action) -> None:
    if not may(roles, action):
        wanted = Listed((_ROLES[each] for each in sorted(ALLOWED[action])), "or")
        raise NotAllowed(
            say(
                "%(person)s may not %(do)s here: that takes the role %(wanted)s.",
                person=person,
                do=IN_WORDS[action],
                wanted=wanted,
            )
        )
