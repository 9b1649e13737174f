"""What every answer carries, and what no request may exceed: a small ASGI layer around studio and recipients' pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException

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


def guarded(app: App, *, https: bool) -> App:
    """Adds the headers that an answer does not set itself; bodies that are too large end in a 413 of its own."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with(message["headers"], https)
            await send(message)

        await app(scope, _limited(receive, _declared(scope)), answer)

    return run


def _with(headers: list[tuple[bytes, bytes]], https: bool) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in headers}
    always = ALWAYS | ({"strict-transport-security": "max-age=31536000"} if https else {})
    return [*headers, *((n.encode(), v.encode()) for n, v in always.items() if n.encode() not in given)]


def _declared(scope: Scope) -> int:
    """The size that a request names; one that names nonsense is refused."""
    sizes = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(sizes[0]) if sizes and sizes[0].isdigit() else LARGEST + 1 if sizes else 0


def _limited(receive: Receive, declared: int) -> Receive:
    """Nothing is read of a body that says it is too large, and of another no more than is allowed."""
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = {} if declared > LARGEST else await receive()
        read += len(message.get("body", b""))
        if max(declared, read) > LARGEST:
            raise HTTPException(413)
        return message

    return counted
