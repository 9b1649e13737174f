"""`make faults`: kills real sends at 50 random instants each, and writes benchmarks/faults.json.

python -m tests.faults [--messages 5000] [--kills 50] [--seed N] [SCENARIO ...]
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import tempfile
from pathlib import Path

from tests.faults.scenarios import SIDES, Verdict, play

REPORT = Path(__file__).parents[2] / "benchmarks" / "faults.json"
COLUMNS = ("scenario", "kills", "sent", "lost", "doubled", "unconfirmed", "allowed")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SIDES))
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    asked = parser.parse_args()
    scenarios = asked.scenarios or list(SIDES)
    if unknown := set(scenarios) - set(SIDES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(SIDES)}")
    print(f"seed {asked.seed}: {asked.kills} kills in a send of {asked.messages:,}", flush=True)
    print("".join(f"{each:>13}" for each in COLUMNS), flush=True)
    verdicts = []
    for kind in scenarios:
        with tempfile.TemporaryDirectory(prefix="newsletter-faults-") as folder:
            verdicts.append(play(kind, Path(folder), messages=asked.messages, kills=asked.kills, seed=asked.seed))
        print(_line(verdicts[-1]), flush=True)
    REPORT.write_text(json.dumps([{**each.row(), "seed": asked.seed} for each in verdicts], indent=2) + "\n")
    return 0 if all(each.met for each in verdicts) else 1


def _line(verdict: Verdict) -> str:
    row = verdict.row()
    return "".join(f"{row[each]:>13,}" if isinstance(row[each], int) else f"{row[each]:>13}" for each in COLUMNS) + (
        "" if verdict.met else "   NOT MET"
    )


if __name__ == "__main__":
    sys.exit(main())
