"""Run -> dispatch: one message per delivery, through the transport that the approval names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from newsletter.dispatch.engine import dispatch
from newsletter.dispatch.post import Letter, Post, Progress, Report
from newsletter.dispatch.signals import stop_on_signals
from newsletter.dispatch.transports import make_transport
from newsletter.dispatch.transports.base import Transport
from newsletter.errors import UsageError
from newsletter.i18n import say
from newsletter.message import mime, splice
from newsletter.message.envelope import DeliveryData, Personal
from newsletter.message.mime import Template
from newsletter.model.contact import NAME_FIELDS, full_name
from newsletter.settings import provider_secret
from newsletter.store import editions, runs
from newsletter.store.editions import EditionRow
from newsletter.store.engine import reading
from newsletter.store.ledger import Claimed, Watch
from newsletter.store.runs import RunRow
from newsletter.tokens import KeyRing
from newsletter.workflow.composing.envelopes import restore
from newsletter.workflow.context import Context
from newsletter.workflow.sending.launch import canary_of
from newsletter.workflow.sending.origin import check_origin

DKIM_KEY = "NEWSLETTER_DKIM_KEY"
LOOK = 0.1  # seconds between looks whether a thread is to stop


class Stopping(Protocol):
    """Says whether a dispatch is to end; a `threading.Event` does."""

    def is_set(self) -> bool: ...


def send(
    ctx: Context,
    run_id: int,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    linger: bool = False,
    stopping: Stopping | None = None,
    turn: Stopping | None = None,
) -> Report:
    """Dispatches a run until nothing is due. Ctrl-C and SIGTERM drain; in a thread `stopping` does.

    `turn`: others are to go on; what is under way then takes the time that it needs.
    """
    with reading(ctx.engine) as connection:
        run = runs.get(connection, run_id)
        edition = editions.get(connection, run.edition_id)
    if not run.rehearsal:
        check_origin(ctx)
    post = Post(
        ctx.engine,
        make_transport(run.transport, ctx.settings.transports[run.transport], ctx.folder),
        composer(ctx, run, edition),
        ctx.clock,
        on_progress,
        ctx.settings.stop_within,
        canary=_watch(edition, run),
        limits=ctx.settings.transports[run.transport].limits,
        redirect=None if run.rehearsal else ctx.settings.redirect_all_to,
    )

    async def main() -> Report:
        stop = asyncio.Event()
        if stopping is None:
            with stop_on_signals(stop):
                return await dispatch(post, run_id, stop=stop, linger=linger)
        ending = asyncio.Event()
        follow = (turn or stopping, stop), (stopping, ending)
        watching = [asyncio.create_task(_follow(said, event)) for said, event in follow]
        try:
            return await dispatch(post, run_id, stop=stop, ending=ending, linger=linger)
        finally:
            for each in watching:
                each.cancel()

    return asyncio.run(main())


async def _follow(said: Stopping, event: asyncio.Event) -> None:
    while not said.is_set():
        await asyncio.sleep(LOOK)
    event.set()


def _watch(edition: EditionRow, run: RunRow) -> Watch | None:
    canary = None if run.rehearsal else canary_of(edition)
    return None if canary is None else Watch(canary.wait, canary.stop_at)


def composer(ctx: Context, run: RunRow, edition: EditionRow) -> Callable[[Claimed], Letter]:
    """What makes a delivery's message; a variant is read and compiled to bytes when it is first needed."""
    keys = KeyRing({run.token_key: ctx.secrets.key_ring.keys[run.token_key]})
    personal = Personal(keys, ctx.settings.public_url)

    @lru_cache(maxsize=512)
    def template(language: str, variant: int) -> Template:
        with reading(ctx.engine) as connection:
            compiled = editions.variant(connection, edition.id, language, variant)
            envelope = restore(connection, edition.languages[language]["envelope"])
        return mime.compile(compiled, envelope, edition.languages[language]["fields"])

    join = signing(ctx)

    def letter(row: Claimed) -> Letter:
        variant = template(row.language, row.variant)
        values = tuple(row.field_values)
        name = name_in(dict(zip(variant.fields, values, strict=True)))
        data = personal.delivery(row.id, row.address, row.due_at, values, name=name)
        return Letter(variant, data, join, variant.envelope.sender.address, ready=join is splice.message)

    return letter


def signing(ctx: Context) -> Callable[[Template, DeliveryData], bytes]:
    """What makes the bytes of a message: the splice, signed where the workspace signs for itself."""
    settings = ctx.settings.dkim
    if settings is None:
        return splice.message
    key = provider_secret(DKIM_KEY)
    if key is None:
        raise UsageError(
            say(
                "[dkim] in newsletter.toml wants the private key (PEM) in the environment as %(name)s.",
                name=DKIM_KEY,
            )
        )
    from newsletter.message.dkim import signer  # dkimpy is an extra

    sign = signer(settings.domain, settings.selector, key)
    return lambda template, data: sign(splice.message(template, data))


def name_in(values: dict[str, object]) -> str:
    """As the To field shows it."""
    return full_name(*(str(values[path]) for path in NAME_FIELDS if values.get(path)))


def transport_for(ctx: Context, name: str) -> Transport:
    return make_transport(name, ctx.settings.transports[name], ctx.folder)
