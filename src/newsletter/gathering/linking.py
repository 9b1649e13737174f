"""Where the links and pictures of a document lead."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote, urljoin, urlsplit

from newsletter.gathering.html_markdown import SCHEMES, Resolve


def web_address(text: str | None) -> str | None:
    """The address of a web page, or None for anything else."""
    try:
        parts = urlsplit(text or "")
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return text if whole and not re.search(r"\s", text or "") else None


def resolver(base: str | None, file: str | None) -> Resolve:
    """Relative addresses start at `base` (a page's address), else at `file` (a path in the workspace).

    Links within the page and addresses of other kinds lead nowhere in a message: None.
    """

    def resolve(address: str) -> str | None:
        if not address or address.startswith("#"):
            return None
        try:
            target = urljoin(base, address) if base else address
            parts = urlsplit(target)
        except ValueError:
            return None
        if parts.scheme:
            return (
                target if parts.scheme.lower() in SCHEMES and (parts.netloc or not target.startswith("http")) else None
            )
        if file is None or parts.netloc or not parts.path or parts.path.startswith("/"):
            return None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file), unquote(parts.path)))
        return None if path.startswith("..") else path

    return resolve
