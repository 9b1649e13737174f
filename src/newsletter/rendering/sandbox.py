"""The template language: Jinja2, sandboxed and escaping, with the few differences that mail needs.

- None prints as nothing; comparing with it is false, computing with it gives none.
- A mapping's own keys come before Python's methods: `section.items` is the list of items.
- Lines that hold only a tag vanish; the last line break of a file stays (what is included keeps its lines).
- Printing a list or mapping is an error, and so is anything undefined.
- `{% autoescape %}`, the filter `random` and `lipsum` do not exist: what is printed in HTML is escaped, and the same
  data gives the same message.
- The filters in message/filters.py replace Jinja's of the same name.

The generated code (dialect.py) calls hooks of the environment where Jinja would use Python's own operators. Here they
do what is said above; symbolic.py builds expressions in the same places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.environment import TemplateModule
from jinja2.runtime import Context, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from newsletter.i18n import say
from newsletter.message.filters import default, filters
from newsletter.message.operators import COMPARISONS, TESTS
from newsletter.message.slots import concat, item_at
from newsletter.rendering import tracing
from newsletter.rendering.data import LinkNames, Missing, Owner, Record, plain_data
from newsletter.rendering.dialect import CodeCache, DialectCode, Sources
from newsletter.rendering.manuscript import PREVIEW, SUBJECT, Body, Fault, Manuscript, Strings, is_html
from newsletter.rendering.places import located

_SPECIAL = re.compile(r"""[&<>"']""")


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of one manuscript."""

    code_generator_class = DialectCode
    intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)
    intercepted_unops = frozenset("-")

    def __init__(self, manuscript: Manuscript, cache: CodeCache | None = None, *, trace: bool = False) -> None:
        super().__init__(
            loader=Sources(manuscript),
            autoescape=is_html,
            undefined=Missing,
            finalize=self.printed,
            bytecode_cache=CodeCache() if trace or cache is None else cache,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            optimized=False,  # saves a seventh of compiling; constants are computed when a message is rendered
        )
        self.manuscript = manuscript
        self.names: list[str] | None = [] if trace else None  # of the templates, where notes are taken (tracing.py)
        self.data = {name: plain_data(value, name) for name, value in manuscript.context.items()}
        self.links = self.data.pop("links", Record())
        self.context: dict[str, Any] = {}  # of the present run
        self.filters = {**self.filters, **filters(manuscript.language), "default": _default, "d": _default}
        self.filters["each_"] = self.each
        del self.filters["random"]
        del self.globals["lipsum"]
        self.tests = {**self.tests, **TESTS}

    # Rendering

    def render(self, read: Callable[[str], Any], read_link: Callable[[str], Any]) -> dict[str, str]:
        """The texts by name of template: subject, preview, text and html."""
        templates = self.manuscript.templates
        self.context = self._with_recipient(read, read_link)
        with located(self.manuscript):
            for name, known in ((SUBJECT, "subject"), (PREVIEW, "preview")):
                self.context[known] = self.get_template(name).render(self.context)
            texts = {name: self.get_template(name).render(self.context) for name in (templates.text, templates.html)}
        return {SUBJECT: self.context["subject"], PREVIEW: self.context["preview"], **texts}

    def _with_recipient(self, read: Callable[[str], Any], read_link: Callable[[str], Any]) -> dict[str, Any]:
        return {
            **self.data,
            "contact": Owner("contact", self.manuscript.fields, read),
            "institution": Owner("institution", self.manuscript.fields, read),
            "links": LinkNames(self.manuscript.personal, self.links, read_link),
            "language": self.manuscript.language,
        }

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        declared = self.manuscript.templates.source(name) if name else None
        for node in tree.find_all((nodes.If, nodes.CondExpr, nodes.For)):
            if isinstance(node, (nodes.If, nodes.CondExpr, nodes.For)) and node.test is not None:
                # `not` lifts; twice, it gives the truth.
                node.test = nodes.Not(nodes.Not(node.test, lineno=node.lineno), lineno=node.lineno)
            if isinstance(node, nodes.For):
                node.iter = nodes.Filter(node.iter, "each_", [], [], None, None, lineno=node.lineno)
        for escaping in tree.find_all((nodes.ScopedEvalContextModifier, nodes.EvalContextModifier)):
            raise TemplateSyntaxError(
                say("autoescape cannot be switched off in a message"), escaping.lineno, name, filename
            )
        for used in tree.find_all(nodes.Filter) if declared and declared.staff else ():
            if used.name == "safe":
                raise TemplateSyntaxError(
                    say("the filter 'safe' is not for texts of editors"), used.lineno, name, filename
                )
        if self.names is not None:
            self.names.append(name or "")
            tracing.add_notes(tree, len(self.names) - 1)
        tree.set_environment(self)
        return tree

    # Hooks of the generated code

    def lift(self, value: Any) -> Any:
        return value

    def both(self, left: Any, right: Callable[[], Any]) -> Any:
        return right() if self.lift(left) else left

    def either(self, left: Any, right: Callable[[], Any]) -> Any:
        return left if self.lift(left) else right()

    def printed(self, value: Any) -> Any:
        """`finalize`: what an output prints."""
        if type(value) in (str, Markup):  # most are
            return value
        if value is None:
            return ""
        if isinstance(value, (list, tuple, dict, set)):
            raise Fault(say("a list cannot be printed; put its items together with the filter 'join'"))
        return value

    def shown(self, value: Any) -> str:
        """What an output prints in HTML."""
        if type(value) is Markup:  # which is printed as it is
            return value
        value = self.printed(value)
        if type(value) is str and _SPECIAL.search(value) is None:
            return value
        return value if type(value) is Markup else escape(value)

    def compared(self, operator: str, left: Any, right: Any) -> Any:
        name = {"gteq": "ge", "lteq": "le", "notin": "in"}.get(operator, operator)
        answer = COMPARISONS[name](left, right)
        return not answer if operator == "notin" else answer

    def concatenated(self, parts: Sequence[Any], how: str) -> Any:
        return concat([self.printed(part) for part in parts], how)

    def sliced(self, value: Any) -> Any:
        return value

    def each(self, value: Any) -> Any:
        """What a loop runs over."""
        return () if value is None else value

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            return left % _formatted(right)
        if left is None or right is None:
            return None
        try:
            return super().call_binop(context, operator, left, right)
        except ZeroDivisionError:
            return None

    def call_unop(self, context: Context, operator: str, arg: Any) -> Any:
        return None if arg is None else super().call_unop(context, operator, arg)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, dict) and attribute in obj:
            value = obj[attribute]
            return self.opened(value) if type(value) is Body else value
        if type(obj) is TemplateModule and attribute in obj.__dict__ and not attribute.startswith("_"):
            return obj.__dict__[attribute]  # what an imported template exports; Jinja asks at length whether it is safe
        if isinstance(obj, (Owner, LinkNames)):
            return obj.get(attribute)
        return self.undefined(obj=obj, name=attribute) if isinstance(obj, Strings) else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, (Owner, LinkNames)):
            return obj.get(argument)
        if (obj is None or isinstance(obj, (list, tuple, str))) and isinstance(argument, int):
            return self.opened(item_at(obj, argument))
        return self.opened(super().getitem(obj, argument))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        if type(__obj) is Macro:  # as Jinja does, which asks at length what it is
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return __obj(__context.eval_ctx, *args, **kwargs)
        if isinstance(__obj, Strings):
            return __self.string(__obj, *args, **kwargs)
        return super().call(__context, __obj, *args, **kwargs)

    def string(self, strings: Strings, key: str, **values: Any) -> Any:
        """A string of the family, with its `{name}` filled."""
        text = strings[key]
        if not values:
            return text
        parts: list[Any] = [text]
        for name, value in values.items():
            parts = [
                piece
                for part in parts
                for piece in (_interspersed(part.split(f"{{{name}}}"), value) if isinstance(part, str) else [part])
            ]
        return self.concatenated([part for part in parts if part != ""], "auto")

    def opened(self, value: Any) -> Any:
        """A body among the data is rendered where it is read, within this run."""
        if not isinstance(value, Body):
            return value
        text = self.get_template(value.source).render({**self.context, **value.context})
        return Markup(text) if is_html(value.source) else text  # noqa: S704 (rendered with escaping)


def _interspersed(pieces: Sequence[str], value: Any) -> list[Any]:
    return [part for piece in pieces for part in (value, piece)][1:]


def _default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    return default(None if isinstance(value, Undefined) else value, default_value, boolean)


def _formatted(values: Any) -> Any:
    """Operands of `"..." % values`: none is nothing."""
    if isinstance(values, tuple):
        return tuple("" if value is None else value for value in values)
    if isinstance(values, dict):
        return {name: "" if value is None else value for name, value in values.items()}
    return "" if values is None else values
