"""All scenarios, by name: `make faults` plays them at length, `test_faults.py` shortly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults import kills, network, programs, workers
from tests.faults.books import Verdict
from tests.faults.trial import Trial


@dataclass(frozen=True)
class Size:
    messages: int
    kills: int


@dataclass(frozen=True)
class Scenario:
    play: Callable[[Trial], Verdict]
    long: Size
    short: Size
    postgres: bool = False  # it needs a cluster ...
    alone: bool = False  # ... of its own, because it stops it


SCENARIOS: dict[str, Scenario] = {
    "smtp": Scenario(kills.killed, Size(3000, 50), Size(400, 5)),
    "pipelined": Scenario(kills.killed, Size(3000, 50), Size(400, 5)),
    "outbox": Scenario(kills.killed, Size(3000, 50), Size(400, 5)),
    "sendgrid": Scenario(kills.killed, Size(3000, 50), Size(400, 5)),
    "server": Scenario(programs.server_killed, Size(3000, 20), Size(100, 1)),
    "mail server": Scenario(network.mail_server_killed, Size(3000, 25), Size(150, 2)),
    "cut": Scenario(network.struck, Size(3000, 25), Size(150, 4)),
    "cut pipelined": Scenario(network.struck, Size(3000, 25), Size(150, 4)),
    "silence": Scenario(network.struck, Size(3000, 20), Size(100, 2)),
    "silence pipelined": Scenario(network.struck, Size(3000, 20), Size(100, 2)),
    "disk full": Scenario(programs.disk_full, Size(3000, 15), Size(100, 1)),
    "clock put back": Scenario(workers.clock_put_back, Size(3000, 25), Size(200, 2)),
    "clocks apart": Scenario(workers.clocks_apart, Size(3000, 15), Size(200, 2), postgres=True),
    "two workers": Scenario(workers.two_workers, Size(3000, 25), Size(200, 2), postgres=True),
    "stopped worker": Scenario(workers.stopped_workers, Size(3000, 20), Size(150, 1), postgres=True),
    "database": Scenario(programs.database_stopped, Size(3000, 20), Size(100, 1), postgres=True, alone=True),
    "fleet": Scenario(programs.fleet, Size(20_000, 10), Size(400, 2), postgres=True),
}
