"""The Jinja machinery below the sandbox: code with hooks, the loader, and a cache of compiled templates."""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Callable
from typing import Any

from jinja2 import BaseLoader, BytecodeCache, Environment, TemplateNotFound, nodes
from jinja2.bccache import Bucket
from jinja2.compiler import CodeGenerator, Frame, optimizeconst
from jinja2.nodes import Impossible

from newsletter.errors import nearest
from newsletter.i18n import say
from newsletter.rendering.manuscript import Manuscript


class DialectCode(CodeGenerator):
    """Writes calls of the environment's hooks for operators."""

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        """Nothing but text is computed while compiling: code serves all languages, and making it runs no filter."""
        if not isinstance(node, nodes.TemplateData):
            raise Impossible
        return super()._output_child_to_const(node, frame, finalize)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write("environment.shown(" if frame.eval_ctx.autoescape else "str(environment.finalize(")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(")" if frame.eval_ctx.autoescape else "))")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("environment.concatenated((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write(f"), {'auto' if frame.eval_ctx.autoescape else 'text'!r})")

    @optimizeconst
    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:
        left: nodes.Expr = node.expr
        self.write("(")
        for number, operand in enumerate(node.ops):
            self.write(" and " if number else "")
            self.write(f"environment.compared({operand.op!r}, ")
            self.visit(left, frame)
            self.write(", ")
            self.visit(operand.expr, frame)
            self.write(")")
            left = operand.expr
        self.write(")")

    @optimizeconst
    def visit_And(self, node: nodes.BinExpr, frame: Frame) -> None:
        self._lazily(node, "both", frame)

    @optimizeconst
    def visit_Or(self, node: nodes.BinExpr, frame: Frame) -> None:
        self._lazily(node, "either", frame)

    def _lazily(self, node: nodes.BinExpr, hook: str, frame: Frame) -> None:
        self.write(f"environment.{hook}(")
        self.visit(node.left, frame)
        self.write(", lambda: ")
        self.visit(node.right, frame)
        self.write(")")

    @optimizeconst
    def visit_Not(self, node: nodes.UnaryExpr, frame: Frame) -> None:
        self.write("(not environment.lift(")
        self.visit(node.node, frame)
        self.write("))")

    def visit_FilterBlock(self, node: nodes.FilterBlock, frame: Frame) -> None:
        """As Jinja's, but what the filter gives is printed like any other output: escaped if it is no HTML."""
        inner = frame.inner()
        inner.symbols.analyze_node(node)
        self.enter_frame(inner)
        self.buffer(inner)
        self.blockvisit(node.body, inner)
        self.start_write(frame, node)
        self.write("escape(" if frame.eval_ctx.autoescape else "str(")
        self.write("environment.finalize(")
        self.visit_Filter(node.filter, inner)
        self.write("))")
        self.end_write(frame)
        self.leave_frame(inner)

    @optimizeconst
    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        if not isinstance(node.arg, nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        self.write("environment.sliced(")
        self.visit(node.node, frame)
        self.write(")[")
        self.visit(node.arg, frame)
        self.write("]")


class Sources(BaseLoader):
    """Templates by name, from the manuscript alone."""

    def __init__(self, manuscript: Manuscript) -> None:
        self._templates = manuscript.templates

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source = self._templates.source(template)
        if source is None:
            raise TemplateNotFound(
                template,
                say(
                    "There is no template %(template)r: %(hint)s",
                    template=template,
                    hint=nearest(template, self._templates.sources),
                ),
            )
        return source.text, template, lambda: True


class CodeCache(BytecodeCache):
    """Compiled templates by name and source, for further languages and revisions in one process."""

    def __init__(self, size: int = 500) -> None:
        self._size = size
        self._code: dict[str, bytes] = {}

    def put(self, name: str, source: str, code: bytes) -> None:
        """Code that an earlier process made. Only from who is trusted: it will be run."""
        self._remember(self.get_cache_key(name, name) + self.get_source_checksum(source), code)

    def load_bytecode(self, bucket: Bucket) -> None:
        found = self._code.get(bucket.key + bucket.checksum)
        if found is not None:
            bucket.code = marshal.loads(found)  # noqa: S302 (made here, or handed to `put`)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._remember(bucket.key + bucket.checksum, marshal.dumps(bucket.code))

    def _remember(self, key: str, code: bytes) -> None:
        if len(self._code) >= self._size:
            self._code.pop(next(iter(self._code)))
        self._code[key] = code

    def get_source_checksum(self, source: str) -> str:
        return hashlib.sha256(source.encode()).hexdigest()
