"""Tokens to a syntax tree, by operator precedence (a Pratt parser)."""

from __future__ import annotations

from decimal import Decimal

from rules.language.faults import Fault
from rules.language.tokens import UNITS, Token, tokenize
from rules.language.tree import Binary, Call, Duration, Junction, ListOf, Literal, Name, Node, Unary

MAX_LENGTH = 2_000
MAX_DEPTH = 32
MAX_ITEMS = 200

_BINDS = {"or": 1, "and": 2, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_COMPARES = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "not in"})
_NOT, _COMPARE, _TIGHT = 3, 4, 7
_CONSTANTS: dict[object, bool | None] = {"true": True, "false": False, "null": None}


class _Wrong(Exception):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


def parse(text: str) -> tuple[Node | None, list[Fault]]:
    """The tree of `text`, or None with what is wrong. All bad tokens come at once, else the first bad phrase."""
    if len(text) > MAX_LENGTH:
        message = f"a condition has at most {MAX_LENGTH:,} characters, this one {len(text):,}"
        return None, [Fault(0, len(text), message, "too-long")]
    tokens, faults = tokenize(text)
    if faults:
        return None, faults
    try:
        return _Parser(tokens).whole(), []
    except _Wrong as wrong:
        return None, [wrong.fault]


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.nested = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def whole(self) -> Node:
        if self.token.kind == "end":
            raise _Wrong(Fault(0, 1, "the condition is empty", "syntax"))
        node = self.expression(0)
        if self.token.kind != "end":
            self.unexpected('an operator such as "and"')
        return node

    def expression(self, binds: int) -> Node:
        """Everything to the right that holds tighter than `binds`."""
        start, left = self.token.start, self.prefix()
        while (operator := self.operator()) and (power := _power(operator)) > binds:
            left = self.infix(operator, power, left, start)
        return left

    def inside(self, opening: Token, binds: int) -> Node:
        """What stands inside brackets or behind a prefix; only these nest, so only these are counted."""
        self.nested += 1
        self.shallow(self.nested, opening.start, opening.end)
        node = self.expression(binds)
        self.nested -= 1
        return node

    def operator(self) -> str:
        """The infix operator that stands here, or nothing."""
        if self.token.kind != "op":
            return ""
        after = self.tokens[self.at + 1]
        if self.token.value == "not" and after.kind == "op" and after.value == "in":
            return "not in"
        value = str(self.token.value)
        return value if value in _BINDS or value in _COMPARES else ""

    def infix(self, operator: str, power: int, left: Node, start: int) -> Node:
        """`start`: where the left side begins, its brackets included."""
        self.at += 2 if operator == "not in" else 1
        right = self.expression(power)
        end = self.tokens[self.at - 1].end
        if operator in ("and", "or"):
            parts = left.parts if isinstance(left, Junction) and left.op == operator else (left,)
            depth = self.shallow(1 + max(part.depth for part in (*parts, right)), start, end)
            return Junction(start, end, depth, operator, (*parts, right))
        if operator in _COMPARES and self.operator() in _COMPARES:
            token = self.token
            advice = 'compare two values at a time, and join with "and": a < b and b < c'
            raise _Wrong(Fault(token.start, token.end - token.start, advice, "syntax"))
        depth = self.shallow(1 + max(left.depth, right.depth), start, end)
        return Binary(start, end, depth, operator, left, right)

    def prefix(self) -> Node:
        """A value, and the methods behind it: "tea".size()."""
        node = self.primary()
        while self.sees("."):
            self.at += 1
            token = self.token
            if token.kind != "word" or "." in str(token.value):
                self.unexpected("a function such as size()")
            self.at += 1
            if not self.sees("("):
                self.unexpected('"("')
            node = self.call(token, node)
        return node

    def primary(self) -> Node:
        token = self.token
        self.at += 1
        if token.kind in ("number", "text"):
            return Literal(token.start, token.end, 1, token.value)
        if token.kind == "duration":
            assert isinstance(token.value, int)
            return Duration(token.start, token.end, 1, token.value)
        if token.kind == "word":
            return self.word(token)
        if token.value in _CONSTANTS and token.kind == "op":
            return Literal(token.start, token.end, 1, _CONSTANTS[token.value])
        if token.kind == "op" and token.value in ("not", "!", "-"):
            return self.unary(token)
        if token.kind == "op" and token.value == "(":
            node = self.inside(token, 0)
            if self.sees(","):
                advice = 'a list stands in square brackets: ["TH", "SG"]'
                raise _Wrong(Fault(token.start, 1, advice, "syntax"))
            self.expect(")")
            return node
        if token.kind == "op" and token.value == "[":
            items, end = self.items(token, "]")
            if len(items) > MAX_ITEMS:
                message = f"a list has at most {MAX_ITEMS} values, this one {len(items)}"
                raise _Wrong(Fault(token.start, end - token.start, message, "too-long"))
            return ListOf(token.start, end, 1 + max((item.depth for item in items), default=0), items)
        self.at -= 1
        return self.unexpected("a value")

    def unary(self, token: Token) -> Node:
        operand = self.inside(token, _NOT if token.value == "not" else _TIGHT)
        if token.value == "-" and isinstance(operand, Literal) and type(operand.value) in (int, Decimal):
            assert isinstance(operand.value, int | Decimal)
            return Literal(token.start, operand.end, 1, -operand.value)
        op = "-" if token.value == "-" else "not"
        end = self.tokens[self.at - 1].end
        depth = self.shallow(operand.depth + 1, token.start, end)
        return Unary(token.start, end, depth, op, operand)

    def word(self, token: Token) -> Node:
        """A field, a function, or a field with a function behind it: customer.email.size()."""
        path = str(token.value)
        if not self.sees("("):
            return Name(token.start, token.end, 1, path)
        field, _, name = path.rpartition(".")
        called = Token("word", name, token.end - len(name), token.end)
        return self.call(called, Name(token.start, called.start - 1, 1, field) if field else None)

    def call(self, name: Token, on: Node | None) -> Node:
        """A function whose brackets stand here; `on` is what it is a method of."""
        opening = self.token
        self.at += 1
        args, end = self.items(opening, ")")
        if on is not None:
            args = (on, *args)
        start = name.start if on is None else on.start
        depth = 1 + max((arg.depth for arg in args), default=0)
        return Call(start, end, self.shallow(depth, start, end), str(name.value), args, on is not None)

    def items(self, opening: Token, closing: str) -> tuple[tuple[Node, ...], int]:
        """What stands between commas up to `closing`, and where that ends."""
        items: list[Node] = []
        while not self.sees(closing):
            if items:
                self.expect(",", closing)
            items.append(self.inside(opening, 0))
        self.at += 1
        return tuple(items), self.tokens[self.at - 1].end

    def sees(self, op: str) -> bool:
        return self.token.kind == "op" and self.token.value == op

    def expect(self, *wanted: str) -> None:
        if not self.sees(wanted[0]):
            self.unexpected(" or ".join(f'"{one}"' for one in wanted))
        self.at += 1

    def unexpected(self, wanted: str) -> Node:
        token = self.token
        self.slip(token)
        if token.kind == "end":
            last = self.tokens[self.at - 1]
            raise _Wrong(
                Fault(last.start, last.end - last.start, f"the condition ends where {wanted} belongs", "syntax")
            )
        if self.sees(",") and wanted.startswith("an operator"):
            raise _Wrong(Fault(token.start, 1, "no comma here: write 1500 for 1,500", "syntax"))
        shown = f'"{token.value}"' if token.kind in ("op", "word") else f"this {token.kind}"
        raise _Wrong(Fault(token.start, token.end - token.start, f"{wanted} belongs here, not {shown}", "syntax"))

    def slip(self, token: Token) -> None:
        """Two tokens that tell together what was meant."""
        before = self.tokens[self.at - 1] if self.at else token
        advice, start = "", before.start
        if before.kind == "number" and token.kind == "word":
            unit = UNITS.get(str(token.value).lower().rstrip("s"))
            advice = f'a length of time is one word: "{before.value}{unit}"' if unit else ""
            if not unit and len(str(token.value)) == 3 and str(token.value).isupper():
                advice, start = "amounts are in the shop's currency: write the bare number", token.start
        elif before.value in ("customer", "event") and token.kind == "word":
            advice = f'a field is one word, with a point: "{before.value}.{token.value}"'
        elif before.kind == "word" and token.kind == "text" and "." not in str(before.value):
            advice = f'what a function is given stands in brackets: {before.value}("…")'
        elif before.kind == "op" and before.value == "%":
            advice = 'there are no percentages: "%" is the rest of a division; write 0.1 for 10 percent'
        if advice:
            raise _Wrong(Fault(start, max(token.end, before.end) - start, advice, "syntax"))

    def shallow(self, depth: int, start: int, end: int) -> int:
        """`depth`, unless it is more than a condition may have."""
        if depth > MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} deep: split it into several conditions"
            raise _Wrong(Fault(start, end - start, message, "too-deep"))
        return depth


def _power(operator: str) -> int:
    return _BINDS.get(operator, _COMPARE)
