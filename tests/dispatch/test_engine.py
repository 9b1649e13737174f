"""A run from launch to done, over the outbox."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import Engine

from newsletter.dispatch.engine import Ended, dispatch
from newsletter.dispatch.transports.outbox import Outbox
from newsletter.model.delivery import DeliveryState
from tests.dispatch.world import counts, launched, make_world, post


def test_a_run_is_sent_to_the_outbox(engine: Engine, tmp_path: Path) -> None:
    world = make_world(engine, contacts=250)
    run = launched(world)
    report = asyncio.run(dispatch(post(world, Outbox("outbox", tmp_path / "out")), run))
    assert report.ended is Ended.DONE
    assert counts(engine, run) == {DeliveryState.ACCEPTED: 250}
    assert len(list((tmp_path / "out" / "new").iterdir())) == 250
    assert report.sums.line.startswith("audience 250 = pending 0 + sending 0 + accepted 250")
