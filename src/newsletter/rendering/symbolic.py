"""The sandbox over a recipient that is not known yet: its values are symbols (symbols.py).

Printing a symbol leaves a marker (markers.py), which becomes a slot. Asking for its truth is a question, which the run
answers (variants.py). Whatever else needs a concrete value (a key, a number) asks for the value itself. A text that
holds markers, from `{% set %}`, a macro or `%`, is *lifted* back into an expression before anything is done with it.
What is neither slot nor question is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from jinja2 import Template
from jinja2.runtime import Context, Undefined
from markupsafe import Markup

from newsletter.i18n import say
from newsletter.message.expressions import describe
from newsletter.message.filters import FILTER_NAMES
from newsletter.message.operators import ARITHMETIC, TESTS
from newsletter.message.parts import Expression
from newsletter.rendering.data import LinkNames, Owner, Record, Rows
from newsletter.rendering.dialect import CodeCache
from newsletter.rendering.manuscript import Fault, Manuscript
from newsletter.rendering.markers import Marks
from newsletter.rendering.sandbox import Sandbox
from newsletter.rendering.symbols import Run, Symbol, expression_of, holds_symbol, no_parts

_BINARY = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod"}


class SymbolicSandbox(Sandbox):
    """The same language over a recipient that is not known yet."""

    def __init__(
        self, manuscript: Manuscript, marks: Marks, cache: CodeCache | None = None, *, trace: bool = False
    ) -> None:
        super().__init__(manuscript, cache, trace=trace)
        self._marks = marks
        self._run: Run | None = None
        self.filters = {name: self._symbolic_filter(name, function) for name, function in self.filters.items()}
        self.tests = {
            name: self._symbolic_test(name, cast("Callable[..., Any]", function))
            for name, function in self.tests.items()
        }

    def run(self, run: Run) -> dict[str, str]:
        """Renders all texts, markers in them. Not for several threads."""
        with self._running(run):
            return self.render(
                lambda path: Symbol(["field", path], run),
                lambda name: Symbol(["link", name], run),
            )

    @contextmanager
    def _running(self, run: Run) -> Iterator[None]:
        self._run = run
        try:
            yield
        finally:
            self._run = None

    def _symbol(self, expression: Expression) -> Symbol:
        assert self._run is not None
        return Symbol(expression, self._run)

    # Lifting

    def lift(self, value: Any) -> Any:
        """A text that holds markers becomes the expression that it stands for; lists are looked through."""
        if isinstance(value, str):
            return self._lift_text(value) if self._marks.nonce in value else value
        if isinstance(value, (Record, Rows)):
            return value
        if isinstance(value, (list, tuple)):
            return type(value)(map(self.lift, value)) if type(value) in (list, tuple) else value
        if type(value) is dict:
            return {self.lift(name): self.lift(each) for name, each in value.items()}
        return value

    def _lift_text(self, text: str) -> Symbol:
        html = isinstance(text, Markup)
        parts: list[Expression] = []
        for part in self._marks.split(str(text)):
            if isinstance(part, str):
                parts.append(["markup" if html else "const", part])
            elif html and part.mode == "text":
                raise Fault(
                    say("%(expression)s would be printed without escaping", expression=describe(part.expression))
                )
            elif part.mode == "html" and not html:
                parts.append(["filter", "escape", part.expression, [], {}])
            else:
                parts.append(part.expression)
        return self._symbol(["join", parts, "html" if html else "text"])

    # Hooks of the generated code

    def printed(self, value: Any) -> Any:
        # Markup stays as it is: lifting it would put a macro's MJML inside a slot.
        if type(value) is str:
            return self.lift(value)
        return value if isinstance(value, Symbol) else super().printed(value)

    def compared(self, operator: str, left: Any, right: Any) -> Any:
        left, right = self.lift(left), self.lift(right)
        if not (holds_symbol(left) or holds_symbol(right)):
            return super().compared(operator, left, right)
        name = {"gteq": "ge", "lteq": "le", "notin": "in"}.get(operator, operator)
        answer: Expression = ["op", name, expression_of(left), expression_of(right)]
        return self._symbol(["op", "not", answer] if operator == "notin" else answer)

    def concatenated(self, parts: Sequence[Any], how: str) -> Any:
        # HTML stays text with markers, so that MJML sees its tags.
        lifted = [part if isinstance(part, Markup) else self.lift(part) for part in parts]
        if how == "auto" and any(isinstance(part, Markup) for part in lifted):
            return Markup("").join(self.printed(part) for part in lifted)
        lifted = [self.lift(part) for part in lifted]
        if not any(map(holds_symbol, lifted)):
            return super().concatenated(lifted, how)
        return self._symbol(["join", [expression_of(self.printed(part)) for part in lifted], how])

    def sliced(self, value: Any) -> Any:
        if isinstance(self.lift(value), Symbol):
            raise Fault(say("a recipient's value cannot be cut with [:]; use the filters 'first' or 'truncate'"))
        return value

    def each(self, value: Any) -> Any:
        return super().each(self.lift(value))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        left, right = self.lift(left), self.lift(right)
        if not (holds_symbol(left) or holds_symbol(right)) or (operator == "%" and isinstance(left, str)):
            return super().call_binop(context, operator, left, right)
        name = _BINARY.get(operator)
        if name not in ARITHMETIC:
            raise Fault(say("%(operator)s cannot be used on a recipient's value", operator=operator))
        return self._symbol(["op", name, expression_of(left), expression_of(right)])

    def call_unop(self, context: Context, operator: str, arg: Any) -> Any:
        arg = self.lift(arg)
        if isinstance(arg, Symbol):
            return self._symbol(["op", "neg", arg.expression])
        return super().call_unop(context, operator, arg)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is not Record:  # most are
            obj = self.lift(obj)
            if isinstance(obj, Symbol):
                no_parts(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        obj, argument = self.lift(obj), self.lift(argument)
        if isinstance(obj, (Owner, LinkNames)) and isinstance(argument, Symbol):
            raise Fault(say("the name of a field cannot depend on the recipient"))
        if not isinstance(obj, Symbol):
            if isinstance(argument, Symbol) and isinstance(obj, (list, tuple, str)):
                argument = argument.__index__()
            return super().getitem(obj, argument)
        if isinstance(argument, str):
            no_parts(obj, argument)
        return self._symbol(["item", obj.expression, expression_of(argument)])

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(__obj, Symbol):
            raise Fault(say("%(expression)s is a value, and cannot be called", expression=describe(__obj.expression)))
        lifted = {name: __self.lift(value) for name, value in kwargs.items()}
        return super().call(__context, __obj, *map(__self.lift, args), **lifted)

    def get_template(self, name: Any, *args: Any, **kwargs: Any) -> Template:
        return super().get_template(self._fixed(name), *args, **kwargs)

    def select_template(self, names: Any, *args: Any, **kwargs: Any) -> Template:
        return super().select_template(self._fixed(names), *args, **kwargs)

    def get_or_select_template(self, template_name_or_list: Any, *args: Any, **kwargs: Any) -> Template:
        return super().get_or_select_template(self._fixed(template_name_or_list), *args, **kwargs)

    def _fixed(self, name: Any) -> Any:
        if holds_symbol(self.lift(name)):
            raise Fault(say("which template is included cannot depend on the recipient; use {% if %}"))
        return name

    # Filters and tests

    def _symbolic_filter(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def build(args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
            if name not in FILTER_NAMES:
                allowed = ", ".join(sorted(FILTER_NAMES))
                raise Fault(
                    say(
                        "the filter %(name)r cannot be used on a recipient's value; possible: %(allowed)s",
                        name=name,
                        allowed=allowed,
                    )
                )
            if isinstance(args[0], Undefined) and name in ("default", "d"):
                return args[1]
            subject, *rest = map(expression_of, args)
            named = {each: expression_of(value) for each, value in kwargs.items()}
            return self._symbol(["filter", name, subject, rest, named])

        return self._wrapped(function, build, each=name == "each_")

    def _symbolic_test(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def build(args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
            if name in ("defined", "undefined"):
                return name == "defined"
            if name not in TESTS or kwargs:
                allowed = ", ".join(sorted(TESTS))
                raise Fault(
                    say(
                        "the test %(name)r cannot be used on a recipient's value; possible: %(allowed)s",
                        name=name,
                        allowed=allowed,
                    )
                )
            subject, *rest = map(expression_of, args)
            return self._symbol(["test", name, subject, rest])

        return self._wrapped(function, build)

    def _wrapped(
        self,
        function: Callable[..., Any],
        build: Callable[[Sequence[Any], dict[str, Any]], Any],
        *,
        each: bool = False,
    ) -> Callable[..., Any]:
        """The function for plain values; for symbols what `build` makes of them."""
        lead = 1 if hasattr(function, "jinja_pass_arg") else 0

        def applied(*args: Any, **kwargs: Any) -> Any:
            given = [self.lift(arg) for arg in args[lead:]]
            named = {name: self.lift(value) for name, value in kwargs.items()}
            if not each and (any(map(holds_symbol, given)) or any(map(holds_symbol, named.values()))):
                return build(given, named)
            return function(*args[:lead], *given, **named)

        if lead:
            applied.jinja_pass_arg = function.jinja_pass_arg  # type: ignore[attr-defined]
        return applied
