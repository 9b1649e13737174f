"""One launch, waves by time zone: shown before approval, and due as shown."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select, update

from newsletter.clock import FixedClock
from newsletter.dispatch.post import Ended
from newsletter.store.engine import reading, writing
from newsletter.store.tables import contact, delivery
from newsletter.workflow.approving.approve import latest_edition
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.plan import plan_send
from newsletter.workflow.sending.send import send
from newsletter.workflow.sending.waves import waves
from tests.web.desk import client
from tests.workflow.office import ISSUE, approved, lay, office
from tests.workflow.test_real_send import mail_server, smtp


def test_each_gets_it_at_the_hour_of_their_own_day(tmp_path: Path, clock: FixedClock) -> None:
    with mail_server() as server:
        folder = lay(tmp_path / "ws", **smtp(server.port))
        campaign = folder / "campaigns/news/campaign.yaml"
        campaign.write_text("local_time: true\n" + campaign.read_text())
        with office(folder, clock) as ws:
            ctx = ws.context
            with writing(ctx.engine) as connection:
                ids = sorted(connection.execute(select(contact.c.id)).scalars())
                for id_, zone in zip(ids, ("America/Lima", "Asia/Tokyo", "Mars/Base"), strict=False):
                    connection.execute(update(contact).where(contact.c.id == id_).values(time_zone=zone))
            approved(ws)  # now: 11:00 where the campaign is at home
            shown = [
                (f"{wave.at:%d %H:%M}", wave.contacts) for wave in waves(ctx, latest_edition(ctx, ws.issue(ISSUE)))
            ]
            page = client(ws, "luc").get(f"/issues/{ISSUE}/schedule/waves").text
            run = launch(ctx, plan_send(ctx, ws.issue(ISSUE)), ctx.person("luc"))
            with reading(ctx.engine) as connection:
                due = {row.contact_id: row.due_at for row in connection.execute(select(delivery))}
            report = send(ctx, run)
            assert sorted(f"{at:%d %H:%M}" for at in due.values()) == ["24 10:00", "24 16:00", "25 02:00"]
            assert shown == [("24 10:00", 1), ("24 16:00", 1), ("25 02:00", 1)]
            assert "America/Lima" in page
            assert (report.ended, report.next_at) == (Ended.WAITING, sorted(due.values())[1])
            assert len(server.accepted) == 1
            clock.set(sorted(due.values())[2])
            assert send(ctx, run).ended is Ended.DONE
            assert len(server.accepted) == 3
