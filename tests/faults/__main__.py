"""`make faults`: real processes and what happens to them at random instants; writes benchmarks/faults.json.

python -m tests.faults [--share 0.1] [--seed N] [SCENARIO ...]

Where only some scenarios are named, the rows of the others stay as the last run left them; so do those of a run that is
broken off.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.faults.books import Verdict
from tests.faults.scenarios import SCENARIOS, Size
from tests.faults.trial import Trial, empty_schema
from tests.servers import PostgresServer

REPORT = Path(__file__).parents[2] / "benchmarks" / "faults.json"
COLUMNS = ("kills", "sent", "lost", "doubled", "unconfirmed", "allowed")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--share", type=float, default=1.0, help="of the messages and kills of the long form")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    asked = parser.parse_args()
    if unknown := set(asked.scenarios) - set(SCENARIOS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    print(f"seed {asked.seed}\n{'':18}" + "".join(f"{each:>13}" for each in COLUMNS), flush=True)
    wanted, met = asked.scenarios or list(SCENARIOS), set()
    with ExitStack() as stack:
        postgres = _postgres(stack)
        for name in wanted:
            try:
                verdict = _played(name, asked.seed, asked.share, postgres)
            except AssertionError as error:
                print(f"{name:18}  NOT MET: {error}", flush=True)
                continue
            print(_line(verdict), flush=True)
            _keep(verdict, asked.seed)
            met |= {name} if verdict.met else set()
    return 0 if met == set(wanted) else 1


def _keep(verdict: Verdict, seed: int) -> None:
    """At once, in the place of the scenario's last one."""
    kept = json.loads(REPORT.read_text()) if REPORT.exists() else []
    rows = {each["scenario"]: each for each in kept} | {verdict.scenario: {**verdict.row(), "seed": seed}}
    REPORT.write_text(json.dumps([rows[name] for name in SCENARIOS if name in rows], indent=2) + "\n")


def _postgres(stack: ExitStack) -> PostgresServer | None:
    found = PostgresServer.find()
    return found and stack.enter_context(found.running())


def _played(name: str, seed: int, share: float, postgres: PostgresServer | None) -> Verdict:
    assert postgres or not SCENARIOS[name].postgres, "PostgreSQL's initdb and pg_ctl are not here"
    size = SCENARIOS[name].long
    size = Size(round(size.messages * share), max(1, round(size.kills * share)))
    schema = empty_schema(postgres) if SCENARIOS[name].postgres and postgres else ""
    with tempfile.TemporaryDirectory(prefix="newsletter-faults-") as folder:
        return SCENARIOS[name].play(Trial(name, Path(folder), size.messages, size.kills, seed, postgres, schema))


def _line(verdict: Verdict) -> str:
    row = verdict.row()
    cells = "".join(f"{row[each]:>13,}" for each in COLUMNS)
    return f"{verdict.scenario:18}{cells}{'' if verdict.met else '   NOT MET'}"


if __name__ == "__main__":
    sys.exit(main())
