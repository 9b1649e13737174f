"""Writes docs/reference/ from the models and the command line: `python tools/reference.py`.

A page never says more or less than the program does; tests/docs holds them together. What a field is for stands in the
model, as its description; what a command does stands in its docstring.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer.main
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from newsletter.cli.program import app
from newsletter.gathering.frontmatter import Front
from newsletter.model.campaign import Campaign
from newsletter.model.campaign import LanguageTag as CampaignTag
from newsletter.model.draft import Draft
from newsletter.model.fields import CORE, FieldsFile
from newsletter.model.mapping import ImportMapping
from newsletter.model.publication import Publication, SegmentSpec
from newsletter.settings import LanguageTag as SettingsTag
from newsletter.settings import Settings

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
NOTE = "<!-- Made by tools/reference.py from the program itself; do not edit. -->"
PLAIN = {
    str: "text",
    int: "number",
    float: "number",
    bool: "true or false",
    date: "date",
    datetime: "date and time",
    timedelta: "duration, such as `PT6H` or `02:00:00`",
    object: "any value",
    types.NoneType: "nothing",
}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the reference: the models are shown as tables, each under the name of its place in the file."""

    title: str
    intro: str
    models: Mapping[str, type[BaseModel]]


PAGES = {
    "campaign.md": Page(
        "campaigns/NAME/campaign.yaml",
        "The definition of a campaign. [The guide](../guides/campaign.md) explains it by example. With a first line\n"
        "`# yaml-language-server: $schema=../../.newsletter/schema/campaign.json` many editors complete and check it.",
        {"campaign.yaml": Campaign},
    ),
    "settings.md": Page(
        "newsletter.toml",
        "Settings of a workspace. The environment overrides some: `NEWSLETTER_PUBLIC_URL`, `NEWSLETTER_TIME_ZONE`,\n"
        "`NEWSLETTER_DEFAULT_LANGUAGE`, `NEWSLETTER_APPROVE_OWN`, `NEWSLETTER_STUDIO_URL`,\n"
        "`NEWSLETTER_REDIRECT_ALL_TO`, `NEWSLETTER_DOCUMENTS`, `NEWSLETTER_LOG_FORMAT`, and, divided by commas,\n"
        "`NEWSLETTER_LANGUAGES`, `NEWSLETTER_SEND_WITH`, `NEWSLETTER_TEST_ADDRESSES`; `DATABASE_URL` is the database.\n"
        "Secrets never stand here: see [sending](../guides/sending.md).",
        {"newsletter.toml": Settings},
    ),
    "article.md": Page(
        "Article files",
        "What may stand between the `---` lines at the head of a Markdown article. Plain text and HTML files need\n"
        "none: see [the guide](../guides/campaign.md#articles). All keys are optional; without a title the first\n"
        "heading is the title.",
        {"front matter": Front},
    ),
    "files.md": Page(
        "Drafts, imports, fields, publications, segments",
        "The other files of a workspace.",
        {
            "campaigns/NAME/KEY.yaml (a draft)": Draft,
            "subscribers/imports/NAME.yaml (an import)": ImportMapping,
            "subscribers/fields.yaml (fields of your own)": FieldsFile,
            "subscribers/publications.yaml, each entry": Publication,
            "subscribers/segments.yaml, each entry": SegmentSpec,
        },
    ),
}


def pages() -> dict[str, str]:
    """Every page of the reference by file name."""
    made = {name: _page(page) for name, page in PAGES.items()}
    made["files.md"] += "\n" + _core_fields()
    return made | {"commands.md": _commands()}


def _page(page: Page) -> str:
    parts = [f"# {page.title}", NOTE, page.intro]
    shown: set[type[BaseModel]] = set()
    for place, model in page.models.items():
        parts.append(f"## {place}")
        parts.extend(_tables(model, "", shown))
    return "\n\n".join(parts) + "\n"


def _tables(model: type[BaseModel], path: str, shown: set[type[BaseModel]]) -> Iterator[str]:
    """The table of a model, then those of the models that it holds, each once."""
    shown.add(model)
    if path:
        yield f"### {path}"
        if model.__doc__ and model.__dict__.get("__doc__"):
            yield _one_line(model.__doc__)
    rows = [_row(name, field) for name, field in model.model_fields.items()]
    yield "\n".join(["| key | value | default | |", "|---|---|---|---|", *rows])
    for name, field in model.model_fields.items():
        for held in _models(field.annotation):
            if held not in shown:
                kind = f", {_kind(held)}" if _kind(held) else ""
                yield from _tables(held, f"{path}.{name}{kind}".lstrip("."), shown)


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | {_type(field.annotation)} | {_default(field)} | {_cell(field.description or '')} |"


def _kind(model: type[BaseModel]) -> str:
    """What tells the members of a union apart: kind = "smtp"."""
    found = model.model_fields.get("kind")
    words = get_args(found.annotation) if found is not None and get_origin(found.annotation) is Literal else ()
    return f'kind "{words[0]}"' if len(words) == 1 else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined or value is None or value in ("", [], {}) or isinstance(value, BaseModel):
        return ""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g} s" if value < timedelta(hours=1) else f"{value / timedelta(hours=1):g} h"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Enum):
        return f"`{value.value}`"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {each if isinstance(each, str) else '...'}" for name, each in value.items())
    return f"`{', '.join(map(str, value)) if isinstance(value, (list, tuple)) else value}`"


def _type(annotation: Any) -> str:
    """An annotation in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin is Literal:
        return " \\| ".join(f"`{each}`" for each in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type(each) for each in arguments if each is not types.NoneType))
    if origin in (list, tuple):
        return f"list of {_plural(_type(arguments[0]))}"
    if origin is dict:
        return f"{_type(arguments[1])} by {_key(arguments[0])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " \\| ".join(f"`{each.value}`" for each in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _kind(annotation) or "table"
    return PLAIN.get(annotation, str(annotation))


def _key(annotation: Any) -> str:
    """Language tags are texts that are brought into one form; other keys are names."""
    return "language" if annotation in (CampaignTag, SettingsTag) else "name"


def _plural(words: str) -> str:
    return {"text": "texts", "number": "numbers", "table": "tables"}.get(words, words)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)


def _core_fields() -> str:
    """The fields that rules, templates and imports know without any definition."""
    rows = [f"| `{field.path}` | {field.type.value} |" for field in CORE]
    return "\n".join(["## Fields that every workspace has", "", "| field | type |", "|---|---|", *rows]) + "\n"


def _commands() -> str:
    root = typer.main.get_command(app)
    parts = ["# Commands", NOTE, COMMANDS_INTRO]
    for name, command in _flat("newsletter", root):
        arguments = [each for each in command.params if each.param_type_name == "argument"]
        options = [each for each in command.params if each.param_type_name != "argument" and each.name != "help"]
        usage = " ".join([name, *(_argument(each) for each in arguments), *(["[OPTIONS]"] if options else [])])
        parts += [f"## {name}", f"`{usage}`", _help(command.help or "")]
        rows = [f"| `{_argument(each)}` | {_cell(each.help or '')} |" for each in arguments]
        rows += [f"| {_option(each)} | {_cell(each.help or '')} |" for each in options]
        if rows:
            parts.append("\n".join(["| | |", "|---|---|", *rows]))
    return "\n\n".join(part for part in parts if part) + "\n"


COMMANDS_INTRO = """\
All commands take `--help`. Those that work in a workspace take `--workspace DIR`, by default the current folder; those
that a person answers for take `--as PERSON`, a name in `newsletter.toml` (by default `local`, who may do everything);
those that read take `--json`. Exit codes: 0 done, 1 the work failed or checks found errors, 2 wrong usage.
`newsletter --install-completion` lets your shell complete them."""


def _flat(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Every command with its whole name; groups themselves do nothing."""
    held = getattr(command, "commands", None)
    if held is None:
        yield name, command
        return
    for each, inner in held.items():
        yield from _flat(f"{name} {each}", inner)


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name.upper()).strip("[]")
    return name if parameter.required else f"[{name}]"


def _option(parameter: Any) -> str:
    names = [*parameter.opts, *parameter.secondary_opts]
    value = "" if parameter.is_flag else f" {parameter.name.strip('_').upper()}"
    default = parameter.default
    shown = default if isinstance(default, (str, int)) and not isinstance(default, bool) and default != "" else None
    return ", ".join(f"`{each}{value}`" for each in names) + (f" (default {shown})" if shown is not None else "")


def _help(text: str) -> str:
    """A docstring as Markdown: its examples become one block of code."""
    paragraphs, code = [], []
    for line in text.splitlines():
        if line.strip().startswith("newsletter "):
            code.append(line.strip())
        else:
            paragraphs.append(line.strip())
    prose = "\n".join(paragraphs).strip()
    while "\n\n\n" in prose:
        prose = prose.replace("\n\n\n", "\n\n")
    return prose + ("\n\n```sh\n" + "\n".join(code) + "\n```" if code else "")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|").replace("{{", "{ {").replace("<", "&lt;")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
