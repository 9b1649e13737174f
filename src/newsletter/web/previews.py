"""A plain page with the previews of all issues, on this machine only. The studio will take its place."""

from __future__ import annotations

import html
import re
from contextlib import suppress
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

from newsletter.errors import NewsletterError
from newsletter.i18n import direction
from newsletter.store import editions
from newsletter.store.engine import reading

if TYPE_CHECKING:
    from newsletter.app import Workspace
    from newsletter.workflow.edition import Edition

STYLE = """
:root { color-scheme: light dark; --line: #d5dae2; --muted: #505b6b; --accent: #1d5b9e; --page: #f6f7f9 }
@media (prefers-color-scheme: dark) { :root { --line: #333c48; --muted: #a5afbd; --accent: #82b4ee; --page: #11151b } }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; background: var(--page) }
header, main { max-width: 72rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.375rem; margin: 0 } a { color: var(--accent) } .muted { color: var(--muted) }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .75rem 0 } nav a[aria-current] { font-weight: 700 }
li { margin: .5rem 0 } iframe { width: 100%; height: 80vh; border: 1px solid var(--line); background: #fff }
.phone { width: 375px; max-width: 100% } pre { white-space: pre-wrap; overflow-wrap: anywhere }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-src 'self'; base-uri 'none'"


def serve_previews(workspace: Workspace, port: int) -> None:
    """Until Ctrl-C."""
    with make_server(workspace, port) as server, suppress(KeyboardInterrupt):
        server.serve_forever()


def make_server(workspace: Workspace, port: int) -> ThreadingHTTPServer:
    pages = Pages(workspace)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = pages.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing: paths name issues, and nobody reads them here."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


class Pages:
    """What stands at which path; pure but for the workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._ws = workspace
        self._shown: dict[str, Edition] = {}
        self._edition = lru_cache(maxsize=8)(self._compose)

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type, body."""
        parts = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/favicon.ico":
            return 204, "image/x-icon", b""
        if found := re.fullmatch(r"/a/([0-9a-f]{64})\.(?:jpg|png)", parts.path):
            return self._asset(found[1])
        try:
            if parts.path == "/":
                return _page("Issues", self._issues())
            if found := re.fullmatch(r"/i/([^/]+/[^/]+)/([A-Za-z0-9-]+)/(html|text)", parts.path):
                return self._message(found[1], found[2], found[3], asked)
            if found := re.fullmatch(r"/i/([^/]+/[^/]+)(?:/([A-Za-z0-9-]+))?", parts.path):
                return _page(found[1], self._issue(found[1], found[2], asked))
        except NewsletterError as error:
            return _page("Error", f"<pre>{html.escape(str(error))}</pre>", status=422)
        return _page("Not here", "<p>There is no such page. <a href='/'>All issues</a></p>", status=404)

    def _issues(self) -> str:
        rows = [
            f'<li><a href="/i/{quote(row.name)}">{html.escape(row.name)}</a> '
            f'<span class="muted">{html.escape(row.state.value)}</span></li>'
            for row in self._ws.issues()
        ]
        return f"<ul>{''.join(rows)}</ul>" if rows else "<p>There is no issue yet: <code>newsletter gather</code>.</p>"

    def _issue(self, name: str, language: str | None, asked: dict[str, str]) -> str:
        edition = self._edition(name, self._stamp(name))
        language = language or edition.languages[0]
        worst, phone = asked.get("as") == "worst", asked.get("width") == "phone"
        query = "?as=worst" if worst else ""
        links = "".join(
            f'<a href="/i/{quote(name)}/{tag}{query}" lang="{tag}"{" aria-current=page" if tag == language else ""}>'
            f"{tag}</a>"
            for tag in edition.languages
        )
        base = f"/i/{quote(name)}/{language}"
        message = edition.message(language, recipient="worst" if worst else None)
        return (
            f'<nav aria-label="Languages">{links}</nav><nav aria-label="View">'
            f'<a href="{base}">desktop</a><a href="{base}?width=phone">phone</a>'
            f'<a href="{base}?as=worst">worst case</a><a href="{base}/text{query}">text</a>'
            f'<a href="{base}/html{query}">alone</a></nav>'
            f'<p dir="{direction(language)}" lang="{language}"><strong>{html.escape(message.subject)}</strong></p>'
            f'<iframe title="The message" sandbox src="{base}/html{query}"{" class=phone" if phone else ""}></iframe>'
        )

    def _message(self, name: str, language: str, kind: str, asked: dict[str, str]) -> tuple[int, str, bytes]:
        edition = self._edition(name, self._stamp(name))
        message = edition.message(language, recipient="worst" if asked.get("as") == "worst" else None)
        if kind == "text":
            return 200, "text/plain; charset=utf-8", message.text.encode()
        return 200, "text/html; charset=utf-8", edition.local(message.html, "/a").encode()

    def _asset(self, sha256: str) -> tuple[int, str, bytes]:
        for edition in self._shown.values():
            if found := edition.composition.assets.get(sha256):
                return 200, found.media_type, found.content
        with reading(self._ws.context.engine) as connection:
            stored = editions.find_asset(connection, sha256)
        return (200, stored.media_type, stored.content) if stored else (404, "text/plain", b"")

    def _compose(self, name: str, _stamp: float) -> Edition:
        self._shown[name] = self._ws.compose(name)
        return self._shown[name]

    def _stamp(self, name: str) -> float:
        """When anything that the issue is made from was changed last, so that an edit shows at the next look."""
        root = self._ws.context.folder
        folders = (root / "campaigns" / name.split("/")[0], root / "templates", root / "newsletter.toml")
        files = [path for folder in folders for path in ([folder] if folder.is_file() else folder.rglob("*"))]
        return max((path.stat().st_mtime for path in files if path.is_file()), default=0.0)


def _page(title: str, content: str, status: int = 200) -> tuple[int, str, bytes]:
    page = (
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f'<header><h1><a href="/">Previews</a></h1></header><main><h2>{html.escape(title)}</h2>{content}</main></html>'
    )
    return status, "text/html; charset=utf-8", page.encode()
