"""Test sends: marked, with inert links, to staff or allow-listed addresses only; rows outside all sums."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch

from sqlalchemy import insert, update

from newsletter.audience import examples
from newsletter.dispatch.transports.base import Outgoing
from newsletter.errors import UsageError
from newsletter.message import mime, splice
from newsletter.message.mime import Template
from newsletter.message.slots import field_values
from newsletter.message.tree import bind_tree
from newsletter.model.delivery import AttemptState
from newsletter.model.permission import Action, require
from newsletter.model.recipient import Recipient
from newsletter.settings import OutboxSettings
from newsletter.store import people
from newsletter.store.engine import reading, writing
from newsletter.store.people import Person
from newsletter.store.tables import service_message
from newsletter.tokens import INERT_ID
from newsletter.workflow.audience import audience_rule
from newsletter.workflow.compose import ComposedLanguage, Composition
from newsletter.workflow.context import Context
from newsletter.workflow.send import full_name, transport_for
from newsletter.workflow.witnesses import witnesses_of

MARK = "[Test] "


def send_tests(
    ctx: Context,
    made: Composition,
    addresses: Sequence[str],
    person: Person,
    *,
    as_: Mapping[str, Recipient] | None = None,
) -> list[str]:
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
            state, reply = _send(ctx, made, composed, recipient, address, person)
            said.append(f"{language}: {state.value}{f' ({reply})' if reply else ''}")
    return said


def check_allowed(ctx: Context, address: str) -> None:
    """UsageError for anybody who is neither staff nor on the list of test addresses."""
    with reading(ctx.engine) as connection:
        staff = {each.address.lower() for each in people.everybody(connection) if each.address and not each.left}
    patterns = [pattern.lower() for pattern in ctx.settings.test_addresses]
    if address.lower() not in staff and not any(fnmatch(address.lower(), pattern) for pattern in patterns):
        raise UsageError(
            "Tests go to staff and to test_addresses in newsletter.toml only: add the address (or *@its.domain) there."
        )


def _send(
    ctx: Context, made: Composition, composed: ComposedLanguage, recipient: Recipient, address: str, person: Person
) -> tuple[AttemptState, str]:
    name = (made.campaign.transports or ctx.settings.send_with or ["outbox"])[0]
    at = ctx.clock.now()
    with writing(ctx.engine) as connection:
        values = {
            "kind": "test",
            "issue_id": made.issue.id,
            "person_id": person.id,
            "address": address,
            "transport": name,
            "state": AttemptState.INTENT.value,
            "created_at": at,
        }
        made_row = insert(service_message).values(values).returning(service_message.c.id)
        id_ = int(connection.execute(made_row).scalar_one())
    template = _template(composed, recipient)
    fields = tuple(field_values(recipient, template.fields))
    data = ctx.personal.delivery(
        INERT_ID,
        address,
        at,
        fields,
        name=full_name(dict(zip(template.fields, fields, strict=True))),
        trace=ctx.secrets.key_ring.digest("test", id_),
    )
    # A number of its own below zero: a test is no delivery, and its file in the outbox must meet none.
    outgoing = Outgoing(-id_, -id_, 0, address, template, data, splice.message, template.envelope.sender.address)
    transport = transport_for(ctx, name)

    async def main() -> tuple[AttemptState, str]:
        channel = await transport.open()
        try:
            [outcome] = await channel.send([outgoing])
        finally:
            await channel.close()
        return outcome.state, "" if isinstance(ctx.settings.transports[name], OutboxSettings) else outcome.reply

    state, reply = asyncio.run(main())
    with writing(ctx.engine) as connection:
        done = {"state": state.value, "reply": reply, "finished_at": ctx.clock.now()}
        connection.execute(update(service_message).where(service_message.c.id == id_).values(done))
    return state, reply


def _template(composed: ComposedLanguage, recipient: Recipient) -> Template:
    compiled = composed.compiled
    number = bind_tree(compiled.tree, compiled.fields, compiled.language)(field_values(recipient, compiled.fields))
    variant = compiled.variants[number or 0]
    marked = replace(variant, subject=(MARK, *variant.subject))
    # Nobody unsubscribes by a test.
    envelope = replace(composed.envelope, unsubscribe=False, automatic=True)
    return mime.compile(marked, envelope, compiled.fields)
