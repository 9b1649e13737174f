"""Where providers report what became of messages. Signed by them; no cookie, no form."""

from __future__ import annotations

from dataclasses import replace

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from newsletter.errors import UsageError
from newsletter.tracking.sendgrid_events import NotTheirs
from newsletter.workflow.context import Context
from newsletter.workflow.sending.events import receive_sendgrid


def add_hooks(app: FastAPI, ctx: Context) -> None:
    async def sendgrid(request: Request, transport: str) -> Response:
        """204 once it is on disk. What fails by our fault is a 500, so that SendGrid tries again (for a day)."""
        body = await request.body()
        try:
            await run_in_threadpool(receive_sendgrid, replace(ctx), transport, body, dict(request.headers))
        except UsageError:
            return Response(status_code=404)
        except NotTheirs:
            return Response(status_code=403)
        return Response(status_code=204)

    app.add_api_route("/hooks/sendgrid/{transport}", sendgrid, methods=["POST"], include_in_schema=False)
