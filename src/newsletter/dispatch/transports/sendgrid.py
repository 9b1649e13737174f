"""SendGrid's v3 API: up to 1,000 recipients of a variant in one request, accepted or refused as a whole.

What an answer means for each delivery (there is no idempotency key, so doubt is never resent silently):

| answer | outcome |
|---|---|
| 202 | accepted, by the request's X-Message-Id; a reply cut off after its status too |
| 400 that names recipients | those rejected in the server's words, the others unsent |
| 400 that names a part of the message; 401, 403, 404; a redirect; 200 (sandbox) | deferred; a person must act |
| 400 that names nothing | halved, until the recipient is found |
| 413 | halved |
| 429 | deferred until the reset |
| no connection, or one lost before the last byte of the body | deferred |
| 5xx, a time-out or a loss after the last byte | unconfirmed |

Doubt for three requests running pauses the run: an outage must not make a whole audience unconfirmed.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlsplit

from newsletter.clock import Clock, SystemClock
from newsletter.dispatch.threads import in_thread
from newsletter.dispatch.transports.base import ChannelState, Doubtful, Outcome, Outgoing, TransportRefused, tell
from newsletter.dispatch.transports.sendgrid_body import Form, NotForSendGrid, body, form, personalization, requests
from newsletter.message.headers import HeaderError
from newsletter.message.mime import Template
from newsletter.model.delivery import AttemptState
from newsletter.settings import SendGridSettings, provider_secret

if TYPE_CHECKING:
    from newsletter.dispatch.transports.sendgrid_api import Answer, Api

KEY_NAMES = ("NEWSLETTER_SENDGRID_API_KEY", "SENDGRID_API_KEY")
DOUBTS = 3  # requests running whose outcome is unknown, before a person must look
REST = timedelta(seconds=5)  # after a failure to connect

_named_recipient = re.compile(r"personalizations\.(\d+)(?:\.|$)").match


def api_key(environment: Mapping[str, str] | None = None) -> str | None:
    """The key, from the environment only; newsletter's own name wins."""
    return next((key for name in KEY_NAMES if (key := provider_secret(name, environment))), None)


def make_sendgrid(name: str, settings: SendGridSettings, folder: Path) -> SendGrid:
    return SendGrid(name, settings, api_key(), SystemClock())


@dataclass(slots=True)
class SendGrid:
    """Remembers when SendGrid asked for a pause, and how often running an outcome was unknown."""

    name: str
    settings: SendGridSettings
    key: str | None
    clock: Clock
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    rehearsal: bool = False
    resume_at: datetime | None = None
    doubts: int = 0

    @property
    def batch(self) -> int:
        return self.settings.batch

    @property
    def connections(self) -> int:
        return self.settings.connections

    async def open(self) -> SendGridChannel:
        """Waits out a pause that SendGrid asked for: no intent is open meanwhile."""
        from newsletter.dispatch.transports.sendgrid_api import Api  # the client takes 75 ms to import

        self._check()
        if self.resume_at is not None and (pause := self.resume_at - self.clock.now()) > timedelta(0):
            await self.sleep(pause.total_seconds())
        return SendGridChannel(self, Api(self.key or "", self.settings))

    async def probe(self, attempts: Sequence[Doubtful], /) -> Mapping[int, Outcome]:
        """What SendGrid's logs say of them; a key that may not read the logs leaves all in doubt."""
        from newsletter.dispatch.transports.sendgrid_api import Api
        from newsletter.dispatch.transports.sendgrid_logs import look_up

        if not attempts or not self.key:
            return {}
        api, whole = Api(self.key, self.settings), self.settings.settle_requests
        return await in_thread(lambda: look_up(api, attempts, whole_requests=whole))

    def rest(self, pause: timedelta) -> None:
        self.resume_at = self.clock.now() + pause

    def _check(self) -> None:
        if not self.key:
            raise TransportRefused(f"SendGrid needs its API key: set {KEY_NAMES[0]} in the environment.")
        if not (self.key.isascii() and self.key.isprintable()) or " " in self.key:
            raise TransportRefused(f"{KEY_NAMES[0]} is no API key: it holds blanks or other characters than ASCII.")
        address = urlsplit(self.settings.host)
        if address.scheme != "https" and address.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise TransportRefused(
                f"The host of [transports.{self.name}] must begin with https://, or the API key would travel in clear."
            )


Person = tuple[Outgoing, dict[str, Any]]  # a message, and its personalization


@dataclass(slots=True)
class SendGridChannel:
    transport: SendGrid
    api: Api
    _form: Form | None = None

    async def send(self, batch: Sequence[Outgoing], /) -> Sequence[Outcome]:
        """The client blocks, so it runs in a thread. One that we do not wait for any more ends by its own deadline."""
        return await in_thread(lambda: list(self._send(batch)))

    async def close(self) -> None:
        """Each request has a connection of its own."""

    def _send(self, batch: Sequence[Outgoing]) -> Iterator[Outcome]:
        stopped: Outcome | None = None
        for messages in requests(batch):
            if stopped:
                yield from _all(messages, AttemptState.UNSENT, stopped.reply)
                continue
            for outcome in self._request(messages):
                stopped = stopped or (outcome if outcome.channel is not ChannelState.OPEN else None)
                yield outcome

    def _request(self, messages: Sequence[Outgoing]) -> list[Outcome]:
        try:
            shape = self._form_of(messages[0].template)
        except (NotForSendGrid, HeaderError) as error:
            return _all(messages, AttemptState.DEFERRED, str(error), ChannelState.REFUSED)
        outcomes: list[Outcome] = []
        people: list[Person] = []
        for message in messages:
            try:
                people.append((message, personalization(shape, message)))
            except NotForSendGrid as error:
                outcomes.append(Outcome(message.attempt, AttemptState.REJECTED, f"not sent: {error}"))
            except Exception as error:  # a filter that fails on this recipient's values
                words = f"the message could not be made: {type(error).__name__}"
                outcomes.append(Outcome(message.attempt, AttemptState.REJECTED, words))
        return outcomes + self._carry(shape, people)

    def _form_of(self, template: Template) -> Form:
        if self._form is None or self._form.template is not template:
            self._form = form(template)
        return self._form

    def _carry(self, shape: Form, people: list[Person]) -> list[Outcome]:
        """Posts them; halves what is refused without a word about whom, until it is alone."""
        outcomes: list[Outcome] = []
        alone: list[Outcome] = []
        waiting = [people]
        while waiting:
            part = [person for person in waiting.pop() if person[0].fresh()]
            if not part:
                continue
            answer = self._ask(shape, part)
            if isinstance(answer, list):
                outcomes += answer
            elif not _blames_nobody(answer, len(part)):
                outcomes += self._settled(_messages(part), answer)
            elif len(part) == 1:
                alone += _all(_messages(part), AttemptState.REJECTED, answer.words)
            else:
                waiting += [part[len(part) // 2 :], part[: len(part) // 2]]
            if any(each.channel is not ChannelState.OPEN for each in outcomes):
                break
        if len(alone) == len(people) > 1:  # each of them was refused: it is the message's fault, not theirs
            return _all(_messages(people), AttemptState.DEFERRED, alone[0].reply, ChannelState.REFUSED)
        settled = {each.attempt for each in (*outcomes, *alone)}
        left = [message for message in _messages(people) if message.attempt not in settled]
        return [*outcomes, *alone, *_all(left, AttemptState.UNSENT, "held back")]

    def _ask(self, shape: Form, people: list[Person]) -> Answer | list[Outcome]:
        """The server's answer, or what follows from there being none."""
        try:
            return self.api.send(body(shape, [each for _, each in people]))
        except URLError as error:  # urllib wraps what happens before the last byte of the body has left, and only that
            return self._not_carried(_messages(people), error)
        except (OSError, HTTPException) as error:
            return self._in_doubt(_messages(people), f"no answer: {type(error).__name__}")

    def _settled(self, messages: list[Outgoing], answer: Answer) -> list[Outcome]:
        if answer.status >= 500:
            return self._in_doubt(messages, answer.words)
        self.transport.doubts = 0
        match answer.status:
            case 202:
                outcomes = _all(messages, AttemptState.ACCEPTED, "202 Accepted")
                return [replace(each, provider_id=answer.message_id) for each in outcomes]
            case 400:
                return _bad_request(messages, answer)
            case 429:
                pause = answer.pause(self.transport.clock.now())
                self.transport.rest(pause)
                outcomes = _all(messages, AttemptState.DEFERRED, answer.words, ChannelState.BROKEN)
                return [replace(each, retry_after=pause) for each in outcomes]
            case 200:
                words = "200: SendGrid's sandbox took it, and delivers nothing"
                return _all(messages, AttemptState.DEFERRED, words, ChannelState.REFUSED)
            case status if status >= 300:
                return _all(messages, AttemptState.DEFERRED, answer.words, ChannelState.REFUSED)
        return self._in_doubt(messages, answer.words)

    def _not_carried(self, messages: list[Outgoing], error: URLError) -> list[Outcome]:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            words = f"{urlsplit(self.transport.settings.host).hostname} is not who it says: {error.reason}"
            return _all(messages, AttemptState.DEFERRED, words, ChannelState.REFUSED)
        self.transport.rest(REST)
        return _all(messages, AttemptState.DEFERRED, f"not sent: {error.reason}", ChannelState.BROKEN)

    def _in_doubt(self, messages: list[Outgoing], words: str) -> list[Outcome]:
        self.transport.doubts += 1
        if self.transport.doubts < DOUBTS:
            return _all(messages, AttemptState.UNCONFIRMED, words, ChannelState.BROKEN)
        self.transport.doubts = 0
        return _all(messages, AttemptState.UNCONFIRMED, words, ChannelState.REFUSED)


def _blames_nobody(answer: Answer, count: int) -> bool:
    """Whether a request was refused without a word about whom or what."""
    if answer.status == 413:
        return True
    named = [_named_recipient(place) for place, _ in answer.errors if place]
    return answer.status == 400 and all(found and int(found[1]) >= count for found in named)


def _bad_request(messages: list[Outgoing], answer: Answer) -> list[Outcome]:
    """Named recipients are refused; a named part of the message concerns all, and wants a person."""
    named: dict[int, str] = {}
    for place, words in answer.errors:
        if found := _named_recipient(place):
            named[int(found[1])] = f"400 {words}"
        elif place:
            return _all(messages, AttemptState.DEFERRED, answer.words, ChannelState.REFUSED)
    return [
        Outcome(each.attempt, AttemptState.REJECTED, tell(named[number], each.address))
        if number in named
        else Outcome(each.attempt, AttemptState.UNSENT, "another recipient of the request was refused")
        for number, each in enumerate(messages)
    ]


def _messages(people: list[Person]) -> list[Outgoing]:
    return [message for message, _ in people]


def _all(
    messages: Sequence[Outgoing], state: AttemptState, words: str, channel: ChannelState = ChannelState.OPEN
) -> list[Outcome]:
    return [Outcome(each.attempt, state, tell(words, each.address), channel=channel) for each in messages]
