"""What is made to break or to fill the server, sent to every form: no failure, no script, and a bound on memory.

It runs in a process of its own, `python -m tests.web.test_heavy`, whose memory is limited; that says what fell.
"""

from __future__ import annotations

import io
import resource
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.web.serving import make_app
from newsletter.workflow.people.staff import sign_in_as
from tests.web.desk import csrf
from tests.web.test_hostile import NOOR, fields, filled, hostile_contacts, hostile_files, routes, scripts, usual
from tests.workflow.office import approved, carry, lay, office

BOUND = 500 << 20  # bytes beyond what the process takes when all is set up
ROOT = Path(__file__).parent.parent.parent
FORM = "application/x-www-form-urlencoded"
# What forms hold that are read by name.
NAMES = ("title", "summary", "body", "topics", "start", "zone", "link", "alt.en", "credit", "x", "width", "subject.en")
LONG = ("/articles/new", "/articles/clean", "/content/items/{item}", "/content/subjects", "/comment", "/p/", "/who")
WORD = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
TYPED = (
    "\u202e<script>alert(1)</script>{{ 'x' * 10**9 }}{% for a in range(10**9) %}\u2028\x85\r\r\n"
    + "> " * 1000
    + "[" * 1000
    + "<div>" * 1000
    + "{a: &a *a" * 200
    + "9" * 5000
)
RAW = b"%ED%A0%80%00%FF%C0%AE" * 20 + b"%F0%9F"


def test_nothing_that_is_sent_breaks_or_fills_the_server() -> None:
    child = [sys.executable, "-m", "tests.web.test_heavy"]
    done = subprocess.run(child, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout.splitlines() == ["all was sent"], done.stderr[-2000:]


def main() -> None:
    clock = FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    with tempfile.TemporaryDirectory() as top:
        folder = lay(Path(top) / "ws", tables=NOOR)
        hostile_files(folder)
        with office(folder, clock) as ws:
            hostile_contacts(ws)
            approved(ws)
            carry(ws)
            browser = administrator(ws)
            _bound()
            for wrong in (*files(browser), *forms(ws, browser), *pages(ws, browser)):
                print(wrong)
            for found in set(Path(top).iterdir()) - {folder}:
                print("written outside:", found)
    print("all was sent")


def administrator(ws: Workspace) -> TestClient:
    app = make_app(ws)
    made = TestClient(app, base_url="http://127.0.0.1:8025", follow_redirects=False, raise_server_exceptions=False)
    made.cookies.set("session", sign_in_as(ws.context, "noor", device="x").token, domain="127.0.0.1")
    made.headers["x-csrf"] = csrf(made.get("/account").text)
    return made


def _bound() -> None:
    if sys.platform == "linux":  # elsewhere address space cannot be limited
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + BOUND, resource.RLIM_INFINITY))


def sent(browser: TestClient, path: str, name: str, **content: Any) -> Iterator[str]:
    """What is wrong with the answer."""
    answer = browser.post(path, **content)
    if answer.status_code >= 500 or scripts(answer):
        yield f"{path}: {name}: {answer.status_code} {scripts(answer)}"


def files(browser: TestClient) -> Iterator[str]:
    texts = texts_as_files()
    for name, content in texts.items():
        yield from sent(browser, "/articles/upload", name, data={"campaign": "news"}, files={"file": (name, content)})
    for route in ("/articles/news/evil/picture/upload", "/issues/news/2026-12/content/items/i1/picture/upload"):
        for name, content in pictures().items():
            yield from sent(browser, route, name, files={"file": (name, content, "text/html")})
    near = png(7000, 7000, zlib.compress(bytes((7000 * 3 + 1) * 7000), 1))
    yield from sent(browser, "/pictures/news", "near", files={"file": ("../../outside.png", near)})
    for name in ("../../outside.md", "x/" * 3000 + "x.md", "\u202e.md", "a\0b.md", "x" * 20_000 + ".md"):
        for path in ("/articles/upload", "/pictures/news"):
            data = {"campaign": "news"}
            yield from sent(browser, path, name[:20], data=data, files={"file": (name, b"# T\n\nx", "image/png")})


def forms(ws: Workspace, browser: TestClient) -> Iterator[str]:
    values = usual(ws)
    for route in routes("POST"):
        if route.path.endswith("/end") or route.path in ("/account/password", "/sign-in/demo"):
            continue
        for name, content in bodies(route):
            yield from sent(browser, filled(route, values), name, **content)


def bodies(route: APIRoute) -> Iterator[tuple[str, Mapping[str, Any]]]:
    names = sorted({*fields(route), *NAMES})
    yield "typed", {"data": dict.fromkeys(names, TYPED)}
    yield "bytes", _coded(b"&".join(name.encode() + b"=" + RAW for name in names))
    yield "json", {"content": b"[" * 100_000, "headers": {"content-type": "application/json"}}
    yield "parts", {"content": b"--a\r\n" * 5000, "headers": {"content-type": "multipart/form-data; boundary=a"}}
    if any(part in route.path for part in LONG):
        yield "long", _coded(b"&".join(name.encode() + b"=" + b"x" * (10_000_000 // len(names)) for name in names))


def _coded(content: bytes) -> dict[str, Any]:
    return {"content": content, "headers": {"content-type": FORM}}


def pages(ws: Workspace, browser: TestClient) -> Iterator[str]:
    """Whatever of it was kept is shown."""
    values = usual(ws)
    for route in routes("GET"):
        answer = browser.get(filled(route, values))
        if answer.status_code >= 500 or scripts(answer):
            yield f"{route.path}: {answer.status_code} {scripts(answer)}"


def texts_as_files() -> dict[str, bytes]:
    deep = b"<w:tbl><w:tr><w:tc>" * 3000 + b"</w:tc></w:tr></w:tbl>" * 3000
    word = WORD.encode()
    return {
        "blank.docx": zipped({"word/document.xml": b"<a>" + b" " * 50_000_000 + b"</a>"}),
        "lies.docx": zipped({"word/document.xml": b" " * 30_000_000}).replace(_size(30_000_000), _size(100)),
        "many.docx": zipped({"word/document.xml": word + b"<w:p><w:r><w:t>x</w:t></w:r></w:p>" * 200_000}),
        "open.docx": zipped({"word/document.xml": word + b"<w:p>" * 20_000}),
        "deep.docx": zipped({"word/document.xml": word + deep + b"</w:body></w:document>"}),
        "beside.docx": zipped({"word/document.xml": word, "word/media/x.png": bytes(60_000_000)}),
        "sheet.xlsx": zipped({"xl/workbook.xml": b"x" * 40_000_000}),
        "quotes.md": b"# T\n\n" + b"> " * 20_000 + b"- " * 20_000 + b"x",
        "brackets.md": b"# T\n\n" + b"[" * 20_000 + b"*a **b " * 20_000 + b"`" * 20_000 + b"<!" * 20_000,
        "yaml.md": b"---\ntitle: " + b"[" * 20_000 + b"\n---\nx",
        "alias.md": b"---\na: &a [x]\n" + b"".join(map(_nine, range(98, 107))) + b"title: *j\n---\nx",
        "cells.html": b"<h1>T</h1>" + b"<table><tr><td>" * 5_000 + b"x",
        "tags.html": b"<h1>T</h1>" + b"<div><b><ul><li>" * 10_000 + b"<script>alert(1)</script>",
        "long.txt": b"x" * 9_900_000,
        "lines.md": b"# T\n\n" + b"x\n\n" * 1_000_000,
        "huge.txt": b"x" * 20_000_000,
        "half.txt": b"T\n\n" + b"\xed\xa0\x80" + "\u202e\0".encode(),
    }


def _nine(sign: int) -> bytes:
    return f"{chr(sign)}: &{chr(sign)} [{','.join([f'*{chr(sign - 1)}'] * 9)}]\n".encode()


def _size(number: int) -> bytes:
    return struct.pack("<I", number)


def zipped(parts: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def pictures() -> dict[str, bytes]:
    """Small files that say they are enormous, and what is none."""
    gif = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    gif += b"\x2c" + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x02\x44\x01\x00\x3b"
    lossless = b"VP8L" + _size(5) + b"\x2f" + _size(16383 | 16383 << 14) + b"\0"
    return {
        "wide.png": png(60_000, 60_000, zlib.compress(b"")),
        "flat.gif": gif,
        "wide.webp": b"RIFF" + _size(4 + len(lossless)) + b"WEBP" + lossless,
        "none.jpg": b"\xff\xd8\xff" + b"\0" * 1000,
        "x.svg": b"<svg onload=alert(1)><script>alert(1)</script></svg>",
        "zip.png": zipped({"a": bytes(50_000_000)}),
    }


def png(width: int, height: int, rows: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    main()
