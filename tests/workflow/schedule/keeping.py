"""Processes that keep the schedule of one workspace, with a clock and hands that a test holds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, insert, select, update

from newsletter.clock import FixedClock
from newsletter.model.issue import IssueState
from newsletter.settings import OutboxSettings, Secrets, Settings, SmtpSettings
from newsletter.store import approvals, issues, people
from newsletter.store.engine import open_engine, reading, writing
from newsletter.store.tables import delivery, edition, firing, issue, run
from newsletter.tokens import AddressKeys, KeyRing
from newsletter.workflow.context import Context
from newsletter.workflow.scheduling.firing import gather_firing
from newsletter.workflow.scheduling.planned import launch_issue
from newsletter.workflow.scheduling.schedule import tick
from newsletter.workflow.scheduling.work import GATHER, LAUNCH
from newsletter.workspace.documents import FolderDocuments
from tests.dispatch.world import NOW, make_world

MONDAY = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
TUESDAY = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)  # 09:00 in Zurich, the first Tuesday
CAMPAIGN = """
title: Digest
publication: monthly
template: digest
languages: [fr]
subject: {{fr: Lettre}}
sender: {{name: A, address: a@news.example.org}}
sections: []
recurrence:
  rule: {rule}
  at: "{at}"
  zone: {zone}
  action: {action}
"""


RULE = {"rule": "FREQ=MONTHLY;BYDAY=1TU", "at": "09:00", "zone": "Europe/Zurich", "action": "gather"}
DEFERRED = list[tuple[str, str]]


@dataclass
class Process:
    """One program that keeps the schedule, with a connection of its own to the database."""

    ctx: Context
    deferred: DEFERRED = field(default_factory=list)
    gathered: list[str] = field(default_factory=list)

    def tick(self) -> datetime | None:
        return tick(self.ctx, lambda name, key: self.deferred.append((name, key)))

    def work(self) -> None:
        """Does what was deferred, sending apart."""
        while self.deferred:
            name, key = self.deferred.pop(0)
            if name == GATHER:
                gather_firing(self.ctx, int(key), self.gather)
            elif name == LAUNCH:
                launch_issue(self.ctx, int(key), lambda name, key: None)

    def at(self, instant: datetime) -> None:
        """Wakes at an instant and does what is due."""
        self.ctx.clock.set(instant)  # type: ignore[attr-defined]
        self.tick()
        self.work()

    def gather(self, ctx: Context, campaign: str, key: str, person: people.Person) -> str | None:
        self.gathered.append(f"{campaign}/{key} by {person.slug}")
        with writing(ctx.engine) as connection:
            issues.ensure(connection, campaign, key, person_id=person.id, now=ctx.clock.now())
        return None


def define(folder: Path, **changes: str) -> None:
    (folder / "campaigns/monthly/campaign.yaml").write_text(CAMPAIGN.format(**{**RULE, **changes}))


def process(engine: Engine, folder: Path, at: datetime = MONDAY, *, send_with: str = "smtp") -> Process:
    smtp = SmtpSettings(kind="smtp", host="127.0.0.1")
    transports = {"smtp": smtp, "outbox": OutboxSettings(kind="outbox")}
    settings = Settings(languages=["fr"], default_language="fr", transports=transports, send_with=[send_with])
    secrets = Secrets(KeyRing({1: b"k" * 32}), AddressKeys(b"s" * 32))
    own = open_engine(engine.url.render_as_string(hide_password=False))
    return Process(Context(folder, settings, secrets, FolderDocuments(folder, lambda *_: None), own, FixedClock(at)))


def rows(engine: Engine) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        chosen = select(firing.c.planned_wall, firing.c.state).order_by(firing.c.planned_wall)
        return [(row.planned_wall[:16], row.state) for row in connection.execute(chosen)]


def at_once(*functions: Callable[[], object]) -> None:
    """All at the same moment; what one raises is raised."""
    barrier, failed = threading.Barrier(len(functions)), list[BaseException]()

    def begin(function: Callable[[], object]) -> None:
        barrier.wait()
        try:
            function()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=begin, args=(each,)) for each in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def prepare(engine: Engine, key: str, state: IssueState, *, planned: datetime | None = None) -> int:
    """An issue with an edition that Luc approved, 8 contacts to write to."""
    with reading(engine) as connection:
        luc = people.find(connection, "luc")
    if luc is None:
        make_world(engine, contacts=8)
    with writing(engine) as connection:
        luc = people.find(connection, "luc")
        assert luc is not None
        row = issues.ensure(connection, "monthly", key, person_id=luc.id, now=NOW)
        connection.execute(update(issue).where(issue.c.id == row.id).values(state=state.value, planned_at=planned))
        add_edition(connection, row.id, luc.id)
    return row.id


FROZEN = {
    "sign_off": [],
    "transports": ["smtp"],
    "publication": "monthly",
    "statutory": False,
    "planned": "now",
    "audience": {"include": "true", "exclude": None},
    "segments": {},
    "copies": "address",
    "roles": [],
    "default_language": "fr",
}


def add_edition(connection: Any, issue_id: int, who: int, number: int = 1) -> int:
    language = {"fields": ["institution.name"], "tree": {"variant": 0}, "complete": True, "envelope": {}}
    values = {"issue_id": issue_id, "number": number, "hash": f"{number:064}", "language_hashes": {"fr": "f" * 64}}
    values |= {"definition": FROZEN, "languages": {"fr": language}, "frozen_by": who, "frozen_at": NOW}
    id_ = int(connection.execute(insert(edition).values(values).returning(edition.c.id)).scalar_one())
    about = {"edition_id": id_, "edition_hash": values["hash"], "recipient_count": 8, "person_id": who}
    approvals.add(connection, **about, language=None, language_hash=None, decision="approved", comment=None, at=NOW)
    return id_


def state(engine: Engine, issue_id: int) -> IssueState:
    with reading(engine) as connection:
        return issues.get(connection, issue_id).state


def launched(engine: Engine) -> list[tuple[str, int]]:
    """Runs: by whom, and how many deliveries."""
    with reading(engine) as connection:
        counted = select(func.count()).where(delivery.c.run_id == run.c.id).scalar_subquery()
        found = connection.execute(select(run.c.launched_by, counted.label("number")).order_by(run.c.id))
        return [(people.by_id(connection, row.launched_by).slug, row.number) for row in found.all()]
