"""Which hosts may be asked: connections only to public addresses, checked by us and then connected to as checked.

Whoever writes a feed's address must not reach what only this machine can reach (SSRF). A name is resolved once, all
its addresses are checked, and the connection goes to one of these very addresses, under the original name for TLS and
Host. `ipaddress.is_global` alone is no such check: it says yes to NAT64, 6to4 and multicast (measured).
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpcore

from newsletter.errors import NewsletterError
from newsletter.i18n import say

Address = IPv4Address | IPv6Address
Permits = Callable[[Address], bool]
Resolve = Callable[[str, int], list[str]]


class FetchError(NewsletterError):
    """An address that was not fetched, and why."""


_UNICAST_6 = IPv6Network("2000::/3")
# What is_global lets through, or did in some Python version; and what lies within 2000::/3 without being a host.
_SHUT = [
    ip_network(block)
    for block in (
        *(
            "0.0.0.0/8",
            "100.64.0.0/10",
            "192.0.0.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
]


def is_public(address: Address) -> bool:
    """A global unicast address: no private, loopback, link-local, shared, multicast, mapped or tunnelled one."""
    if isinstance(address, IPv6Address) and (address not in _UNICAST_6 or address.scope_id):
        return False
    shut = any(_holds(block, address) for block in _SHUT)
    return address.is_global and not address.is_multicast and not shut


def _holds(block: IPv4Network | IPv6Network, address: Address) -> bool:
    return block.version == address.version and address in block


def system_resolve(host: str, port: int) -> list[str]:
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def checked(host: str, port: int, *, permits: Permits, resolve: Resolve) -> list[str]:
    """The addresses of a host, if every one of them may be asked."""
    try:
        addresses = resolve(host, port)
    except (OSError, UnicodeError):
        addresses = []
    if not addresses:
        raise FetchError(say("The host %(host)s is not known to the name server.", host=host))
    if not all(permits(ip_address(address)) for address in addresses):
        raise FetchError(say("%(host)s is no public host: only what lies open on the Internet is fetched.", host=host))
    return addresses


@dataclass
class GuardedNetwork(httpcore.NetworkBackend):
    """A network for httpcore that connects to checked addresses only, and ends everything at one deadline."""

    permits: Permits
    resolve: Resolve
    deadline: float  # of time.monotonic

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        error: Exception = httpcore.ConnectError("no address")
        for address in checked(host, port, permits=self.permits, resolve=self.resolve):
            try:
                stream = httpcore.SyncBackend().connect_tcp(address, port, timeout=_left(self.deadline, timeout))
                return _Timed(stream, self.deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error


class _Timed(httpcore.NetworkStream):
    """A stream whose every read and write ends at the deadline, so that no server can drip bytes for ever."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, timeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("deadline")
    return left if timeout is None else min(left, timeout)
