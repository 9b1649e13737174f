"""The process that renders, run by service.py: `python -m newsletter.rendering.worker FINISH MEMORY`.

Reads requests from its standard input and writes replies to its standard output, each as 8 bytes of length and JSON.
The sandbox bounds neither time nor memory, so this process is bounded instead; its limits hold for foreign templates,
not for us, and whoever started it ends it when a reply is late.
"""

from __future__ import annotations

import base64
import gc
import importlib
import json
import marshal
import math
import os
import resource
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any, Protocol

from newsletter.errors import NewsletterError, ProblemsFound
from newsletter.i18n import told
from newsletter.message.slots import Links
from newsletter.model.fields import Fields
from newsletter.rendering import proof, wire
from newsletter.rendering.dialect import CodeCache
from newsletter.rendering.exploring import Limits
from newsletter.rendering.manuscript import Manuscript, Templates
from newsletter.rendering.plain import renderer
from newsletter.rendering.sandbox import Sandbox
from newsletter.rendering.variants import compile_language


class Finish(Protocol):
    """HTML from MJML; `file` is what problems name."""

    def __call__(self, mjml: str, *, file: str) -> str: ...


def main(finish_name: str, memory: int) -> None:
    module, _, function = finish_name.partition(":")
    finish: Finish = getattr(importlib.import_module(module), function)
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # no library may write between replies
    rarely_collected()
    warm_up(finish)
    _limit(memory)
    cache = CodeCache()
    while (request := read_frame(sys.stdin.buffer)) is not None:
        write_frame(replies, answer(request, finish, cache))


def answer(request: dict[str, Any], finish: Finish, cache: CodeCache) -> dict[str, Any]:
    _more_time(request["seconds"])
    try:
        reply = _done(request, finish, cache)
    except ProblemsFound as error:
        reply = {"problems": wire.problems_to_json(error.problems)}
    except NewsletterError as error:
        reply = {"error": wire.sentence_to_json(told(error))}
    except MemoryError:
        reply = {"stopped": "memory"}
    return reply


def _done(request: dict[str, Any], finish: Finish, cache: CodeCache) -> dict[str, Any]:
    manuscript = wire.manuscript_from_json(request["manuscript"])
    if request["do"] == "prepare":
        ready = {name: base64.b64decode(code) for name, code in request["code"].items()}
        made = _translated(manuscript, request["missing"])
        for name, code in (ready | made).items():
            cache.put(name, _text(manuscript, name), code)
        return {"code": {name: base64.b64encode(code).decode() for name, code in made.items()}}
    finished = _finisher(manuscript, finish)
    recipients = wire.recipients_from_json(request["recipients"])
    match request["do"]:
        case "compile":
            limits = Limits(*request["limits"])
            compiled = compile_language(manuscript, witnesses=recipients, finish=finished, limits=limits, cache=cache)
            return {"compiled": wire.compiled_to_json(compiled)}
        case "compare":
            compiled = wire.compiled_from_json(request["compiled"])
            links = Links(*request["links"])
            found = proof.compare(compiled, manuscript, recipients, links=links, finish=finished, cache=cache)
            return {"found": wire.problems_to_json(found)}
        case "render":
            links = Links(*request["links"])
            done = renderer(manuscript, finish=finished, cache=cache)(recipients[0], links)
            return {"rendered": [done.subject, done.text, done.html]}
    raise ValueError(request["do"])


def _translated(manuscript: Manuscript, names: Sequence[str]) -> dict[str, bytes]:
    """The code of these templates, of which nothing is run. One that cannot be compiled is told where it is used."""
    sandbox, found = Sandbox(manuscript), {}
    for name in names:
        try:
            code = sandbox.compile(_text(manuscript, name), name, name)
        except MemoryError:
            raise
        except Exception:  # noqa: S112 (whatever Jinja or Python finds wrong)
            continue
        found[name] = marshal.dumps(code)
    return found


def _text(manuscript: Manuscript, name: str) -> str:
    source = manuscript.templates.source(name)
    assert source is not None
    return source.text


def _finisher(manuscript: Manuscript, finish: Finish) -> Callable[[str], str]:
    file, _ = manuscript.templates.place(manuscript.templates.html, None)
    return lambda mjml: finish(mjml, file=file or manuscript.templates.html)


def rarely_collected() -> None:
    """What is imported stays, so the collector need not look through it; and memory has a limit of its own here."""
    gc.freeze()
    gc.set_threshold(20_000)


def warm_up(finish: Finish) -> None:
    """What the first message would otherwise pay for: Jinja's tables, Babel's base data, the inliner's imports."""
    said = "{% for x in [1] if x %}{{ contact.title | default('') }}{% endfor %}{{ '2026-01-01' | date }}"
    mjml = (
        "<mjml><mj-head><mj-style inline='inline'>b { color: #000000 }</mj-style></mj-head><mj-body><mj-section>"
        f"<mj-column><mj-text><b>{said}</b></mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    templates = Templates({"m.mjml": mjml, "m.txt": said}, "m.mjml", "m.txt", said, said)
    manuscript = Manuscript(templates, {}, Fields(), "en")
    with suppress(NewsletterError):
        compile_language(manuscript, witnesses=(), finish=_finisher(manuscript, finish))


def _limit(memory: int) -> None:
    """Memory as a whole, no files, no core dumps. Imports are done by now."""
    for kind, limit in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # macOS refuses a limit of address space
            resource.setrlimit(kind, (limit, limit))


def _more_time(seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime + seconds) + 1, hard))


def read_frame(stream: IO[bytes]) -> dict[str, Any] | None:
    head = stream.read(8)
    if len(head) < 8:
        return None
    found: dict[str, Any] = json.loads(stream.read(int.from_bytes(head, "big")))
    return found


def write_frame(stream: IO[bytes], value: dict[str, Any]) -> None:
    data = json.dumps(value).encode()
    stream.write(len(data).to_bytes(8, "big") + data)
    stream.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
