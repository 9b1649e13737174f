"""Templates read without being run: syntax, filters, and the templates and strings that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from jinja2 import TemplateSyntaxError
from jinja2 import nodes as syntax

from newsletter.errors import NewsletterError, Problem, ProblemsFound, nearest
from newsletter.i18n import say, told
from newsletter.libraries import in_words
from newsletter.rendering.manuscript import Manuscript, Source, Templates
from newsletter.rendering.mjml_warnings import warnings
from newsletter.rendering.sandbox import Sandbox
from newsletter.workflow.context import Context
from newsletter.workspace.loading import load_yaml

T = TypeVar("T")

STRINGS = "templates/strings.yaml"


def strings_of(ctx: Context) -> dict[str, dict[str, str]]:
    """The template family's strings: name -> language -> text."""
    if not ctx.documents.exists(STRINGS):
        return {}
    return load_yaml(ctx.documents.text(STRINGS), STRINGS, dict[str, dict[str, str]])


def attempt(load: Callable[[], T], file: str | None = None) -> tuple[T | None, list[Problem]]:
    """What loads, or the problems that keep it from loading."""
    try:
        return load(), []
    except ProblemsFound as error_:
        return None, list(error_.problems)
    except NewsletterError as error_:
        return None, [Problem(told(error_), file)]


def template_warnings(ctx: Context) -> Iterator[Problem]:
    """What MJML passes over in the templates."""
    for path in ctx.documents.list("templates/**/*.mjml"):
        text, _ = attempt(lambda path=path: ctx.documents.text(path), path)  # type: ignore[misc]
        yield from warnings(text or "", path)


def template_problems(ctx: Context) -> Iterator[Problem]:
    paths = [path for ending in ("mjml", "txt") for path in ctx.documents.list(f"templates/**/*.{ending}")]
    strings, found = attempt(lambda: strings_of(ctx), STRINGS)
    yield from found
    sources: dict[str, Source | str] = {}
    for path in paths:
        text, found = attempt(lambda path=path: ctx.documents.text(path), path)  # type: ignore[misc]
        yield from found
        if text is not None:
            sources[path.removeprefix("templates/")] = Source(text, file=path)
    yield from syntax_problems(sources, ctx, ctx.settings.default_language, strings=strings)


def syntax_problems(
    sources: dict[str, Source | str], ctx: Context, language: str, *, strings: dict[str, dict[str, str]] | None = None
) -> Iterator[Problem]:
    """Templates parsed and compiled, not run: syntax, filters, includes, and the strings that they name."""
    fields, _ = attempt(lambda: ctx.fields)
    if fields is None or not sources:
        return
    first = next(iter(sources))
    templates = Templates(sources, html=first, text=first)
    sandbox = Sandbox(Manuscript(templates, {}, fields, language))
    for name, source in sources.items():
        text = source if isinstance(source, str) else source.text
        file, _ = templates.place(name, None)
        try:
            tree = sandbox.parse(text, name)
            named = list(_named(tree, file, sources, strings))
            sandbox.compile(tree, name, raw=True)  # finds filters that do not exist
        except TemplateSyntaxError as error_:
            yield Problem(in_words(error_.message or say("a syntax error")), file, error_.lineno)
            continue
        yield from named


def _named(
    tree: syntax.Template,
    file: str | None,
    sources: Mapping[str, Source | str],
    strings: Mapping[str, Mapping[str, str]] | None,
) -> Iterator[Problem]:
    """The templates and strings that a template names, and that are not there."""
    for node in tree.find_all((syntax.Include, syntax.Import, syntax.FromImport, syntax.Extends)):
        wanted = node.template  # type: ignore[attr-defined]
        if isinstance(wanted, syntax.Const) and wanted.value not in sources:
            hint = nearest(str(wanted.value), sources)
            yield Problem(
                say("there is no template %(value)r: %(hint)s", value=wanted.value, hint=hint), file, node.lineno
            )
    for call in tree.find_all(syntax.Call) if strings is not None else ():
        key = call.args[0] if call.args else None
        by_name = isinstance(call.node, syntax.Name) and call.node.name == "t"
        if by_name and isinstance(key, syntax.Const) and key.value not in (strings or {}):
            hint = nearest(str(key.value), strings or {})
            yield Problem(say("there is no string %(value)r: %(hint)s", value=key.value, hint=hint), file, call.lineno)
