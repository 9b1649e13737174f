"""Test sends: marked, with inert links, to staff or allow-listed addresses only; rows outside all sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch

from newsletter.audience import examples
from newsletter.errors import UsageError
from newsletter.i18n import Tongue, say
from newsletter.message import mime
from newsletter.message.mime import Template
from newsletter.message.slots import field_values
from newsletter.message.tree import bind_tree
from newsletter.model.delivery import AttemptState
from newsletter.model.permission import Action, require
from newsletter.model.recipient import Recipient
from newsletter.store import people
from newsletter.store.engine import reading
from newsletter.store.people import Person
from newsletter.workflow.audience import audience_rule
from newsletter.workflow.composing.composition import ComposedLanguage, Composition
from newsletter.workflow.context import Context
from newsletter.workflow.people.witnesses import witnesses_of
from newsletter.workflow.sending.own_mail import OwnMail, Posted, post
from newsletter.workflow.sending.send import name_in

MARK = "[Test] "
_IN_WORDS = {
    AttemptState.ACCEPTED: say("accepted"),
    AttemptState.REJECTED: say("rejected"),
    AttemptState.DEFERRED: say("deferred"),
    AttemptState.UNCONFIRMED: say("unconfirmed"),
}


@dataclass(frozen=True, slots=True)
class Tested:
    """What became of a test."""

    language: str
    posted: Posted

    @property
    def went(self) -> bool:
        return self.posted.state is AttemptState.ACCEPTED

    def __str__(self) -> str:
        return self.told

    @property
    def told(self) -> str:
        """`fr: rejected (550 No such user)`"""
        values = {"language": Tongue(self.language), "state": _IN_WORDS.get(self.posted.state, self.posted.state.value)}
        if self.posted.reply:
            return say("%(language)s: %(state)s (%(reply)s)", **values, reply=self.posted.reply)
        return say("%(language)s: %(state)s", **values)


def send_tests(
    ctx: Context,
    made: Composition,
    addresses: Sequence[str],
    person: Person,
    *,
    as_: Mapping[str, Recipient] | None = None,
) -> list[Tested]:
    """Sends every language to each address, as a real contact of that language would get it; says what happened.

    `as_`: as whom instead, by language.
    """
    require(person.name, person.roles, Action.EDIT)
    for address in addresses:
        check_allowed(ctx, address)
    said = []
    for language, composed in made.languages.items():
        rule = audience_rule(ctx, made.issue.campaign, made.campaign, list(made.languages))
        with reading(ctx.engine) as connection:
            some = witnesses_of(connection, rule, ctx.fields, language, 1)
        example = some[0] if some else examples.public(made.campaign.public, ctx.fields, language)
        recipient = (as_ or {}).get(language, example)
        for address in addresses:
            said.append(Tested(language, _send(ctx, made, composed, recipient, address, person)))
    return said


def check_allowed(ctx: Context, address: str) -> None:
    """UsageError for anybody who is neither staff nor on the list of test addresses."""
    with reading(ctx.engine) as connection:
        staff = {each.address.lower() for each in people.everybody(connection) if each.address and not each.left}
    patterns = [pattern.lower() for pattern in ctx.settings.test_addresses]
    if address.lower() not in staff and not any(fnmatch(address.lower(), pattern) for pattern in patterns):
        raise UsageError(
            say(
                "Tests go to staff and to test_addresses in newsletter.toml only: add the address (or "
                "*@its.domain) there."
            )
        )


def _send(
    ctx: Context, made: Composition, composed: ComposedLanguage, recipient: Recipient, address: str, person: Person
) -> Posted:
    template = _template(composed, recipient)
    values = tuple(field_values(recipient, template.fields))
    name = name_in(dict(zip(template.fields, values, strict=True)))
    return post(ctx, made.campaign, OwnMail("test", made.issue, person, address, template, values, name))


def _template(composed: ComposedLanguage, recipient: Recipient) -> Template:
    compiled = composed.compiled
    number = bind_tree(compiled.tree, compiled.fields, compiled.language)(field_values(recipient, compiled.fields))
    variant = compiled.variants[number or 0]
    marked = replace(variant, subject=(MARK, *variant.subject))
    # Nobody unsubscribes by a test.
    envelope = replace(composed.envelope, unsubscribe=False, automatic=True)
    return mime.compile(marked, envelope, compiled.fields)
