"""A SendGrid of our own on loopback: it checks bodies as the real one is documented to, and fails on demand.

    python -m tests.fakes.sendgrid --port 8025 --record accepted.txt [--bodies FOLDER] [--script "202,429,502!"]

The record has a line `delivery attempt` for each message that was accepted, written and flushed before the answer
goes out, so that killed clients can be held against it. A script is a list of plans for the first requests:

    202            accept (what happens after the script too)
    502, 401, ...  answer so, and accept nothing
    502!           answer so, having accepted
    400:FIELD      refuse, naming a field (`400:` names none)
    429:SECONDS    refuse until then
    drop, drop!    read the body, then close without an answer (accepted or not)
    reset          close while the body is still coming
    stall, stall!  read the body, then say nothing
    cut!           202, with a body that is cut off
    302            redirect to /elsewhere
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RESERVED = {
    "x-sg-id",
    "x-sg-eid",
    "received",
    "dkim-signature",
    "content-type",
    "content-transfer-encoding",
    "to",
    "from",
    "subject",
    "reply-to",
    "cc",
    "bcc",
}
KEY = "SG.test-key"
MEGABYTES = 30_000_000


@dataclass
class Error:
    """One entry of `errors` in an answer."""

    field: str | None
    message: str


@dataclass
class FakeSendGrid:
    """What it received, and what it is to do next."""

    record: Path | None = None
    folder: Path | None = None
    script: deque[str] = field(default_factory=deque)
    stall_for: float = 30.0
    largest: int = MEGABYTES
    bad_addresses: set[str] = field(default_factory=set)  # refused without naming whom
    logs_allowed: bool = False  # whether the key may read the Email Logs
    accepted: list[tuple[str, str]] = field(default_factory=list)  # delivery, attempt
    bodies: list[dict[str, Any]] = field(default_factory=list)  # of accepted requests
    requests: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)  # method, path, headers
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @contextmanager
    def running(self, port: int = 0) -> Iterator[FakeSendGrid]:
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def next_plan(self) -> str:
        with self._lock:
            return self.script.popleft() if self.script else "202"

    def accept(self, body: dict[str, Any]) -> str:
        """Takes all recipients of a request; its X-Message-Id."""
        args = [each.get("custom_args", {}) for each in body["personalizations"]]
        pairs = [(str(each.get("x_delivery", "")), str(each.get("x_attempt", ""))) for each in args]
        with self._lock:
            number = next(self._numbers)
            self.accepted += pairs
            self.bodies.append(body)
            if self.record:
                with self.record.open("a") as stream:
                    stream.writelines(f"{delivery} {attempt}\n" for delivery, attempt in pairs)
        return f"fake-{number:06}"

    def keep(self, raw: bytes) -> None:
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._lock:
                number = sum(1 for _ in self.folder.iterdir())
                (self.folder / f"body-{number:05}.json").write_bytes(raw)

    def messages(self) -> list[dict[str, Any]]:
        """What each accepted recipient gets: substitutions done, as the real one does them."""
        return [rendered(body, person) for body in self.bodies for person in body["personalizations"]]


def rendered(body: Mapping[str, Any], person: Mapping[str, Any]) -> dict[str, Any]:
    def filled(text: str) -> str:
        for tag, value in person.get("substitutions", {}).items():
            text = text.replace(tag, value)
        return text

    return {
        "to": person["to"][0],
        "from": body["from"],
        "subject": filled(person.get("subject") or body.get("subject", "")),
        "headers": {**body.get("headers", {}), **person.get("headers", {})},
        "content": {each["type"]: filled(each["value"]) for each in body["content"]},
        "custom_args": person.get("custom_args", {}),
    }


def errors_in(body: Any) -> list[Error]:
    """What the documentation says is refused with 400."""
    if not isinstance(body, dict):
        return [Error(None, "Bad Request")]
    people = body.get("personalizations")
    if not isinstance(people, list) or not 1 <= len(people) <= 1000:
        return [Error("personalizations", "The personalizations field takes 1 to 1000 objects.")]
    found = [*_message_errors(body), *_header_errors("headers", body.get("headers", {}))]
    seen: set[str] = set()
    for number, person in enumerate(people):
        found += _person_errors(f"personalizations.{number}", person, body, seen)
    return found


def _message_errors(body: dict[str, Any]) -> Iterator[Error]:
    sender = body.get("from")
    if not isinstance(sender, dict) or not str(sender.get("email", "")).isascii() or not _is_email(sender.get("email")):
        yield Error("from.email", "The from email does not contain a valid address.")
    content = body.get("content")
    if not isinstance(content, list) or not content:
        yield Error("content", "The content field is required.")
    elif [each.get("type") for each in content] not in (["text/plain", "text/html"], ["text/plain"], ["text/html"]):
        yield Error("content", "text/plain must come first, then text/html.")
    else:
        for number, each in enumerate(content):
            if not isinstance(each.get("value"), str) or not each["value"]:
                yield Error(
                    f"content.{number}.value", "The content value must be a string at least one character long."
                )
    for name, setting in body.get("tracking_settings", {}).items():
        if not isinstance(setting.get("enable"), bool):
            yield Error(f"tracking_settings.{name}.enable", "The enable field must be a boolean.")
    categories = body.get("categories", [])
    if len(categories) > 10 or any(not each.isascii() or len(each) > 255 for each in categories):
        yield Error("categories", "At most 10 categories of 255 characters.")


def _person_errors(place: str, person: Any, body: dict[str, Any], seen: set[str]) -> Iterator[Error]:
    if not isinstance(person, dict) or not isinstance(person.get("to"), list) or not person["to"]:
        yield Error(f"{place}.to", "The to array is required for all personalization objects.")
        return
    for number, each in enumerate(person["to"]):
        email = str(each.get("email", ""))
        if not _is_email(email) or len(email) > 320:
            yield Error(f"{place}.to.{number}.email", "Does not contain a valid address.")
        if email.lower() in seen:
            yield Error(f"{place}.to", "Each email address in the personalization block should be unique.")
        seen.add(email.lower())
        if re.search("[;,]", each.get("name", "")):
            yield Error(f"{place}.to.{number}.name", "The name may not contain ; or ,")
    if not (person.get("subject") or body.get("subject")):
        yield Error(f"{place}.subject", "The subject is required.")
    yield from _header_errors(f"{place}.headers", person.get("headers", {}))
    for kind in ("substitutions", "custom_args"):
        values = person.get(kind)
        if values is None:
            continue
        if not values or not all(isinstance(value, str) for value in values.values()):
            yield Error(f"{place}.{kind}", "Must be an object of strings.")
        elif len(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()) > 10_000:
            yield Error(f"{place}.{kind}", "May not exceed 10000 bytes.")


def _header_errors(place: str, headers: Any) -> Iterator[Error]:
    names = [name.lower() for name in headers]
    for name, value in headers.items():
        if name.lower() in RESERVED or not name.isascii() or " " in name or names.count(name.lower()) > 1:
            yield Error(f"{place}.{name}", "This header is reserved, doubled, or no header name.")
        if not isinstance(value, str) or re.search("[\r\n\0]", value):
            yield Error(f"{place}.{name}", "The header value must be a string of one line.")


def _is_email(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+", value) is not None


def _handler(fake: FakeSendGrid) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Silent."""

        def do_GET(self) -> None:
            fake.requests.append(("GET", self.path, dict(self.headers)))
            if self.path.startswith("/v3/logs/"):
                self._log(self.path.rpartition("/")[2])
                return
            self._answer(200)  # what a followed redirect would be given

        def do_POST(self) -> None:
            fake.requests.append(("POST", self.path, dict(self.headers)))
            if self.path == "/v3/logs":
                self._logs(self.rfile.read(int(self.headers["Content-Length"])))
                return
            plan = fake.next_plan()
            if plan == "reset":
                self.rfile.read(1000)
                self._reset()
                return
            length = int(self.headers.get("Content-Length", 0))
            raw = self.rfile.read(length)
            if len(raw) < length:  # the client died: what it did not send whole, nobody accepts
                self.close_connection = True
                return
            fake.keep(raw)
            self._follow(plan, raw)

        def _follow(self, plan: str, raw: bytes) -> None:
            refusal = self._refusal(raw)
            if refusal and plan == "202":
                self._errors(*refusal)
                return
            kind, _, detail = plan.rstrip("!").partition(":")
            accepted = plan.endswith("!") or kind == "202"
            number = fake.accept(json.loads(raw)) if accepted else None
            match kind:
                case "202":
                    self._answer(202, {"X-Message-Id": number or ""})
                case "cut":
                    self._answer(202, {"X-Message-Id": number or "", "Content-Length": "100"}, b"{")
                    self.close_connection = True
                case "drop":
                    self._reset() if detail == "reset" else self._close()
                case "stall":
                    time.sleep(fake.stall_for)
                    self._close()
                case "302":
                    self._answer(302, {"Location": f"{fake.url}/elsewhere"})
                case "429":
                    reset = str(int(time.time() + float(detail or 1)))
                    headers = {"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
                    self._errors(429, [Error(None, "too many requests")], headers)
                case "400":
                    self._errors(400, [Error(detail or None, "it is not as it should be")])
                case _:
                    self._errors(int(kind), [Error(None, f"planned {kind}")])

        def _logs(self, raw: bytes) -> None:
            """Email Logs: by recipient and time; no look-up by custom arguments."""
            if not fake.logs_allowed:
                self._errors(403, [Error(None, "access forbidden")])
                return
            sought = re.match(
                r'to_email = "([^"]*)" AND sg_message_id_created_at > TIMESTAMP "', json.loads(raw)["query"]
            )
            found = [
                {"sg_message_id": f"fake.recvd-{number}", "to_email": each["to"]["email"], "status": "delivered"}
                for number, each in enumerate(fake.messages())
                if sought and each["to"]["email"] == sought[1]
            ]
            self._answer(200, body=json.dumps({"messages": found}).encode())

        def _log(self, id_: str) -> None:
            message = fake.messages()[int(id_.rpartition("-")[2])]
            told = {"sg_message_id": id_, "custom_args": message["custom_args"]}
            self._answer(200, body=json.dumps(told).encode())

        def _refusal(self, raw: bytes) -> tuple[int, list[Error]] | None:
            if self.path != "/v3/mail/send":
                return 404, [Error(None, "not found")]
            if self.headers.get("Authorization") != f"Bearer {KEY}":
                return 401, [Error(None, "The provided authorization grant is invalid, expired, or revoked")]
            if len(raw) > fake.largest:
                return 413, [Error(None, "payload too large")]
            try:
                body = json.loads(raw)
            except ValueError:
                return 400, [Error(None, "Bad Request")]
            found = errors_in(body)
            if not found and any(each["to"][0]["email"] in fake.bad_addresses for each in body["personalizations"]):
                found = [Error(None, "Bad Request")]
            return (400, found) if found else None

        def _errors(self, status: int, errors: list[Error], headers: Mapping[str, str] | None = None) -> None:
            listed = [{"message": each.message, "field": each.field, "help": None} for each in errors]
            self._answer(status, headers, json.dumps({"errors": listed}).encode())

        def _answer(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _close(self) -> None:
            self.close_connection = True

        def _reset(self) -> None:
            """RST instead of FIN."""
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True

    return Handler


def main() -> None:
    parser = argparse.ArgumentParser(description="A SendGrid of our own, for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--record", type=Path)
    parser.add_argument("--bodies", type=Path)
    parser.add_argument("--script", default="", help="plans for the first requests, by commas")
    given = parser.parse_args()
    plans = deque(plan for plan in given.script.split(",") if plan)
    with FakeSendGrid(record=given.record, folder=given.bodies, script=plans).running(given.port) as fake:
        print(fake.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
