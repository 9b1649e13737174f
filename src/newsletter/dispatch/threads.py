"""Blocking work beside the loop, in a thread that does not hold up the end of the program."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """As asyncio.to_thread, whose threads a program waits for before it ends. Cancelled, it leaves the work alone."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def settle(done: Callable[[], None]) -> None:
        if not result.done():
            done()

    def run() -> None:
        try:
            found = work()
        except Exception as error:
            told = error
            tell(lambda: result.set_exception(told))
        else:
            tell(lambda: result.set_result(found))

    def tell(done: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, done)

    threading.Thread(target=run, daemon=True).start()
    return await result
