"""Links against a real server: there, moved, gone, only by GET; and no network at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from newsletter.gathering.fetch import Limits
from newsletter.gathering.reaching import Reached, reach

asked: list[str] = []


class _Site(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self._answer({"/there": 200, "/moved": 301, "/secret": 403}.get(self.path, 404))

    def do_GET(self) -> None:
        self._answer({"/get-only": 200, "/old": 410}.get(self.path, 404))

    def _answer(self, status: int) -> None:
        asked.append(f"{self.command} {self.path}")
        self.send_response(status)
        if status == 301:
            self.send_header("Location", "/there")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def resolve(host: str, port: int) -> list[str]:
    if host != "site.example":
        raise OSError("no such name")
    return ["127.0.0.1"]


def test_what_answers_and_what_is_gone(port: int) -> None:
    limits = Limits(ports=frozenset({port}), permits=lambda address: True, resolve=resolve, seconds=5)
    site = f"http://site.example:{port}"
    wanted = [f"{site}{path}" for path in ("/there", "/there", "/moved", "/secret", "/get-only", "/none", "/old")]
    found = reach([*wanted, f"http://lost.example:{port}/"], limits=limits)
    assert {address.rsplit("/", 1)[-1] or "lost": str(each) for address, each in found.items()} == {
        **dict.fromkeys(("there", "moved", "secret", "get-only"), "answered"),
        **dict.fromkeys(("none", "old"), "gone"),
        "lost": "unknown",
    }
    assert asked.count("HEAD /there") == 2  # once for itself, once where another leads


def test_without_a_network_nothing_was_tried() -> None:
    limits = Limits(resolve=resolve, seconds=5)
    assert set(reach(["http://a.example/", "https://b.example/"], limits=limits).values()) == {Reached.UNTRIED}


def test_hosts_that_are_not_public_are_not_asked(port: int) -> None:
    limits = Limits(ports=frozenset({port}), resolve=resolve, seconds=5)
    assert reach([f"http://site.example:{port}/there"], limits=limits) == {
        f"http://site.example:{port}/there": Reached.UNTRIED
    }
