"""The web server: studio and recipients' pages in one process, with the schedule kept beside them."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

import uvicorn
from fastapi import FastAPI

from newsletter.app import Workspace
from newsletter.errors import UsageError
from newsletter.web.headers import App, guarded
from newsletter.web.hooks import add_hooks
from newsletter.web.operations import add_operations
from newsletter.web.public.app import add_public
from newsletter.web.studio.app import make_studio
from newsletter.web.studio.desk import Studio
from newsletter.workflow.context import Context

PARTS = ("all", "studio", "public")


def make_app(
    workspace: Workspace, *, only: str = "all", demo: bool = False, wake: Callable[[], None] = lambda: None
) -> App:
    """`only`: the studio, or the recipients' pages, so that they can stand on machines of their own."""
    if only not in PARTS:
        raise UsageError(f"--only takes {' or '.join(PARTS[1:])}, not {only!r}.")
    https = workspace.context.settings.studio_url.startswith("https:")
    studio = Studio(workspace, https=https, demo=demo, wake=wake)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None) if only == "public" else make_studio(studio)
    if only != "studio":
        add_public(app, workspace)
        add_hooks(app, workspace.context)
    add_operations(app, workspace.context)
    return guarded(app, https=https)


def led_here(context: Context, host: str, port: int) -> None:
    """Mail to staff leads to where the studio is served on this machine, unless the settings say where it is."""
    if "studio_url" not in context.settings.model_fields_set and is_loopback(host):
        context.settings = context.settings.model_copy(update={"studio_url": address(host, port)})


def address(host: str, port: int) -> str:
    """Where this program answers; an IPv6 address stands in brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: App, *, host: str, port: int) -> None:
    """Until Ctrl-C or SIGTERM. No access log: addresses of pages name issues, and nobody reads them."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,  # its lines go where ours do
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        proxy_headers=True,
    )
    uvicorn.Server(config).run()


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
