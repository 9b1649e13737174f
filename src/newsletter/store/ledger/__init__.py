"""The ledger: who gets what, and what became of it. Each file is a few rows of the table in docs/architecture.md.

    claim      2        reserve what is due
    canary     2        a first share before the rest
    pace       2        within the limits of a transport, and without domains that rest
    intent     3, 8     say that it will be written, before it is
    outcome    4, 5, 6  say what became of it; settle what was unconfirmed
    sweep      5, 8, 10 what a crash, a cancelled run or time leaves behind
    events     6        what is learnt later
    persons    6, 7, 9  what only a named person decides
    runs                start, pause, resume, cancel, finish
    sums                the proof that nobody was lost

Row 1 is the launch: store.ledger.layout, called by dispatch.launch.
"""

from newsletter.store.ledger.canary import Watch, end_canary
from newsletter.store.ledger.claim import Claimed, claim, release, unclaim
from newsletter.store.ledger.events import Learnt, learn, settle_by_events
from newsletter.store.ledger.intent import Intent, intend
from newsletter.store.ledger.outcome import Record, record, settle
from newsletter.store.ledger.pace import Of, Turn, claim_within, domain_recovered, put_off_domain, windows
from newsletter.store.ledger.persons import decide, resend, retry
from newsletter.store.ledger.probing import Unconfirmed, unconfirmed
from newsletter.store.ledger.runs import By, NotThisRun, cancel, finish, pause, reopen, resume, start, state_of
from newsletter.store.ledger.sums import issue_sums, next_due, run_sums
from newsletter.store.ledger.sweep import STALE_AFTER, give_up, skip_cancelled, sweep

__all__ = [
    "STALE_AFTER",
    "By",
    "Claimed",
    "Intent",
    "Learnt",
    "NotThisRun",
    "Of",
    "Record",
    "Turn",
    "Unconfirmed",
    "Watch",
    "cancel",
    "claim",
    "claim_within",
    "decide",
    "domain_recovered",
    "end_canary",
    "finish",
    "give_up",
    "intend",
    "issue_sums",
    "learn",
    "next_due",
    "pause",
    "put_off_domain",
    "record",
    "release",
    "reopen",
    "resend",
    "resume",
    "retry",
    "run_sums",
    "settle",
    "settle_by_events",
    "skip_cancelled",
    "start",
    "state_of",
    "sweep",
    "unclaim",
    "unconfirmed",
    "windows",
]
