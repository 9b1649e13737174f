"""Fetching from a real server on this machine, which the caller permits explicitly; and what is refused."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.gathering.fetch import FetchError, Limits, Validators, fetch
from newsletter.gathering.network import checked, is_public

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "0.1.2.3",
    "255.255.255.255",
    "224.0.0.1",
    "240.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "192.88.99.1",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "fec0::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00::1",
    "ff02::1",
    "100::1",
    "3fff::1",
    "5f00::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "193.134.243.1", "2606:4700:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888"]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_open_on_the_internet(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_that_are(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_private(address: Any) -> None:
    if is_public(address):
        assert address.is_global
        shut = (address.is_private, address.is_multicast, address.is_loopback, address.is_link_local)
        assert not any(shut)


def test_one_private_address_among_public_ones_shuts_the_host() -> None:
    with pytest.raises(FetchError, match="no public host"):
        checked("a.example", 443, permits=is_public, resolve=lambda host, port: ["8.8.8.8", "10.0.0.1"])


@pytest.mark.parametrize(
    "host", ["0x7f.1", "2130706433", "127.1", "0177.0.0.1", "localhost", "①②⑦.⓪.⓪.①", "[::1]", "[::ffff:7f00:1]"]
)
def test_names_of_this_machine_in_disguise(host: str) -> None:
    with pytest.raises(FetchError):
        fetch(f"http://{host}/")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "begins with https://"),
        ("ftp://a.example/", "begins with https://"),
        ("gopher://a.example/", "begins with https://"),
        ("https://", "begins with https://"),
        ("nonsense", "begins with https://"),
        ("https://user:pass@a.example/", "carries a name or password"),
        ("https://a.example:8443/", "names port 8443"),
        ("http://a.example:22/", "names port 22"),
        ("http://\x00/", "no address"),
    ],
)
def test_addresses_that_are_refused_before_anything_is_asked(url: str, reason: str) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return []

    with pytest.raises(FetchError, match=reason) as error:
        fetch(url, limits=Limits(resolve=resolve))
    assert not asked
    assert "pass" not in str(error.value).replace("password", "").replace("/etc/passwd", "")


class Handler(BaseHTTPRequestHandler):
    seen: ClassVar[list[tuple[str, dict[str, str]]]] = []
    port: ClassVar[int] = 0

    def do_GET(self) -> None:
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        name = self.path.strip("/").split("?")[0].split("/")[0]
        with suppress(BrokenPipeError, ConnectionResetError):  # the client left, as it should
            getattr(self, f"do_{name}")()

    def answer(self, content: bytes, kind: str = "application/rss+xml; charset=utf-8", **headers: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def do_feed(self) -> None:
        if self.headers.get("If-None-Match") == '"v1"':
            self.send_response(304)
            self.end_headers()
            return
        self.answer(b"<rss/>", ETag='"v1"', Last_Modified="Mon, 23 Nov 2026 08:00:00 GMT")

    def do_hop(self) -> None:
        left = int(self.path.rpartition("/")[2])
        self.send_response(302)
        self.send_header("Location", f"/hop/{left - 1}" if left > 1 else "/feed")
        self.end_headers()

    def do_inward(self) -> None:
        self.send_response(301)
        self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
        self.end_headers()

    def do_otherport(self) -> None:
        self.send_response(301)
        self.send_header("Location", "http://news.example:22/")
        self.end_headers()

    def do_endless(self) -> None:
        self.answer(b"")
        for _ in range(200):
            self.wfile.write(b"x" * 10_000)

    def do_bomb(self) -> None:
        self.answer(gzip.compress(b"\0" * 30_000_000), Content_Encoding="gzip")

    def do_zipped(self) -> None:
        self.answer(gzip.compress(b"<rss/>"), Content_Encoding="gzip")

    def do_cut(self) -> None:
        self.answer(gzip.compress(b"<rss>" + bytes(range(256)) * 9)[:60], Content_Encoding="gzip")

    def do_brotli(self) -> None:
        self.answer(b"xx", Content_Encoding="br")

    def do_drip(self) -> None:
        self.answer(b"")
        for _ in range(100):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.05)

    def do_dripheader(self) -> None:
        for _ in range(100):
            self.wfile.write(b"H")
            self.wfile.flush()
            time.sleep(0.05)

    def do_pdf(self) -> None:
        self.answer(b"%PDF", kind="application/pdf")

    def do_gone(self) -> None:
        self.send_error(410)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()


@pytest.fixture
def limits(port: int) -> Limits:
    """This machine under the name news.example, by permission of the caller."""
    names = {"news.example": ["127.0.0.1"], "169.254.169.254": ["169.254.169.254"]}
    return Limits(
        ports=frozenset({port, 80}),
        permits=lambda address: address == ip_address("127.0.0.1"),
        resolve=lambda host, _: names.get(host, []),
    )


def test_an_answer_with_its_validators_under_the_original_name(port: int, limits: Limits) -> None:
    Handler.seen.clear()
    answer = fetch(f"http://news.example:{port}/feed?q=1", limits=limits)
    assert (answer.content, answer.media_type, answer.charset) == (b"<rss/>", "application/rss+xml", "utf-8")
    assert answer.validators == Validators('"v1"', "Mon, 23 Nov 2026 08:00:00 GMT")
    path, headers = Handler.seen[0]
    assert path == "/feed?q=1"
    assert headers["host"] == f"news.example:{port}"
    assert "cookie" not in headers
    assert "authorization" not in headers


def test_what_has_not_changed_is_not_sent_again(port: int, limits: Limits) -> None:
    known = Validators('"v1"', "Mon, 23 Nov 2026 08:00:00 GMT")
    answer = fetch(f"http://news.example:{port}/feed", known, limits=limits)
    assert (answer.content, answer.validators) == (None, known)
    assert Handler.seen[-1][1]["if-modified-since"] == known.last_modified


def test_redirects_are_followed_and_counted(port: int, limits: Limits) -> None:
    answer = fetch(f"http://news.example:{port}/hop/5", limits=limits)
    assert answer.url == f"http://news.example:{port}/feed"
    with pytest.raises(FetchError, match="leads on more than 5 times"):
        fetch(f"http://news.example:{port}/hop/6", limits=limits)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("inward", "169.254.169.254 is no public host"),
        ("otherport", "names port 22"),
        ("endless", "is longer than 1,000,000 bytes"),
        ("bomb", "is longer than 1,000,000 bytes"),
        ("cut", "ended in the middle"),
        ("brotli", "compressed as 'br'"),
        ("pdf", "of the kind application/pdf"),
        ("gone", "answered 410"),
    ],
)
def test_what_is_refused_on_the_way(port: int, limits: Limits, path: str, reason: str) -> None:
    with pytest.raises(FetchError, match=reason):
        fetch(f"http://news.example:{port}/{path}", limits=replace(limits, max_bytes=1_000_000))


@pytest.mark.parametrize("path", ["drip", "dripheader"])
def test_a_dripping_server_is_left_at_the_deadline(port: int, limits: Limits, path: str) -> None:
    with pytest.raises(FetchError, match=r"took longer than 0\.3 seconds"):
        fetch(f"http://news.example:{port}/{path}", limits=replace(limits, seconds=0.3))


def test_a_compressed_answer_is_unpacked(port: int, limits: Limits) -> None:
    assert fetch(f"http://news.example:{port}/zipped", limits=limits).content == b"<rss/>"


def test_proxies_of_the_environment_are_not_asked(port: int, limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert fetch(f"http://news.example:{port}/feed", limits=limits).content == b"<rss/>"


def test_a_host_that_nobody_knows(limits: Limits) -> None:
    with pytest.raises(FetchError, match=r"unknown\.example is not known"):
        fetch("http://unknown.example/", limits=limits)


def test_a_name_is_resolved_once_so_that_it_cannot_change_between_check_and_connection(
    port: int, limits: Limits
) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    once = replace(limits, resolve=lambda host, _: next(answers))
    assert fetch(f"http://news.example:{port}/feed", limits=once).content == b"<rss/>"
    assert next(answers) == ["10.0.0.1"]
