"""An article file with other values in its front matter, or another body: all else stays as its author wrote it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from newsletter.errors import ProblemsFound, UsageError
from newsletter.gathering import frontmatter
from newsletter.gathering.frontmatter import Front
from newsletter.gathering.head_lines import with_values
from newsletter.i18n import say


def amended(text: str, file: str, changes: Mapping[str, Any], body: str | None = None) -> str:
    """`changes` are values of `Front` by name; None takes one out, and a mapping says only what changes within it.

    What is read back must be just what was meant.
    """
    front, before, _ = frontmatter.split(text, file)
    inside, rest = _parts(text)
    values = {name: None if value in (None, "", [], {}) else value for name, value in changes.items()}
    meant = Front.model_validate(_merged(front.model_dump(exclude_defaults=True), values))
    for head in (_in_lines, _anew):
        new = f"---\n{head(inside, values)}---\n" + (rest if body is None else f"{body}\n")
        if _reads_as(new, file, meant, before if body is None else body):
            return new
    raise UsageError(say("This cannot be written into %(file)s as it is: change it in the file.", file=file))


def _merged(front: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(front)
    for name, value in values.items():
        inner = merged.get(name)
        merged[name] = value
        if isinstance(value, Mapping):
            merged[name] = _merged(inner if isinstance(inner, Mapping) else {}, value)
    return {name: value for name, value in merged.items() if value is not None}


def _reads_as(text: str, file: str, front: Front, body: str) -> bool:
    try:
        return frontmatter.split(text, file)[:2] == (front, body)
    except ProblemsFound:
        return False


def _in_lines(inside: str, values: Mapping[str, Any]) -> str:
    """The same head but for the lines of these values; where that cannot be done, nothing that reads as was meant."""
    try:
        return with_values(inside, values)
    except ValueError:
        return inside


def _anew(inside: str, values: Mapping[str, Any]) -> str:
    """The whole head as the YAML library writes it: comments and order stay, its spaces may not."""
    yaml = YAML()
    yaml.width = 10_000
    yaml.allow_unicode = True
    yaml.preserve_quotes = True
    front = yaml.load(inside) or CommentedMap()
    _put(front, values)
    stream = io.StringIO()
    if front:
        yaml.dump(front, stream)
    return stream.getvalue()


def _put(front: CommentedMap, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if value is None:
            front.pop(name, None)
        elif isinstance(value, Mapping):
            if not isinstance(front.get(name), CommentedMap):
                front[name] = CommentedMap()
            _put(front[name], value)
        elif front.get(name) != value:
            front[name] = value


def _parts(text: str) -> tuple[str, str]:
    """What stands between the `---` lines, and all that follows them."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return "", text
    end = next(number for number, each in enumerate(lines) if number and each.rstrip() in ("---", "..."))
    return "\n".join([*lines[1:end], ""]), "\n".join(lines[end + 1 :])
