"""A real sender that is asked to stop in mid-send: SIGTERM drains for a while, Ctrl-C twice ends at once."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from sqlalchemy import Engine

from newsletter.clock import SystemClock
from newsletter.dispatch.engine import dispatch
from newsletter.dispatch.lock import AlreadyDispatching
from newsletter.dispatch.post import Post
from newsletter.model.delivery import DeliveryState as S
from tests.dispatch.world import counts, deliveries
from tests.fakes.smtp import SILENCE, FakeSmtp, Fault
from tests.faults.books import smtp_side
from tests.faults.lives import LIFE, LIVES, laid_out, prepare
from tests.faults.sender import CONNECTIONS, Ways, keep_sending, letter, send, transport
from tests.faults.trial import offset

MESSAGES = 120


def test_sigterm_finishes_what_is_under_way_and_leaves_the_rest_to_the_next(tmp_path: Path) -> None:
    engine, run = prepare("smtp", tmp_path, MESSAGES)
    with smtp_side(tmp_path) as side:
        stopped = life(engine, run, side.target)
        wait_for(lambda: len(side.accepted()) > MESSAGES // 4, stopped)
        os.kill(stopped.pid or 0, signal.SIGTERM)
        stopped.join(LIFE)
        assert stopped.exitcode == 0
        after = counts(engine, run)
        assert set(after) == {S.ACCEPTED, S.PENDING}, "it was to be stopped in mid-send, and nothing to be in doubt"
        assert sorted(side.accepted()) == sorted(addresses(engine, run, S.ACCEPTED))
        assert {row.claim_id for row in deliveries(engine, run)} == {None}
        following = life(engine, run, side.target)
        following.join(LIFE)
        assert counts(engine, run) == {S.ACCEPTED: MESSAGES}
        assert Counter(side.accepted()) == Counter(addresses(engine, run, S.ACCEPTED))
    engine.dispose()


@pytest.mark.postgresql
def test_a_deploy_in_mid_send_skips_nobody_and_leaves_nothing_in_doubt(tmp_path: Path, postgres_engine: Engine) -> None:
    """The new program begins while the old one, which was asked to stop, still finishes what is under way."""
    run = laid_out(postgres_engine, "smtp", 2 * MESSAGES)
    with smtp_side(tmp_path) as side:
        old = life(postgres_engine, run, side.target)
        wait_for(lambda: len(side.accepted()) > MESSAGES // 2, old)
        os.kill(old.pid or 0, signal.SIGTERM)
        database = postgres_engine.url.render_as_string(hide_password=False)
        new = LIVES.Process(target=keep_sending, args=(database, run, "smtp", side.target, Ways(offset())))
        new.start()
        for each in (old, new):
            each.join(LIFE)
            assert each.exitcode == 0
        assert counts(postgres_engine, run) == {S.ACCEPTED: 2 * MESSAGES}
        assert sorted(side.accepted()) == sorted(addresses(postgres_engine, run, S.ACCEPTED))


def test_ctrl_c_drains_and_twice_ends_at_once_with_what_was_under_way_in_doubt(tmp_path: Path) -> None:
    """The server never answers, so draining would take as long as its deadline."""
    engine, run = prepare("smtp", tmp_path, MESSAGES)

    async def play() -> None:
        async with FakeSmtp(faults=[Fault("dot", SILENCE)] * CONNECTIONS).running() as server:
            heard = LIVES.Event()
            sender = life(engine, run, str(server.port), heard)
            await asyncio.to_thread(wait_for, lambda: counts(engine, run).get(S.SENDING) == CONNECTIONS, sender)
            await asyncio.to_thread(wait_for, lambda: server.commands.count("DATA") == CONNECTIONS, sender)
            with pytest.raises(AlreadyDispatching, match="Another program is sending from this database already"):
                await dispatch(Post(engine, transport("smtp", "1"), letter, SystemClock()), run)
            os.kill(sender.pid or 0, signal.SIGINT)
            assert await asyncio.to_thread(heard.wait, LIFE)
            assert sender.is_alive()
            os.kill(sender.pid or 0, signal.SIGINT)
            await asyncio.to_thread(sender.join, 4)  # less than a goodbye to a silent server would wait
            assert not sender.is_alive()
            assert counts(engine, run) == {S.SENDING: CONNECTIONS, S.PENDING: MESSAGES - CONNECTIONS}
            assert {row.claim_id for row in deliveries(engine, run)} == {None}
            following = life(engine, run, str(server.port))
            await asyncio.to_thread(following.join, LIFE)
            assert counts(engine, run) == {S.ACCEPTED: MESSAGES - CONNECTIONS, S.UNCONFIRMED: CONNECTIONS}
            arrived = [recipient.strip("<>") for _, recipient in server.envelopes]
            assert sorted(arrived) == sorted(addresses(engine, run, S.ACCEPTED))

    asyncio.run(play())
    engine.dispose()


def test_sigterm_ends_within_the_drain_though_the_server_never_answers(tmp_path: Path) -> None:
    """Long before the deadline of a command (10 seconds) or of the whole message (100)."""
    engine, run = prepare("smtp", tmp_path, MESSAGES)

    async def play() -> None:
        async with FakeSmtp(faults=[Fault("dot", SILENCE)] * CONNECTIONS).running() as server:
            args = (str(engine.url), run, "smtp", str(server.port), None, 0.1)
            sender = LIVES.Process(target=send, args=args)
            sender.start()
            await asyncio.to_thread(wait_for, lambda: counts(engine, run).get(S.SENDING) == CONNECTIONS, sender)
            await asyncio.to_thread(wait_for, lambda: server.commands.count("DATA") == CONNECTIONS, sender)
            os.kill(sender.pid or 0, signal.SIGTERM)
            await asyncio.to_thread(sender.join, LIFE)
            assert sender.exitcode == 0
            assert counts(engine, run) == {S.UNCONFIRMED: CONNECTIONS, S.PENDING: MESSAGES - CONNECTIONS}
            assert {row.claim_id for row in deliveries(engine, run)} == {None}
            assert server.accepted == []

    asyncio.run(play())
    engine.dispose()


def life(engine: Engine, run: int, target: str, heard: object = None) -> BaseProcess:
    url = engine.url.render_as_string(hide_password=False)
    process = LIVES.Process(target=send, args=(url, run, "smtp", target, heard))
    process.start()
    return process


def wait_for(reached: Callable[[], bool], sender: BaseProcess) -> None:
    ends = time.monotonic() + LIFE
    while not reached():
        assert sender.is_alive(), "the sender ended too early"
        assert time.monotonic() < ends
        time.sleep(0.002)


def addresses(engine: Engine, run: int, state: S) -> list[str]:
    return [str(row.address) for row in deliveries(engine, run) if row.state == state]
