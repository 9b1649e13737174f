"""An article file with other values in its front matter, or another body: all else stays as its author wrote it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from newsletter.errors import UsageError
from newsletter.gathering import frontmatter
from newsletter.gathering.frontmatter import Front
from newsletter.i18n import say


def amended(text: str, file: str, changes: Mapping[str, Any], body: str | None = None) -> str:
    """`changes` are values of `Front` by name; None takes one out. What is read back must be just what was meant."""
    front, before, _ = frontmatter.split(text, file)
    inside, rest = _parts(text)
    values = {name: None if value in (None, "", [], {}) else value for name, value in changes.items()}
    kept = front.model_dump(exclude_defaults=True) | {
        name: value for name, value in values.items() if value is not None
    }
    meant = Front.model_validate({name: value for name, value in kept.items() if values.get(name, value) is not None})
    new = f"---\n{_front(inside, values)}---\n" + (rest if body is None else f"{body}\n")
    if frontmatter.split(new, file)[:2] != (meant, before if body is None else body):
        raise UsageError(say("This cannot be written into %(file)s as it is: change it in the file.", file=file))
    return new


def _front(inside: str, values: Mapping[str, Any]) -> str:
    yaml = YAML()
    yaml.width = 10_000
    yaml.allow_unicode = True
    yaml.preserve_quotes = True
    front = yaml.load(inside) or CommentedMap()
    for name, value in values.items():
        if value is None:
            front.pop(name, None)
        elif front.get(name) != value:
            front[name] = value
    stream = io.StringIO()
    if front:
        yaml.dump(front, stream)
    return stream.getvalue()


def _parts(text: str) -> tuple[str, str]:
    """What stands between the `---` lines, and all that follows them."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return "", text
    end = next(number for number, each in enumerate(lines) if number and each.rstrip() in ("---", "..."))
    return "\n".join([*lines[1:end], ""]), "\n".join(lines[end + 1 :])
