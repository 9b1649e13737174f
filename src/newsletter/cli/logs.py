"""What programs that run for long say of themselves, on stderr: lines for people, or one JSON object a line.

Whatever is said, by us, by a library or in a traceback, no address leaves here.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from newsletter.cli.output import say

_PART = r"[^\s\"'<>()\[\]{},;:=|/\\`]{1,256}"
ADDRESS = re.compile(rf"(?:\"[^\"\n]{{1,256}}\"|{_PART})(?:@|%40)\[?{_PART}\]?")
INSTEAD = "[address]"
USUAL = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"}

log = logging.getLogger("newsletter.program")


def masked(text: str) -> str:
    return ADDRESS.sub(INSTEAD, text)


class Lines(logging.Formatter):
    """For people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class Objects(logging.Formatter):
    """For programs: time, level, logger, message, what was said besides (`extra`), and an error with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        told |= {name: value for name, value in record.__dict__.items() if name not in USUAL and name not in told}
        if record.exc_info and record.exc_info[0] is not None:
            told |= {"error": record.exc_info[0].__name__, "trace": self.formatException(record.exc_info)}
        return json.dumps({name: _masked(value) for name, value in told.items()}, ensure_ascii=False)


FORMATS: dict[str, Callable[[], logging.Formatter]] = {"text": Lines, "json": Objects}


class _Handler(logging.StreamHandler[Any]):
    """Ours, so that a second start takes the first one's place. Writes to what stderr is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def start_logging(format_: str, people: Callable[[str], None] = say) -> Callable[[str], None]:
    """From now on all logs go to stderr in this form. Returns how to tell what the program is doing: to people, or as a
    line among the others.
    """
    handler = _Handler()
    handler.setFormatter(FORMATS[format_]())
    root = logging.getLogger()
    root.handlers = [*(each for each in root.handlers if not isinstance(each, _Handler)), handler]
    logging.getLogger("newsletter").setLevel(logging.INFO)
    logging.captureWarnings(True)
    return log.info if format_ == "json" else people


def catch_all() -> None:
    """What ends the program, or one of its threads, is said in the same form."""
    sys.excepthook = _uncaught
    threading.excepthook = lambda given: _uncaught(given.exc_type, given.exc_value, given.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, at: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    log.critical("The program failed", exc_info=(kind, error or kind(), at))


def _masked(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | None) else masked(str(value))
