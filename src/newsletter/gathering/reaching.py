"""Whether addresses of the web answer: HEAD, then GET, many at once, within a total time; see network.py for hosts."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from enum import StrEnum

import httpcore
import httpx

from newsletter.gathering.fetch import REDIRECTS, Limits
from newsletter.gathering.network import FetchError, GuardedNetwork

AT_ONCE = 8


class Reached(StrEnum):
    ANSWERED = "answered"  # also a refusal: pages behind a door are there for who has the key
    GONE = "gone"  # 404 or 410
    UNKNOWN = "unknown"  # no such host
    UNTRIED = "untried"  # no network, no time, or no host that may be asked


def reach(addresses: Iterable[str], *, limits: Limits | None = None, seconds: float = 20) -> dict[str, Reached]:
    """Each address with what came of it; `seconds` for all of them together. Where no name at all is known, there
    is no network, and nothing was tried."""
    limits = limits or Limits(seconds=8)
    wanted = list(dict.fromkeys(addresses))
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="reach")
    end = time.monotonic() + seconds
    asked = {pool.submit(_one, address, limits, end): address for address in wanted}
    done, _ = wait(asked, timeout=seconds)
    pool.shutdown(wait=False, cancel_futures=True)
    found = dict.fromkeys(wanted, Reached.UNTRIED) | {asked[each]: each.result() for each in done}
    alone = all(each in (Reached.UNKNOWN, Reached.UNTRIED) for each in found.values())
    return dict.fromkeys(wanted, Reached.UNTRIED) if alone else found


def _one(address: str, limits: Limits, end: float) -> Reached:
    left = end - time.monotonic()
    if left <= 0:
        return Reached.UNTRIED
    limits = replace(limits, seconds=min(limits.seconds, left))
    try:
        url = httpx.URL(address)
        if url.scheme not in ("http", "https") or not url.host or url.userinfo or _port(url) not in limits.ports:
            return Reached.UNTRIED
        if not _known(url, limits):
            return Reached.UNKNOWN
        statuses = (_status(url, method, limits) for method in ("HEAD", "GET"))
        return next((Reached.ANSWERED for status in statuses if status not in (404, 405, 410, 501)), Reached.GONE)
    except (FetchError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        return Reached.UNTRIED
    except (httpcore.UnsupportedProtocol, httpx.InvalidURL, OSError, UnicodeError):
        return Reached.UNTRIED


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _known(url: httpx.URL, limits: Limits) -> bool:
    try:
        return bool(limits.resolve(url.host, _port(url)))
    except (OSError, UnicodeError):
        return False


def _status(url: httpx.URL, method: str, limits: Limits) -> int:
    """Of where redirects end; the body is not read."""
    network = GuardedNetwork(limits.permits, limits.resolve, time.monotonic() + limits.seconds)
    patience = dict.fromkeys(("connect", "read", "write", "pool"), limits.seconds)
    with httpcore.ConnectionPool(network_backend=network, ssl_context=limits.tls, retries=0) as pool:
        for _ in range(limits.redirects + 1):
            if url.scheme not in ("http", "https") or _port(url) not in limits.ports:
                raise FetchError("")
            headers: dict[bytes | str, bytes | str] = {
                "Host": url.netloc.decode("ascii"),
                "User-Agent": "newsletter (checks links)",
                "Accept": "*/*",
            }
            target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
            with pool.stream(method, target, headers=headers, extensions={"timeout": patience}) as response:
                where = httpx.Headers(response.headers).get("location")
                if response.status not in REDIRECTS or not where:
                    return int(response.status)
            url = url.join(where)
    return 310  # leads on for ever: a browser may fare better
