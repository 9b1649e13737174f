"""Staff: who they are, what they may do, and how they sign in. Each change is audited under who made it."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import Connection

from newsletter.errors import NewsletterError, UsageError
from newsletter.i18n import say
from newsletter.model.address import AddressError, check_address
from newsletter.model.permission import Action, Role, require
from newsletter.store import audit, people, sessions
from newsletter.store.engine import reading, writing
from newsletter.store.people import Person
from newsletter.workflow.context import LOCAL, Context

LINK_HOURS = 72
SHORTEST = 10  # characters of a password (NIST SP 800-63B asks for length, not for signs)
WINDOW = timedelta(minutes=15)
TRIES_A_PERSON, TRIES_A_PLACE = 8, 40  # failed sign-ins within the window, before one has to wait


class SignInFailed(NewsletterError):
    """The name, the password or the code is not right, or there were too many tries."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    token: str  # for the cookie
    person: Person


def sign_in(ctx: Context, typed: str, password: str, code: str, *, place: str, device: str) -> SignedIn:
    """Checks password and, where one is set up, the code; too many tries from one place or for one name must wait."""
    keys = [_key("name", typed.strip().lower()), _key("place", place)]
    now = ctx.clock.now()
    with reading(ctx.engine) as connection:
        tries = [sessions.failures(connection, key, now - WINDOW) for key in keys]
        person = people.by_name_typed(connection, typed)
        known = people.credentials(connection, person.id) if person else None
    if tries[0] >= TRIES_A_PERSON or tries[1] >= TRIES_A_PLACE:
        raise SignInFailed(
            say("Too many tries: wait a quarter of an hour, or ask an administrator for a sign-in link.")
        )
    right = _matches(known.password if known else None, password)
    if right and known is not None and known.totp_secret is not None:
        right = _code_matches(known.totp_secret, code, now)
    if not right or person is None:
        with writing(ctx.engine) as connection:
            sessions.failed(connection, keys, now)
        raise SignInFailed(say("Name, password and code do not go together. The code is asked for once it is set up."))
    with writing(ctx.engine) as connection:
        sessions.forget_failures(connection, keys[0])
        token = _start(connection, person, device, now)
    return SignedIn(token, person)


def sign_in_as(ctx: Context, slug: str, *, device: str) -> SignedIn:
    """Without a password: for the demo, on this machine only."""
    person = ctx.person(slug)
    with writing(ctx.engine) as connection:
        return SignedIn(_start(connection, person, device, ctx.clock.now()), person)


def nobody_signs_in(ctx: Context) -> bool:
    with reading(ctx.engine) as connection:
        return not people.anybody_signs_in(connection)


def first_link(ctx: Context) -> str | None:
    """The one-time token that makes the first administrator; None where somebody signs in already."""
    return _link(ctx, None) if nobody_signs_in(ctx) else None


def invite(ctx: Context, person_id: int, by: Person) -> str:
    """A one-time token with which a person sets a password."""
    require(by.name, by.roles, Action.CONFIGURE)
    with reading(ctx.engine) as connection:
        person = people.by_id(connection, person_id)
    token = _link(ctx, person.id)
    _audit(ctx, by, "sign-in link", person)
    return token


def open_link(ctx: Context, token: str) -> Person | None:
    """Whom a one-time link is for (None: the first administrator); SignInFailed where it does not work any more."""
    with reading(ctx.engine) as connection:
        link = sessions.find_link(connection, token, ctx.clock.now())
        if link is None:
            raise SignInFailed(say("This link has been used, or is too old: ask an administrator for another."))
        return people.by_id(connection, link.person_id) if link.person_id is not None else None


def use_link(ctx: Context, token: str, *, name: str, address: str, password: str, device: str) -> SignedIn:
    """Sets the password of whom the link is for, and signs them in; name and address make the first administrator."""
    person = open_link(ctx, token)
    _check_password(password)
    now = ctx.clock.now()
    with reading(ctx.engine) as connection:
        link = sessions.find_link(connection, token, now)
    if person is None:
        person = _add(ctx, name, address, [role.value for role in Role])
    with writing(ctx.engine) as connection:
        if link is None or not sessions.use_link(connection, link.id, now):
            raise SignInFailed(say("This link has been used already."))
        people.change(connection, person.id, password=PasswordHasher().hash(password))
        sessions.end_all(connection, person.id, now)
        return SignedIn(_start(connection, person, device, now), person)


def add_person(ctx: Context, name: str, address: str, roles: Sequence[str], by: Person) -> Person:
    require(by.name, by.roles, Action.CONFIGURE)
    person = _add(ctx, name, address, _roles(roles))
    _audit(ctx, by, "add person", person)
    return person


def set_roles(ctx: Context, person_id: int, roles: Sequence[str], by: Person) -> None:
    """UsageError where nobody would be left who may change roles."""
    require(by.name, by.roles, Action.CONFIGURE)
    with writing(ctx.engine) as connection:
        people.change(connection, person_id, roles=_roles(roles))
        _check_admin(connection)
        person = people.by_id(connection, person_id)
    _audit(ctx, by, "roles", person)


def end_person(ctx: Context, person_id: int, by: Person) -> None:
    """Has left: every session ends, the name stays in the record."""
    require(by.name, by.roles, Action.CONFIGURE)
    now = ctx.clock.now()
    with writing(ctx.engine) as connection:
        people.change(connection, person_id, ended_at=now, password=None, totp_secret=None)
        _check_admin(connection)
        sessions.end_all(connection, person_id, now)
        person = people.by_id(connection, person_id)
    _audit(ctx, by, "end person", person)


def change_password(ctx: Context, person: Person, old: str, new: str, *, session_id: int) -> None:
    """Other sessions end: whoever knew the old password is out."""
    with reading(ctx.engine) as connection:
        known = people.credentials(connection, person.id)
    if known.password is not None and not _matches(known.password, old):
        raise UsageError(say("The present password is another."))
    _check_password(new)
    with writing(ctx.engine) as connection:
        people.change(connection, person.id, password=PasswordHasher().hash(new))
        sessions.end_all(connection, person.id, ctx.clock.now(), but=session_id)


def new_totp(ctx: Context, person: Person) -> tuple[str, str]:
    """A fresh secret, and the address that authenticator programs read from a picture; nothing is kept yet."""
    secret = secrets.token_bytes(20)
    code = TOTP(secret, 6, SHA1(), 30, enforce_key_length=False)  # noqa: S303 (RFC 6238's default, which all apps know)
    return secret.hex(), code.get_provisioning_uri(person.name, ctx.settings.public_url.split("//")[-1])


def set_totp(ctx: Context, person: Person, secret: str | None, code: str) -> None:
    """Keeps a secret once its first code is right; None takes the second factor away."""
    if secret is not None and not _code_matches(secret, code, ctx.clock.now()):
        raise UsageError(
            say("This code does not belong to the picture: type the six figures that the program shows now.")
        )
    with writing(ctx.engine) as connection:
        people.change(connection, person.id, totp_secret=secret)


def _matches(kept: str | None, password: str) -> bool:
    """Takes as long where nobody has that name, so that names cannot be found by time."""
    hasher = PasswordHasher()
    try:
        return hasher.verify(kept or hasher.hash("nobody"), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def _code_matches(secret: str, code: str, now: datetime) -> bool:
    """The code of now, of 30 seconds ago or ahead."""
    made = TOTP(bytes.fromhex(secret), 6, SHA1(), 30, enforce_key_length=False)  # noqa: S303
    typed = "".join(str(unicodedata.digit(sign)) for sign in code if unicodedata.digit(sign, None) is not None)
    for drift in (0, -30, 30):
        try:
            made.verify(typed.encode(), int(now.timestamp()) + drift)
        except InvalidToken:
            continue
        return True
    return False


def _check_password(password: str) -> None:
    if len(password) < SHORTEST:
        raise UsageError(
            say("A password has at least %(least)s characters: three or four words are good.", least=SHORTEST)
        )


def _start(connection: Connection, person: Person, device: str, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    sessions.start(connection, token, person_id=person.id, device=device, now=now)
    return token


def _link(ctx: Context, person_id: int | None) -> str:
    token = secrets.token_urlsafe(24)
    with writing(ctx.engine) as connection:
        sessions.make_link(connection, token, person_id=person_id, now=ctx.clock.now(), hours=LINK_HOURS)
    return token


def _add(ctx: Context, name: str, address: str, roles: Sequence[str]) -> Person:
    if not name.strip():
        raise UsageError(say("Enter a name."))
    try:
        check_address(address)
    except AddressError as error:
        raise UsageError(say("Enter an email address: %(error)s", error=error)) from None
    with writing(ctx.engine) as connection:
        if people.by_name_typed(connection, address) is not None:
            raise UsageError(say("Somebody on the staff has this address already."))
        slug = _slug(name, people.slugs(connection))
        people.add(connection, slug, name=name.strip(), address=address.strip(), roles=roles, now=ctx.clock.now())
        made = people.find(connection, slug)
    assert made is not None
    return made


def _slug(name: str, taken: Sequence[str]) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "person"
    return next(slug for n in range(1, 10_000) if (slug := base if n == 1 else f"{base}-{n}") not in {*taken, LOCAL})


def _roles(roles: Sequence[str]) -> list[str]:
    known = [role.value for role in Role]
    if unknown := [role for role in roles if role not in known]:
        raise UsageError(say("There is no role %(unknown)r.", unknown=unknown[0]))
    return [role for role in known if role in roles]


def _check_admin(connection: Connection) -> None:
    admins = [each for each in people.everybody(connection) if Role.ADMIN in each.roles and each.slug != LOCAL]
    if not admins:
        raise UsageError(say("Somebody must stay administrator: name another first."))


def _audit(ctx: Context, by: Person, action: str, person: Person) -> None:
    data = {"roles": list(person.roles)}
    with writing(ctx.engine) as connection:
        audit.note(connection, action, f"person:{person.id}", at=ctx.clock.now(), person_id=by.id, data=data)


def _key(kind: str, typed: str) -> str:
    return hashlib.sha256(f"{kind}:{typed}".encode()).hexdigest()
