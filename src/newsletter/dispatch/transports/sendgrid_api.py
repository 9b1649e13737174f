"""SendGrid's own client, made fit for a ledger.

As shipped it follows redirects (a POST becomes a GET that carries the key), has no time-out, raises for some statuses
only, makes a TLS context for each request, and logs the key and every address at level DEBUG.
"""

from __future__ import annotations

import json
import logging
import re
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import quote

import python_http_client
from sendgrid import SendGridAPIClient

from newsletter.settings import SendGridSettings

LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said; every status is an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def message_id(self) -> str | None:
        return self.headers.get("X-Message-Id")

    @property
    def errors(self) -> list[tuple[str, str]]:
        """(field, words); the field is empty where the server names none."""
        try:
            found = json.loads(self.body)["errors"]
            return [(str(each.get("field") or ""), str(each.get("message") or "")) for each in found]
        except (ValueError, KeyError, TypeError, AttributeError):
            return []

    @property
    def words(self) -> str:
        said = "; ".join(f"{place}: {words}" if place else words for place, words in self.errors)
        return f"{self.status} {said or self.body[:200].decode('utf-8', 'replace')}".strip()

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def pause(self, now: datetime) -> timedelta:
        """Until X-RateLimit-Reset (seconds since 1970), or Retry-After; else a minute."""
        reset, after = self.headers.get("X-RateLimit-Reset", ""), self.headers.get("Retry-After", "")
        pause = timedelta(minutes=1)
        if re.fullmatch(r"\d{1,11}", reset):
            pause = datetime.fromtimestamp(int(reset), UTC) - now
        elif re.fullmatch(r"\d{1,6}", after):
            pause = timedelta(seconds=int(after))
        return min(max(pause, timedelta(seconds=1)), LONGEST_PAUSE)


class Api:
    """One client; not to be used by two threads at once. Each request is a connection of its own."""

    def __init__(self, key: str, settings: SendGridSettings) -> None:
        _keep_secrets_out_of_logs()
        official = SendGridAPIClient(api_key=key, host=settings.host.rstrip("/"))
        self._client = _Client(
            official.host, official._default_headers, version=3, timeout=settings.timeout.total_seconds()
        )

    def send(self, body: dict[str, Any]) -> Answer:
        """POST /v3/mail/send.

        URLError: the body did not leave whole. OSError or HTTPException: it did, and no status came back.
        """
        response = self._client.mail.send.post(request_body=body)
        return Answer(response.status_code, response.headers, response.body)

    def logs(self, query: str, limit: int = 10) -> Answer:
        """POST /v3/logs: the messages that a query finds."""
        response = self._client.logs.post(request_body={"query": query, "limit": limit})
        return Answer(response.status_code, response.headers, response.body)

    def log(self, message: str) -> Answer:
        """GET /v3/logs/{message}: one message, with our custom arguments."""
        response = self._client.logs._(quote(message, safe="")).get()
        return Answer(response.status_code, response.headers, response.body)


class _Client(python_http_client.Client):  # type: ignore[misc]
    """Hands its opener on to the clients that it makes for each part of a path."""

    def __init__(self, *args: Any, opener: urllib.request.OpenerDirector | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.opener = opener or _opener()

    def _build_client(self, name: str | None = None) -> _Client:
        path = [*self._url_path, name] if name else self._url_path
        return _Client(self.host, self.request_headers, self._version, path, timeout=self.timeout, opener=self.opener)

    def _make_request(self, _: Any, request: urllib.request.Request, timeout: float | None = None) -> _Reply:
        return _Reply(self.opener.open(request, timeout=timeout or self.timeout))


class _Reply:
    """A response whose status is known; a body that is cut off after it changes nothing any more."""

    def __init__(self, response: HTTPResponse) -> None:
        self.getcode, self.info = response.getcode, response.info
        self._response = response

    def read(self) -> bytes:
        try:
            with self._response:
                return self._response.read()
        except (OSError, HTTPException):
            return b""


def _opener() -> urllib.request.OpenerDirector:
    """No handler for redirects, and none that makes an exception of a status."""
    opener = urllib.request.OpenerDirector()
    context = ssl.create_default_context()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=context),
    ):
        opener.add_handler(handler)
    return opener


def _keep_secrets_out_of_logs() -> None:
    for name in ("python_http_client", "python_http_client.client"):
        logger = logging.getLogger(name)
        if logger.getEffectiveLevel() < logging.INFO:
            logger.setLevel(logging.INFO)
