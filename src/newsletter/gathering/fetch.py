"""Fetches what strangers serve: limits on time, size, redirects and kinds; see network.py for which hosts.

httpcore carries the request (the core of httpx, whose public interface takes the guarded network); nothing is read
from the environment, no proxy and no credentials.
"""

from __future__ import annotations

import ssl
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message

import httpcore
import httpx

from newsletter.gathering.network import FetchError, GuardedNetwork, Permits, Resolve, is_public, system_resolve
from newsletter.i18n import Number, say

REDIRECTS = (301, 302, 303, 307, 308)
PICTURE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
TYPES = PICTURE_TYPES | frozenset(
    {
        *("application/rss+xml", "application/atom+xml", "application/xml", "text/xml", "application/rdf+xml"),
        *("text/html", "application/xhtml+xml", "text/plain", "text/markdown"),
    }
)


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said of its last answer, so that it may answer "not modified"."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`content` is None where nothing has changed since; `url` is where redirects ended."""

    url: str
    content: bytes | None
    media_type: str = ""
    charset: str | None = None
    validators: Validators = Validators()


@dataclass(frozen=True, slots=True)
class Limits:
    """`permits`, `ports` and `resolve` are for the callers who mean another network than the Internet (tests)."""

    types: frozenset[str] = TYPES
    max_bytes: int = 10_000_000  # after decompression
    seconds: float = 20  # for all of it, redirects included
    redirects: int = 5
    ports: frozenset[int] = frozenset({80, 443})
    permits: Permits = is_public
    resolve: Resolve = system_resolve
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)


def fetch(url: str, validators: Validators | None = None, *, limits: Limits | None = None) -> Answer:
    """The answer of an address; FetchError says in one sentence why there is none."""
    limits = limits or Limits()
    deadline = time.monotonic() + limits.seconds
    address = _checked_url(url, limits)
    network = GuardedNetwork(limits.permits, limits.resolve, deadline)
    try:
        with httpcore.ConnectionPool(network_backend=network, ssl_context=limits.tls, retries=0) as pool:
            for _ in range(limits.redirects + 1):
                answer = _ask(pool, address, validators or Validators(), limits)
                if isinstance(answer, Answer):
                    return answer
                address = _checked_url(str(address.join(answer)), limits)
    except httpcore.TimeoutException:
        raise FetchError(
            say(
                "%(address)s took longer than %(seconds)s seconds.",
                address=_shown(address),
                seconds=f"{limits.seconds:g}",
            )
        ) from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as error:
        raise FetchError(
            say(
                "%(address)s cannot be reached: %(why)s.",
                address=_shown(address),
                why=str(error).rstrip(".") or type(error).__name__,
            )
        ) from error
    raise FetchError(say("%(url)s leads on more than %(redirects)s times.", url=url, redirects=limits.redirects))


def _checked_url(url: str, limits: Limits) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        raise FetchError(say("%(url)r is no address of a web page.", url=url)) from None
    if address.scheme not in ("http", "https") or not address.host:
        raise FetchError(say("%(url)r is no address of a web page: it begins with https://", url=url))
    if address.userinfo:
        raise FetchError(
            say("The address at %(host)s carries a name or password; such are not fetched.", host=address.host)
        )
    if _port(address) not in limits.ports:
        raise FetchError(
            say(
                "%(address)s names port %(port)s: only the usual web ports are asked.",
                address=_shown(address),
                port=_port(address),
            )
        )
    return address


def _port(address: httpx.URL) -> int:
    return address.port or (443 if address.scheme == "https" else 80)


def _shown(address: httpx.URL) -> str:
    return f"{address.scheme}://{address.netloc.decode('ascii')}{address.path}"


def _ask(pool: httpcore.ConnectionPool, address: httpx.URL, known: Validators, limits: Limits) -> Answer | str:
    """One request: the answer, or where it leads on."""
    headers: dict[bytes | str, bytes | str] = {
        "Host": address.netloc.decode("ascii"),
        "Accept": ", ".join(sorted(limits.types)),
        "Accept-Encoding": "gzip",
        "User-Agent": "newsletter (gathers articles)",
    }
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    target = httpcore.URL(scheme=address.raw_scheme, host=address.raw_host, port=address.port, target=address.raw_path)
    patience = dict.fromkeys(("connect", "read", "write", "pool"), limits.seconds)
    with pool.stream("GET", target, headers=headers, extensions={"timeout": patience}) as response:
        named = httpx.Headers(response.headers)
        if response.status in REDIRECTS and "location" in named:
            return named["location"]
        if response.status == 304:
            return Answer(str(address), None, validators=known)
        return _answer(response, named, address, limits)


def _answer(response: httpcore.Response, named: httpx.Headers, address: httpx.URL, limits: Limits) -> Answer:
    if response.status != 200:
        raise FetchError(
            say(
                "%(address)s answered %(status)s instead of a document.",
                address=_shown(address),
                status=response.status,
            )
        )
    kind = Message()
    kind["Content-Type"] = named.get("content-type", "application/octet-stream")
    if kind.get_content_type() not in limits.types:
        raise FetchError(
            say(
                "%(address)s is of the kind %(kind)s, which is not read.",
                address=_shown(address),
                kind=kind.get_content_type(),
            )
        )
    content = _body(response.iter_stream(), named.get("content-encoding", "identity").strip().lower(), address, limits)
    validators = Validators(named.get("etag"), named.get("last-modified"))
    return Answer(str(address), content, kind.get_content_type(), kind.get_content_charset(), validators)


def _body(chunks: Iterator[bytes], coding: str, address: httpx.URL, limits: Limits) -> bytes:
    """The content, never holding more than the limit: a compressed bomb is cut while it inflates."""
    too_long = FetchError(
        say(
            "%(address)s is longer than %(most)s bytes.",
            address=_shown(address),
            most=Number(limits.max_bytes),
        )
    )
    if coding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise FetchError(
            say(
                "%(address)s is compressed as %(coding)r, which was not asked for.",
                address=_shown(address),
                coding=coding,
            )
        )
    inflate = None if coding == "identity" else zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    content = bytearray()
    try:
        for chunk in chunks:
            room = limits.max_bytes - len(content) + 1
            content += chunk if inflate is None else inflate.decompress(chunk, room)
            if len(content) > limits.max_bytes:
                raise too_long
        if inflate is not None and not inflate.eof:
            raise FetchError(say("%(address)s ended in the middle.", address=_shown(address)))
    except zlib.error as error:
        raise FetchError(say("%(address)s is not compressed as it says.", address=_shown(address))) from error
    return bytes(content)
