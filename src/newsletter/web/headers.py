"""What every answer carries, and what no request may exceed: a small ASGI layer around studio and recipients' pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST = 26_000_000  # bytes of a request: a picture or document somebody uploads
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def policy(nonce: str) -> str:
    """For a page whose scripts make styles of their own: those that carry this nonce count."""
    return POLICY.replace("style-src 'self'", f"style-src 'self' 'nonce-{nonce}'")


ALWAYS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


class TooLarge(Exception):
    """The body goes beyond LARGEST."""


def guarded(app: App, *, https: bool) -> App:
    """Adds the headers that an answer does not set itself; refuses bodies that are too large."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = _with(message["headers"], https)
            await send(message)

        if _declared(scope) > LARGEST:
            await _refuse(answer)
            return
        try:
            await app(scope, _limited(receive), answer)
        except TooLarge:  # one that did not say its size
            if not begun:
                await _refuse(answer)

    return run


def _with(headers: list[tuple[bytes, bytes]], https: bool) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in headers}
    always = ALWAYS | ({"strict-transport-security": "max-age=31536000"} if https else {})
    return [*headers, *((n.encode(), v.encode()) for n, v in always.items() if n.encode() not in given)]


def _declared(scope: Scope) -> int:
    """The size that a request names; one that names nonsense is refused."""
    sizes = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(sizes[0]) if sizes and sizes[0].isdigit() else LARGEST + 1 if sizes else 0


def _limited(receive: Receive) -> Receive:
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > LARGEST:
            raise TooLarge
        return message

    return counted


async def _refuse(send: Send) -> None:
    text = f"This is too large: at most {LARGEST // 1_000_000} MB.".encode()
    await send({"type": "http.response.start", "status": 413, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": text})
