"""Looking up at SendGrid what became of attempts in doubt: its Email Logs name our custom arguments.

A message that stands there proves that its request was taken; that none stands there proves nothing (it may yet be
processed, and logs reach back 30 days). Three of a request are asked for, as a request is taken or refused whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from http.client import HTTPException
from itertools import groupby
from typing import TYPE_CHECKING, Any

from newsletter.dispatch.transports.base import Doubtful, Outcome
from newsletter.model.delivery import AttemptState

if TYPE_CHECKING:
    from newsletter.dispatch.transports.sendgrid_api import Api

SAMPLE = 3  # messages of a request that are asked for
BEFORE = timedelta(minutes=5)  # clocks differ


class LogsRefused(Exception):
    """The key may not read the logs, or they cannot be had now: nothing more is asked."""


def look_up(api: Api, attempts: Sequence[Doubtful], *, whole_requests: bool) -> dict[int, Outcome]:
    """ACCEPTED for those of which a message stands in the logs; the others are left out."""
    found: dict[int, Outcome] = {}
    try:
        for each in _by_request(attempts):
            found |= _request(api, each, whole_requests)
    except (LogsRefused, OSError, HTTPException):
        pass  # what was found before stands; the rest stays in doubt
    return found


def _by_request(attempts: Sequence[Doubtful]) -> Iterator[list[Doubtful]]:
    ordered = sorted(attempts, key=lambda each: (each.request or 0, each.attempt))
    for request, group in groupby(ordered, key=lambda each: each.request):
        if request is None:
            yield from ([each] for each in group)
        else:
            yield list(group)


def _request(api: Api, attempts: list[Doubtful], whole: bool) -> dict[int, Outcome]:
    found: dict[int, Outcome] = {}
    for each in attempts[:SAMPLE] if whole else attempts:
        message = _message(api, each)
        if message is None:
            continue
        if whole:
            return {one.attempt: _accepted(one, message) for one in attempts}
        found[each.attempt] = _accepted(each, message)
    return found


def _message(api: Api, each: Doubtful) -> str | None:
    """The id of the message of this very attempt."""
    if each.address is None or set(each.address) & set('"\\'):
        return None
    since = (each.started_at - BEFORE).strftime("%Y-%m-%dT%H:%M:%SZ")
    query = f'to_email = "{each.address}" AND sg_message_id_created_at > TIMESTAMP "{since}"'
    for message in _read(api.logs(query)).get("messages", []):
        id_ = str(message.get("sg_message_id", ""))
        arguments = _read(api.log(id_)).get("custom_args", {}) if id_ else {}
        if str(arguments.get("x_attempt")) == str(each.attempt):
            return id_
    return None


def _read(answer: Any) -> Mapping[str, Any]:
    if answer.status != 200:
        raise LogsRefused(answer.words)
    found = answer.json
    return found if isinstance(found, dict) else {}


def _accepted(each: Doubtful, message: str) -> Outcome:
    return Outcome(each.attempt, AttemptState.ACCEPTED, "found in SendGrid's logs", provider_id=message)
