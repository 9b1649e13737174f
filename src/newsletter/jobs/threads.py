"""The queue of work within this process: nothing is stored."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

from newsletter.jobs.handing import Handler, done


class ThreadJobs:
    """One thread a kind of work, so that a long send holds up no launch; jobs of a kind go in turn.

    A job that fails is logged, and the next one goes on. `close` lets what has begun finish; what waits is dropped.
    """

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = dict(handlers)
        self._threads = {name: ThreadPoolExecutor(1, thread_name_prefix=name) for name in handlers}
        self._guard = threading.Lock()
        self._waiting: set[tuple[str, str]] = set()
        self._futures: set[Future[None]] = set()

    def start(self) -> None:
        """There is nothing to begin with: a job starts when it is deferred."""

    def defer(self, name: str, key: str) -> bool:
        with self._guard:
            if (name, key) in self._waiting:
                return False
            self._waiting.add((name, key))
            try:
                future = self._threads[name].submit(self._run, name, key)
            except RuntimeError:  # closed: the next start defers it again
                self._waiting.discard((name, key))
                return False
            self._futures.add(future)
        future.add_done_callback(self._done)
        return True

    def join(self, timeout: float | None = None) -> bool:
        """Waits until nothing is left to do, jobs that jobs defer included; says whether that came about."""
        while True:
            with self._guard:
                futures = set(self._futures)
            if not futures:
                return True
            if wait(futures, timeout).not_done:
                return False

    def close(self) -> None:
        for thread in self._threads.values():
            thread.shutdown(wait=False, cancel_futures=True)
        for thread in self._threads.values():
            thread.shutdown(wait=True)

    def _run(self, name: str, key: str) -> None:
        with self._guard:
            self._waiting.discard((name, key))  # from here on it may be deferred anew
        done(name, key, self._handlers[name])

    def _done(self, future: Future[None]) -> None:
        with self._guard:
            self._futures.discard(future)
