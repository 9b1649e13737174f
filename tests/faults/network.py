"""The other side and the way to it fail: the mail server is killed, connections are cut, or nothing comes through."""

from __future__ import annotations

import time

from tests.faults import smtp_server
from tests.faults.books import Side, Verdict, by_address, judge, record_of, smtp_side
from tests.faults.lives import answering, end, life, prepare, until
from tests.faults.sender import CONNECTIONS, Ways, keep_sending
from tests.faults.trial import Trial, offset, reached
from tests.faults.wire import CUT, Strike, wired
from tests.servers import free_port

DEADLINE = 0.5  # seconds for a command; after the dot it is ten times as long


def mail_server_killed(trial: Trial) -> Verdict:
    """SIGKILL of the SMTP server; it comes back a little later, on the same port."""
    chance, port = trial.chance, free_port()
    engine, run = prepare("smtp", trial.folder, trial.messages)
    record, accepted = record_of(trial.folder)
    side = Side(str(port), accepted, by_address, CONNECTIONS)
    with life(keep_sending, str(engine.url), run, "smtp", side.target, Ways(offset())) as sender:
        for instant in trial.instants(chance):
            with life(smtp_server.serve, port, str(record)) as server:
                answering(port)
                reached(accepted, instant, sender)
                time.sleep(chance.uniform(0, 0.004))
                assert sender.is_alive(), "it was done before its server could be killed"
                end(server)
            time.sleep(chance.uniform(0, 0.3))
        with life(smtp_server.serve, port, str(record)):
            until(lambda: not sender.is_alive())
        assert sender.exitcode == 0
    verdict = judge(trial.scenario, engine, run, side, kills=trial.kills, allowed=trial.kills * side.doubts)
    engine.dispose()
    return verdict


def struck(trial: Trial) -> Verdict:
    """Connections are cut, or fall silent, in the middle of what goes either way. Each has one message under way."""
    what, _, kind = trial.scenario.partition(" ")
    chance, kind = trial.chance, kind or "smtp"
    engine, run = prepare(kind, trial.folder, trial.messages)
    deadline = 10 if what == CUT else DEADLINE
    with smtp_side(trial.folder) as side, wired(int(side.target)) as wire:
        arguments = (str(engine.url), run, kind, str(wire.port), Ways(offset(), deadline))
        with life(keep_sending, *arguments) as sender:
            for instant in trial.instants(chance):
                reached(side.accepted, instant, sender)
                strike = Strike(what, to_server=chance.random() < 0.4, share=chance.choice((0, chance.random(), 1)))
                wire.strike(strike)
                until(strike.struck.is_set, sender)
            until(lambda: not sender.is_alive())
            assert sender.exitcode == 0
        verdict = judge(trial.scenario, engine, run, side, kills=trial.kills, allowed=trial.kills)
    engine.dispose()
    return verdict
