"""How fast claimed rows become bodies for SendGrid, as the bytes that are posted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from benchmarks import splice as messages
from newsletter.dispatch.transports.base import Outgoing
from newsletter.dispatch.transports.sendgrid_body import body, form, personalization
from newsletter.message import mime, splice

RECIPIENTS = 1000


def rows() -> list[dict[str, Any]]:
    template = mime.compile(messages.variant(), messages.envelope(), messages.FIELDS)
    people, own = messages.claimed(RECIPIENTS), messages.personal()

    def bodies() -> dict[str, Any]:
        shape = form(template)
        batch = (outgoing(row) for row in people)
        return body(shape, [personalization(shape, each) for each in batch])

    def outgoing(row: dict[str, Any]) -> Outgoing:
        data = messages.delivery(own, row)
        return Outgoing(row["id"], row["id"], 1, row["address"], template, data, splice.message)

    def posted() -> bytes:
        return json.dumps(bodies()).encode()

    return [
        _row("SendGrid bodies from a launched edition", bodies, target=50_000),
        _row("the same, with the JSON text that the client makes of them", posted),
    ]


def _row(name: str, work: Callable[[], object], target: int | None = None) -> dict[str, Any]:
    rate = 1 / messages.per_item(work, RECIPIENTS)
    return {
        "name": name,
        "value": round(rate),
        "unit": "recipients/s",
        "target": f">= {target}" if target else None,
        "versus": None,
        "met": rate >= target if target else None,
    }


if __name__ == "__main__":
    for row in rows():
        print(row)
