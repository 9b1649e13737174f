"""What holds a send back is said in sentences, with until when."""

from __future__ import annotations

from pathlib import Path

from newsletter.clock import FixedClock
from newsletter.store import ledger, runs
from newsletter.store.engine import reading, writing
from newsletter.workflow.sending.holding import held
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.plan import plan_send
from newsletter.workflow.sending.send import send
from tests.web.desk import client
from tests.workflow.office import ISSUE, approved, lay, office

LIMITS = '\n[transports.outbox.limits]\nper_hour = 2\nquiet = "13:00-14:00"\n'


def test_limits_quiet_hours_and_resting_domains_are_told_on_the_page_of_the_send(
    tmp_path: Path, clock: FixedClock
) -> None:
    with office(lay(tmp_path / "ws", tables=LIMITS), clock) as ws:
        ctx = ws.context
        approved(ws)
        run = launch(ctx, plan_send(ctx, ws.issue(ISSUE), rehearse=True), ctx.person("luc"))
        with reading(ctx.engine) as connection:
            row = runs.get(connection, run)
            domain = connection.exec_driver_sql("SELECT max(domain) FROM delivery").scalar_one()
        assert held(ctx, row, "UTC") == []
        send(ctx, run)
        with writing(ctx.engine) as connection:
            ledger.put_off_domain(connection, "outbox", domain, "451 4.7.1 later", now=clock.now())
        told = held(ctx, row, "Africa/Cairo")
        assert told[0] == (
            "The limit of 2 an hour of this sending service is used up until 2026-11-24 13:00 (Africa/Cairo)."
        )
        assert told[1].startswith(f"{domain} puts mail off (451 4.7.1 later): its ")
        page = client(ws, "ana").get(f"/issues/{ISSUE}/progress").text
        assert "The limit of 2 an hour" in page
        assert "puts mail off" in page
        clock.set(clock.now().replace(hour=13, minute=30))
        assert held(ctx, row, "UTC")[0].endswith("it goes on at 2026-11-24 14:00 (UTC).")
