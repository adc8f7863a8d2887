"""The part of Jinja that messages may use: values, `if`, `for`, `set`, and the filters below. Nothing calls Python.

Two fences, either of which would do: a syntax tree of listed nodes only, and an environment in which a value has
no attributes but the keys of a mapping.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import CodeType
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes, pass_context
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from templates.errors import Refused
from templates.filters import FILTERS, LOOP, TESTS, printable
from templates.slots import Sink
from templates.values import Amount

ROOTS = frozenset({"customer", "event", "shop", "rule", "offer", "time_zone", "unsubscribe_url"})
"""The names a message may start from; the last two hold text."""

_NODES = """
Template Output TemplateData Name Const For If Assign Getattr Getitem Filter Test Compare Operand And Or Not
CondExpr Concat Add Sub Mul Div FloorDiv Mod Neg Tuple List Keyword
"""
NODES = frozenset(_NODES.split())
MAX_LOOPS = 2
MAX_NUMBER = 10**30


class MessageEnvironment(ImmutableSandboxedEnvironment):
    """Jinja with attributes only of mappings, arithmetic only on numbers, and no way to a file."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute`: a key of a mapping (`items` too, never dict.items), or a fact about a loop."""
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, LoopContext) and attribute in LOOP:
            return getattr(obj, attribute)
        if isinstance(obj, Amount) and attribute in ("minor", "currency"):
            return getattr(obj, attribute)
        if isinstance(obj, Undefined):
            return printable(obj)  # raises, and names what was missing first
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`: a key of a mapping or a place in a list."""
        if isinstance(argument, str):
            return self.getattr(obj, argument)
        if isinstance(obj, (list, tuple)) and type(argument) is int and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on whole and decimal numbers of a sane size; text is joined with `~`."""
        for side in (left, right):
            if type(side) not in (int, Decimal, float):
                raise Refused("bad-arithmetic", f"`{operator}` works on numbers only; join text with `~`")
        result = super().call_binop(context, operator, left, right)
        if abs(result) > MAX_NUMBER:
            raise Refused("too-large", "a calculation gives too large a number")
        return result


@pass_context
def _finalize(context: Context, value: Any) -> str:
    sink: Sink = context["_sink"]
    return sink.put(printable(value))


@dataclass(frozen=True, slots=True)
class Use:
    """A name that a message uses: `customer.first_name` with `field`, or just `customer`, say to ask whether it is."""

    root: str
    field: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled piece of wording. `path` is only for messages."""

    template: Template
    path: str
    uses: tuple[Use, ...]

    def run(self, context: Mapping[str, Any], sink: Sink) -> str:
        """The text, with slots or values as `sink` has it. Raises Refused, TemplateError and Python's own."""
        parts: list[str] = []
        state = self.template.new_context({**context, "_sink": sink})
        for part in self.template.root_render_func(state):
            sink.grow(len(part))
            parts.append(part)
        return "".join(parts)

    def line_of(self, error: BaseException) -> int:
        """The template's line that raised `error`."""
        line, trace = 1, error.__traceback__
        while trace:
            if trace.tb_frame.f_code.co_filename == self.path:
                line = self.template.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return line


def environment() -> MessageEnvironment:
    """A fresh environment; one a renderer, for Jinja keeps caches in it."""
    env = MessageEnvironment(
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=False,
        lstrip_blocks=False,
        autoescape=False,
        loader=None,
    )
    env.globals.clear()
    env.filters, env.tests = dict(FILTERS), dict(TESTS)
    return env


_LONE_TAG = re.compile(r"^[ \t]*(\{%(?:[^%]|%(?!\}))*?)(-?%\})[ \t]*\n", re.MULTILINE)
"""A tag alone on its line. Its line break moves into the tag, so that the line leaves no trace and still counts.

Jinja's trim_blocks would also take the break after a tag that ends a line of text, and so join two paragraphs.
"""


def compile_piece(env: MessageEnvironment, source: str, line: int, path: str) -> Program:
    """`source` compiled so that its first line counts as `line`; raises TemplateSyntaxError."""
    tree = env.parse("\n" * (line - 1) + _LONE_TAG.sub(r"\1\n\2", source), filename=path)
    _check_nodes(tree)
    uses = _uses(tree)
    tree = _Joins().visit(tree).set_environment(env)
    code = env.compile(tree, filename=path)
    assert isinstance(code, CodeType)
    return Program(Template.from_code(env, code, {}), path, uses)


class _Joins(NodeTransformer):
    """`a ~ b` becomes a filter, which refuses what cannot be shown and keeps the result short."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:
        self.generic_visit(node)
        joined = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(joined, "_joined", [], [], None, None, lineno=node.lineno)


def _check_nodes(tree: nodes.Node, loops: int = 0) -> None:
    for node in tree.iter_child_nodes():
        kind = type(node).__name__
        inside = loops + (kind == "For")
        if kind not in NODES:
            raise TemplateSyntaxError(f"messages cannot use {_said(node)}", _line(node))
        if isinstance(node, nodes.For) and (node.recursive or inside > MAX_LOOPS):
            raise TemplateSyntaxError(f"loops may be nested {MAX_LOOPS} deep and no more", node.lineno)
        if isinstance(node, nodes.Getitem) and not isinstance(node.arg, nodes.Const):
            raise TemplateSyntaxError("in [ ] stands a number or a quoted name", node.lineno)
        if isinstance(node, nodes.Name) and node.name.startswith("_"):
            raise TemplateSyntaxError("names do not begin with an underscore", node.lineno)
        _check_nodes(node, inside)


def _line(node: nodes.Node) -> int:
    """Where `node` stands; some of Jinja's own nodes do not know, but what is in them does."""
    return node.lineno or next((inner.lineno for inner in node.find_all(nodes.Node) if inner.lineno), 1)


def _said(node: nodes.Node) -> str:
    known = {"Call": "calls such as f(x); use a filter: {{ value | filter }}", "Pow": "`**`", "Slice": "slices"}
    tags = {
        "AssignBlock": "set",
        "FilterBlock": "filter",
        "CallBlock": "call",
        "FromImport": "import",
        "Scope": "autoescape",
    }
    kind = type(node).__name__
    return known.get(kind, f"{{% {tags.get(kind, kind.lower())} %}}")


def _uses(tree: nodes.Template) -> tuple[Use, ...]:
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"} | {"loop"}
    asked: list[nodes.Getattr | nodes.Getitem] = [*tree.find_all(nodes.Getattr), *tree.find_all(nodes.Getitem)]
    fields = [(node.node, field) for node in asked if (field := _field(node))]
    owners = {id(owner) for owner, _ in fields}
    bare = (name for name in tree.find_all(nodes.Name) if name.ctx == "load" and id(name) not in owners)
    found = [Use(name.name, None, name.lineno) for name in bare]
    found += [Use(owner.name, field, owner.lineno) for owner, field in fields if isinstance(owner, nodes.Name)]
    return tuple(use for use in found if use.root not in own)


def _field(node: nodes.Getattr | nodes.Getitem) -> str:
    """The field that is asked for, whether as `offer.code` or as `offer["code"]`; empty: it is a place in a list."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    return node.arg.value if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) else ""


def uses(source: str) -> tuple[Use, ...]:
    """The names that `source` uses; raises TemplateSyntaxError."""
    return _uses(environment().parse(source))
