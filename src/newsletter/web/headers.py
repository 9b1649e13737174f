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

        try:
            await app(scope, _limited(scope, receive), answer)
        except TooLarge:
            if not begun:
                await _refuse(answer)

    return run


def _with(headers: list[tuple[bytes, bytes]], https: bool) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in headers}
    always = ALWAYS | ({"strict-transport-security": "max-age=31536000"} if https else {})
    return [*headers, *((n.encode(), v.encode()) for n, v in always.items() if n.encode() not in given)]


def _limited(scope: Scope, receive: Receive) -> Receive:
    sizes = [value for name, value in scope["headers"] if name == b"content-length"]
    if sizes and (not sizes[0].isdigit() or int(sizes[0]) > LARGEST):

        async def none() -> Message:
            raise TooLarge

        return none
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
