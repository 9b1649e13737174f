"""Compiling one message of the demo's digest: rendering its templates, MJML, inlining. Beside npm's mjml with juice.

Each measurement is the first in a fresh process whose imports are done, on both sides, and nothing else is warm; one
row is in the process as the product has it, which renders a line of its own before it is asked for anything. Ours makes
the whole message (subject, preview, text and HTML); npm's makes HTML of the MJML that ours rendered. Templates are
Python code that an earlier run of the product kept, and that is loaded within the time measured; one row is without it,
as after every template was changed.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.__main__ import not_measured

LANGUAGE = "en"
PROCESSES = 5
NPM = "npm mjml + juice on the same MJML"
IMPORTED_LATE = ("cssselect", "cssutils", "lxml.etree", "premailer")  # by inlining.py, at its first use
WHOLE = "demo digest, one variant: subject, preview, text, MJML by Jinja2, then mjml-python + premailer; fresh process"
KEPT = WHOLE + ", templates compiled by an earlier run"


def rows(processes: int = PROCESSES) -> list[dict[str, Any]]:
    """Medians over fresh processes, ours and npm's in turn."""
    try:
        home, why = _npm(), ""
    except Exception as error:  # whatever npm cannot do, our own figures are there
        home, why = "", str(error)
    ours, cold, warm, theirs = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        request = _digest(Path(folder))
        for _ in range(processes):
            for times, change in ((ours, {}), (cold, {"store": None}), (warm, {"warm": True})):
                times.append(_times([sys.executable, "-m", "benchmarks.compile"], json.dumps(request | change)))
            if home:
                theirs.append(_times(["node", str(Path(__file__).with_name("npm_compile.cjs")), home], request["mjml"]))
    first, html, further = (median(times) for times in zip(*ours, strict=True))
    once = f"{first - further:.0f} ms of it once a process: the tables of Babel and cssutils, premailer"
    npm = median(times[0] for times in theirs) if theirs else None
    return [
        _row(KEPT, first, "ms", 25, once),
        _row(WHOLE + ", nothing compiled before", median(times[0] for times in cold), "ms", None),
        _row(KEPT + ", the process warmed up as the product's is", median(times[0] for times in warm), "ms", None),
        _beside("the same, as a part of " + NPM, first, npm, why, 0.8),
        _beside("its part from MJML to HTML, as a part of " + NPM, html, npm, why),
        _row("a further variant of it, whole, in the same process", further, "ms", 3),
    ]


def _row(name: str, value: float, unit: str, most: float | None, versus: str | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 2),
        "unit": unit,
        "target": f"<= {most}" if most else None,
        "versus": versus,
        "met": value <= most if most else None,
    }


def _beside(name: str, ours: float, npm: float | None, why: str, most: float | None = None) -> dict[str, Any]:
    if npm is None:
        return not_measured(name, why, "x", f"<= {most}" if most else None)
    return _row(name, ours / npm, "x", most, f"npm: {npm:.1f} ms from MJML to HTML, first in a fresh process")


def _digest(folder: Path) -> dict[str, Any]:
    """The digest's manuscript, two recipients who get different variants, the MJML of the first, and what the product
    kept in this folder while it compiled the digest."""
    from newsletter.app import open_workspace
    from newsletter.clock import FixedClock
    from newsletter.message.slots import Links, field_values
    from newsletter.message.tree import bind_tree
    from newsletter.rendering import wire
    from newsletter.rendering.plain import renderer
    from newsletter.store.engine import reading
    from newsletter.workflow.audience import audience_rule
    from newsletter.workflow.composing.compose import compose
    from newsletter.workflow.people.contacts import import_file
    from newsletter.workflow.people.witnesses import witnesses_of
    from newsletter.workspace.demo import lay_demo

    clock = FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    lay_demo(folder, clock.now().date())
    with open_workspace(folder, clock=clock, environment={}) as ws:
        ctx = ws.context
        for mapping in ("institutions", "contacts"):
            import_file(ctx, mapping, None, ctx.person(None))
        made = compose(ctx, ws.gather("monthly", key="2026-12"))
        rule = audience_rule(ctx, "monthly", made.campaign, list(made.languages))
        with reading(ctx.engine) as connection:
            people = witnesses_of(connection, rule, ctx.fields, LANGUAGE, 200)
        store = [str(ctx.code_store.folder), ctx.code_store.key.hex()]
    composed = made.languages[LANGUAGE]
    fields, variant_of = composed.compiled.fields, bind_tree(composed.compiled.tree, composed.compiled.fields, LANGUAGE)
    by_variant = {variant_of(field_values(each, fields)) or 0: each for each in people}
    first, other = [by_variant[number] for number in sorted(by_variant)][:2]
    links = Links("https://news.example.org/u/x", "https://news.example.org/p/x")
    mjml = renderer(composed.manuscript, finish=str)(first, links).html
    return {
        "manuscript": wire.manuscript_to_json(composed.manuscript),
        "recipients": wire.recipients_to_json([first, other]),
        "links": [links.unsubscribe, links.preferences],
        "mjml": mjml,
        "store": store,
    }


def _npm() -> str:
    from tests.fidelity import npm

    return str(npm.install())


def _times(command: Sequence[str], given: str) -> list[float]:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise SystemExit(f"{Path(command[0]).name} failed: {said[-1]}")
    found: list[float] = json.loads(done.stdout)
    return found


def measure(request: dict[str, Any]) -> list[float]:
    """In the process of its own: milliseconds of the first message, of its HTML alone, and of another variant."""
    for name in IMPORTED_LATE:
        importlib.import_module(name)
    from newsletter.message.slots import Links
    from newsletter.rendering import wire
    from newsletter.rendering.code_store import CodeStore, code_id
    from newsletter.rendering.dialect import CodeCache
    from newsletter.rendering.manuscript import Manuscript
    from newsletter.rendering.mjml import finish
    from newsletter.rendering.plain import renderer
    from newsletter.rendering.worker import rarely_collected, warm_up

    manuscript = wire.manuscript_from_json(request["manuscript"])
    recipients, links = wire.recipients_from_json(request["recipients"]), Links(*request["links"])
    finishing: list[float] = []

    def timed_finish(mjml: str) -> str:
        started = time.perf_counter()
        html = finish(mjml, file="digest.mjml")
        finishing.append(time.perf_counter() - started)
        return html

    def kept(manuscript: Manuscript) -> CodeCache:
        cache = CodeCache()
        if request["store"]:
            store = CodeStore(Path(request["store"][0]), bytes.fromhex(request["store"][1]))
            for name, source in manuscript.templates.used().items():
                if code := store.load(code_id(name, source)):
                    cache.put(name, source.text, code)
        return cache

    rarely_collected()  # as the product's process does
    if request.get("warm"):
        warm_up(finish)
    taken = []
    started = time.perf_counter()
    render = renderer(manuscript, finish=timed_finish, cache=kept(manuscript))
    for recipient in recipients:
        if "</html>" not in render(recipient, links).html:
            raise SystemExit("no HTML was made")
        now = time.perf_counter()
        taken.append(now - started)
        started = now
    return [1000 * seconds for seconds in (taken[0], finishing[0], taken[1])]


if __name__ == "__main__":
    print(json.dumps(measure(json.load(sys.stdin))))
