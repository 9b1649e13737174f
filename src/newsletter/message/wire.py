"""A message as SMTP carries it after DATA: CRLF throughout, a line that begins with a dot doubled (RFC 5321 4.5.2)."""

from __future__ import annotations


def on_the_wire(content: bytes) -> bytes:
    """Dot-stuffed and ended by CRLF. ValueError for a bare CR or LF: servers that take one for the end of a line can
    be made to see a second message ("SMTP smuggling")."""
    if not _is_crlf_throughout(content):
        raise ValueError("the message has a bare line feed or carriage return, and was not sent")
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    stuffed = b"." + stuffed if stuffed.startswith(b".") else stuffed
    return stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n"


def is_ready(part: bytes) -> bool:
    """Whether whole lines may stand on the wire as they are."""
    return _is_crlf_throughout(part) and part.endswith(b"\r\n") and not part.startswith(b".") and b"\r\n." not in part


def _is_crlf_throughout(content: bytes) -> bool:
    lines = content.count(b"\r\n")
    return content.count(b"\n") == lines and content.count(b"\r") == lines
