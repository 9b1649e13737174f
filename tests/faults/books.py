"""Both sides' books: what the ledger says of a send, what the other side has accepted, and the verdict on the two."""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from newsletter.model.delivery import DeliveryState as S
from newsletter.store import ledger
from newsletter.store.engine import reading
from newsletter.store.tables import attempt
from tests.dispatch.world import deliveries, sums
from tests.fakes.sendgrid import FakeSendGrid
from tests.faults import smtp_server
from tests.faults.lives import answering, life
from tests.faults.sender import CONNECTIONS, RECIPIENTS
from tests.servers import free_port


@dataclass(frozen=True)
class Verdict:
    """What `benchmarks/faults.json` holds, one object a scenario."""

    scenario: str
    kills: int  # faults, each at an instant of its own
    sent: int
    lost: int  # neither arrived nor listed as unconfirmed
    doubled: int  # arrived twice
    unconfirmed: int
    allowed: int  # unconfirmed, by invariant 2

    @property
    def met(self) -> bool:
        return self.lost == 0 and self.doubled == 0 and self.unconfirmed <= self.allowed

    def row(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


@dataclass(frozen=True)
class Side:
    """The other side: where to send, and the recipients (or deliveries) that it has accepted, by its own record."""

    target: str
    accepted: Callable[[], list[str]]
    names: Callable[[Any], str]  # what the record calls a delivery
    doubts: int  # messages that may be in doubt after one kill of the sender


def judge(scenario: str, engine: Engine, run: int, side: Side, *, kills: int, allowed: int) -> Verdict:
    """Compares the books of a run for which nothing is left to do, with every sum of it."""
    counted = sums(engine, run)
    assert counted.open == 0, counted.line
    arrived, rows = Counter(side.accepted()), deliveries(engine, run)
    assert Counter(row.state for row in rows) == {state: number for state, number in counted.counts.items() if number}
    assert set(arrived) <= {side.names(row) for row in rows}, "something arrived that is in no book"
    denied = [row.state for row in rows if arrived[side.names(row)] and row.state not in (S.ACCEPTED, S.UNCONFIRMED)]
    assert not denied, f"arrived, and yet {Counter(denied)}"
    doubtful = {row.id for row in rows if row.state == S.UNCONFIRMED}
    assert listed(engine, run) == doubtful, "what is in doubt must be listed"
    return Verdict(
        scenario=scenario,
        kills=kills,
        sent=len(arrived),
        lost=sum(1 for row in rows if not arrived[side.names(row)] and row.id not in doubtful),
        doubled=sum(1 for number in arrived.values() if number > 1),
        unconfirmed=len(doubtful),
        allowed=allowed,
    )


def listed(engine: Engine, run: int) -> set[int]:
    """The deliveries whose outcome a person is asked for."""
    with reading(engine) as connection:
        names = connection.execute(select(attempt.c.transport).distinct()).scalars().all()
        return {each.delivery for name in names for each in ledger.unconfirmed(connection, run, name)}


def by_address(row: Any) -> str:
    return str(row.address)


def record_of(folder: Path) -> tuple[Path, Callable[[], list[str]]]:
    """The file in which a server notes what it accepted, and how to read it."""
    record = folder / "record.txt"
    record.touch()
    return record, lambda: record.read_text().splitlines()


@contextmanager
def smtp_side(folder: Path) -> Iterator[Side]:
    (record, accepted), port = record_of(folder), free_port()
    with life(smtp_server.serve, port, str(record)):
        answering(port)
        yield Side(str(port), accepted, by_address, CONNECTIONS)


@contextmanager
def outbox_side(folder: Path) -> Iterator[Side]:
    """A file is the proof, so after its probe nothing may be in doubt."""
    new = folder / "outbox" / "new"
    names = lambda: [file.name for file in new.iterdir()] if new.is_dir() else []  # noqa: E731
    yield Side(str(folder / "outbox"), names, lambda row: f"run-{row.run_id}-delivery-{row.id:07}.eml", 0)


def _sendgrid(port: int, record: Path) -> None:
    """It has nothing to say of clients that are killed."""
    with redirect_stderr(io.StringIO()), FakeSendGrid(record=record).running(port):
        threading.Event().wait()


@contextmanager
def sendgrid_side(folder: Path) -> Iterator[Side]:
    (record, lines), port = record_of(folder), free_port()
    with life(_sendgrid, port, record):
        answering(port)
        yield Side(
            f"http://127.0.0.1:{port}",
            lambda: [line.split()[0] for line in lines()],
            lambda row: str(row.id),
            CONNECTIONS * RECIPIENTS,
        )
