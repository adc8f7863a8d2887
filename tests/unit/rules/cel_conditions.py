"""Random typed conditions, each written twice: as a marketer writes it, and for Google's CEL.

Where the two languages overlap both texts are the same. Where ours has a kind CEL lacks, CEL gets a translation:
money as whole minor units, `30d` as `duration("2592000s")`, an exact quotient as one of doubles, `x == null` as
`!has(x)`, functions over the customer's history as what they are computed from. Numbers stay where doubles are exact:
eighths, and small.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from rules.language.kinds import Kind

C, N, M, T, B, I, D, L = (  # noqa: E741
    Kind.COUNT,
    Kind.NUMBER,
    Kind.MONEY,
    Kind.TEXT,
    Kind.BOOL,
    Kind.INSTANT,
    Kind.DURATION,
    Kind.LIST,
)
OR, AND, NOT, COMPARE, ADD, MULTIPLY, UNARY, PRIMARY = range(1, 9)
COMPARES = ("==", "!=", "<", "<=", ">", ">=")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
SEGMENTS = {
    "loyal": ("customer.orders >= 2", "customer.orders >= 2"),
    "thai": ('customer.country == "TH"', 'customer.country == "TH"'),
    "near": (
        'segment("thai") or customer.attributes.n1 > 1',
        '(customer.country == "TH" || customer.attributes.n1 > 1)',
    ),
}
"""Name → the condition in our words, and in CEL's."""

_SIMPLE = (r"\n", r"\t", r"\"", r"\'", r"\\", r"\?", r"\`", r"\a", r"\b", r"\f", r"\r", r"\v")
ESCAPES = (*_SIMPLE, r"\x41", r"\X7e", r"\101", r"\377", r"\u0E01", r"\U0001F381")
WINDOWS = (1, 7, 30, 90, 400)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a condition: our text, CEL's, and how tightly each holds together.

    `double`: CEL has it as a double. `literal`: a number written out.
    """

    ours: str
    cel: str
    level: int = PRIMARY
    cel_level: int = PRIMARY
    double: bool = False
    literal: bool = False


def same(text: str, level: int = PRIMARY, double: bool = False, literal: bool = False) -> Part:
    """What is written alike in both."""
    return Part(text, text, level, level, double, literal)


class Maker:
    """Makes random conditions. `hits` counts what the last one is made of."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.hits: Counter[object] = Counter()
        self.alike = False
        """Only what both languages write alike."""

    def condition(self) -> Part:
        """A whole condition."""
        self.hits = Counter()
        self.alike = self.dice.random() < 0.4
        return self.test(self.dice.choice((1, 2, 2, 3, 4)))

    # Writing.

    def wrapped(self, part: Part, level: int, cel_level: int | None = None) -> tuple[str, str]:
        cel_level = level if cel_level is None else cel_level
        ours = f"({part.ours})" if part.level < level or self.dice.random() < 0.05 else part.ours
        return ours, f"({part.cel})" if part.cel_level < cel_level else part.cel

    def infix(self, left: Part, op: str, right: Part, level: int, cel_op: str = "", double: bool = False) -> Part:
        (a, x), (b, y) = self.wrapped(left, level + (level == COMPARE)), self.wrapped(right, level + 1)
        return Part(f"{a} {op} {b}", f"{x} {cel_op or op} {y}", level, level, double)

    def as_double(self, part: Part) -> Part:
        return part if part.double else Part(part.ours, f"double({part.cel})", part.level, PRIMARY, True)

    # Tests.

    def test(self, depth: int) -> Part:
        if depth == 0:
            return self.dice.choice(self.ALIKE if self.alike else self.LEAVES)(self)
        words = () if self.alike else ("and", "or", "not")
        kind = self.dice.choice(("&&", "||", "&&", "||", "!", "is", "leaf", *words, *words))
        if kind == "leaf":
            return self.test(0)
        self.hits[kind] += 1
        inner = self.test(depth - 1)
        if kind in ("not", "!"):
            level = NOT if kind == "not" else UNARY
            ours, cel = self.wrapped(inner, level, UNARY)
            return Part(f"{kind} {ours}" if kind == "not" else f"!{ours}", f"!{cel}", level, UNARY)
        if kind == "is":
            op, value = self.dice.choice(("==", "!=")), self.dice.choice(("true", "false"))
            pair = (inner, same(value)) if self.dice.random() < 0.7 else (same(value), inner)
            return self.infix(pair[0], op, pair[1], COMPARE)
        cel_op = {"and": "&&", "or": "||"}.get(kind, kind)
        return self.infix(inner, kind, self.test(depth - 1), AND if cel_op == "&&" else OR, cel_op)

    def compare(self) -> Part:
        ours = () if self.alike else ((C, N), (N, C), (M, M), (M, M), (D, D), (I, I))
        left, right = self.dice.choice(((C, C), (C, C), (C, C), (N, N), (T, T), *ours))
        if left is T:
            return self.compare_texts()
        op = self.dice.choice(COMPARES)
        self.hits[op, left, right] += 1
        if self.dice.random() < 0.15 and left in (C, N, M) and not self.alike:
            quotient = self.quotient(left)
            if quotient is not None:
                return self.infix(quotient, op, self.literal(M if left is M else N), COMPARE)
        mixed = {left, right} == {C, N}
        a = self.value(left, 2, small=mixed)
        b = self.value(right, 2, small=mixed, bare=left in (M, D))
        if left is M and self.dice.random() < 0.2:
            a, b = self.money(0, bare=True), self.value(M, 2)
        return self.infix(a, op, b, COMPARE)

    def compare_texts(self) -> Part:
        op = self.dice.choice(("==", "!="))
        self.hits[op, T, T] += 1
        return self.infix(self.value(T, 1), op, self.value(T, 1), COMPARE)

    def letters(self) -> Part:
        """What an escape means, and what lowerAscii leaves alone: fields hold those letters."""
        if self.dice.random() < 0.3:
            self.hits["lowerAscii"] += 1
            self.hits["==", T, T] += 1
            small = self.dice.choice(("é", "É", "th", "web", "anna15", "tea-1"))
            return same(f'{self.dice.choice(TEXTS)}.lowerAscii() == "{small}"', COMPARE)
        escape = self.dice.choice(ESCAPES)
        self.hits[escape] += 1
        self.hits["contains"] += 1
        return same(f'customer.attributes.t1.contains("{escape}")')

    def flags(self) -> Part:
        op = self.dice.choice(("==", "!="))
        self.hits[op, B, B] += 1
        return self.infix(self.flag(), op, self.flag(), COMPARE)

    def flag(self) -> Part:
        return same(self.dice.choice(("customer.staff", "customer.attributes.b1", "customer.attributes.b2")))

    def truth(self) -> Part:
        self.hits[B] += 1
        return same(self.dice.choice(("true", "false"))) if self.dice.random() < 0.2 else self.flag()

    def member(self) -> Part:
        op = "in" if self.alike else self.dice.choice(("in", "not in"))
        kind = self.dice.choice((C, N, T, L) if self.alike else (C, N, M, T, D, L, L))
        self.hits[op, kind] += 1
        if kind is L:
            where = same(self.dice.choice(("customer.tags", "customer.categories")))
            what = self.value(T, 1)
        else:
            items = [self.literal(kind) for _ in range(self.dice.randint(1, 4))]
            where = Part(f"[{', '.join(item.ours for item in items)}]", f"[{', '.join(item.cel for item in items)}]")
            what = self.value(kind, 1)
        (a, x), (b, y) = self.wrapped(what, ADD), self.wrapped(where, ADD)
        if op == "in":
            return Part(f"{a} in {b}", f"{x} in {y}", COMPARE, COMPARE)
        return Part(f"{a} not in {b}", f"!({x} in {y})", COMPARE, UNARY)

    def null(self) -> Part:
        field = self.dice.choice(MAY_MISS)
        how = "has" if self.alike else self.dice.choice(("==", "!=", "has", "days_since"))
        self.hits["null", how] += 1
        if how == "has":
            self.hits["has"] += 1
            return same(f"has({field})")
        if how == "days_since":
            self.hits["days_since"] += 1
            field = "customer.last_order_at"
            return Part("days_since(customer.last_order_at) == null", f"!has({field})", COMPARE, UNARY)
        text = f"{field} {how} null" if self.dice.random() < 0.8 else f"null {how} {field}"
        return Part(text, f"!has({field})" if how == "==" else f"has({field})", COMPARE, UNARY)

    def method(self) -> Part:
        name = self.dice.choice(("startsWith", "endsWith", "contains"))
        self.hits[name] += 1
        on, other = self.value(T, 1), self.literal(T) if self.dice.random() < 0.8 else self.value(T, 1)
        (a, x), (b, y) = self.wrapped(on, PRIMARY), self.wrapped(other, OR)
        return Part(f"{a}.{name}({b})", f"{x}.{name}({y})")

    def said(self) -> Part:
        """What the functions over the customer's history say."""
        name = self.dice.choice(("has_tag", "bought", "segment", "consent"))
        self.hits[name] += 1
        word = self.dice.choice(WORDS)
        if name == "has_tag":
            return Part(f'has_tag("{word}")', f'"{word}" in customer.tags', PRIMARY, COMPARE)
        if name == "bought":
            items = f'event.items.exists(i, i.sku == "{word}" || (has(i.category) && i.category == "{word}"))'
            return Part(f'bought("{word}")', f'"{word}" in customer.categories || {items}', PRIMARY, OR)
        if name == "segment":
            segment = self.dice.choice(sorted(SEGMENTS))
            return Part(f'segment("{segment}")', f"({SEGMENTS[segment][1]})")
        channel, op = self.dice.choice(("email", "sms")), self.dice.choice(("==", "!="))
        state = self.dice.choice(("granted", "denied"))
        return Part(
            f'consent("{channel}") {op} "{state}"', f'customer.consents.{channel} {op} "{state}"', COMPARE, COMPARE
        )

    LEAVES: tuple[Callable[[Maker], Part], ...] = (
        compare, compare, compare, compare, flags, truth, member, null, method, letters, said,
    )  # fmt: skip

    ALIKE: tuple[Callable[[Maker], Part], ...] = (
        compare,
        compare,
        compare,
        flags,
        truth,
        member,
        null,
        method,
        letters,
    )

    # Values. `small`: fit to be a double, exactly. `bare`: a number without a unit may stand for money.

    def value(self, kind: Kind, depth: int, small: bool = False, bare: bool = False) -> Part:
        if kind is C:
            return self.count(depth, small)
        if kind is N:
            return self.number(depth)
        if kind is M:
            return self.money(depth, bare)
        if kind is D:
            return self.length(depth, bare)
        return self.instant(depth) if kind is I else self.text(depth)

    def literal(self, kind: Kind) -> Part:
        if kind is C:
            huge = self.dice.random() < 0.1
            number = self.dice.choice((999_999_999_999_999, 100_000_000_000_000)) if huge else self.dice.randint(-2, 6)
            return same(str(number), UNARY if number < 0 else PRIMARY, literal=True)
        if kind is N:
            eighths = self.dice.randint(-16, 40)
            return same(f"{eighths / 8:.3f}", UNARY if eighths < 0 else PRIMARY, double=True, literal=True)
        if kind is M:
            minor = self.dice.choice((0, 5_000, 12_345, 50_000, 100_000, 89_000, 250_050))
            ours = f"{minor // 100}" if minor % 100 == 0 else f"{minor / 100:.2f}"
            return Part(ours, str(minor), literal=True)
        if kind is D:
            unit, number = self.dice.choice("smhdw"), self.dice.choice((0, 1, 2, 7, 24, 30, 90, 80_000, 999_999))
            number = min(number, 9_000_000_000 // SECONDS[unit])
            return Part(f"{number}{unit}", f'duration("{number * SECONDS[unit]}s")')
        return self.written()

    def written(self) -> Part:
        """A text in quotes, with escapes now and then."""
        if self.dice.random() < 0.15:
            escapes = self.dice.choices(ESCAPES, k=self.dice.randint(1, 3))
            self.hits.update(escapes)
            return same(f'"{self.dice.choice(("", "a", "ชา"))}{"".join(escapes)}"')
        quote = self.dice.choice("\"'")
        return same(f"{quote}{self.dice.choice(WORDS)}{quote}")

    def count(self, depth: int, small: bool) -> Part:
        if depth == 0 or self.dice.random() < 0.5:
            return self.one_count(small)
        op = self.dice.choice(("+", "-", "*", "%", "neg"))
        self.hits["-" if op == "neg" else (op, C, C)] += 1
        left = self.count(depth - 1, small)
        if op == "%" and self.dice.random() < 0.2:
            return self.infix(left, "%", same("-1", UNARY), MULTIPLY)
        if op == "neg":
            ours, cel = self.wrapped(left, PRIMARY)
            return Part(f"-{ours}", f"-{cel}", UNARY, UNARY)
        return self.infix(left, op, self.count(depth - 1, small), MULTIPLY if op in "*%" else ADD)

    def one_count(self, small: bool) -> Part:
        ours = () if self.alike else ("days_since", "orders_in")
        name = self.dice.choice(("field", "field", "field", "literal", "literal", "size", *ours))
        if name == "field":
            edges = () if small else ("customer.attributes.n2", "customer.attributes.n3") * 2
            return same(self.dice.choice(("customer.orders", "customer.orders_ever", "customer.attributes.n1", *edges)))
        if name == "literal":
            literal = self.literal(C)
            return same("3", literal=True) if small and len(literal.ours) > 3 else literal
        self.hits[name] += 1
        if name == "size":
            return self.size()
        if name == "orders_in":
            days = self.dice.choice(WINDOWS)
            return Part(f"orders_in({days}d)", f"customer.windows.w{days}.orders")
        field = self.dice.choice(INSTANTS)
        cel = f"(int({NOW_DAY}) - int((int(timestamp({field})) + 25200) / 86400))"
        return Part(f"days_since({field})", cel)

    def size(self) -> Part:
        what = self.dice.choice(("customer.tags", "customer.categories", ""))
        on = same(what) if what else self.value(T, 1)
        (a, x), whole = self.wrapped(on, PRIMARY), self.dice.random() < 0.5
        return Part(f"size({a})" if whole else f"{a}.size()", f"size({x})" if whole else f"{x}.size()")

    def number(self, depth: int) -> Part:
        if depth == 0 or self.dice.random() < 0.5:
            fields = ("customer.attributes.d1", "customer.attributes.d2")
            return self.literal(N) if self.dice.random() < 0.4 else same(self.dice.choice(fields), double=True)
        op, kinds = self.dice.choice("+-*"), self.dice.choice(((C, N), (N, C), (N, N)))
        kinds = (N, N) if self.alike else kinds
        self.hits[op, *kinds] += 1
        parts = [self.as_double(self.value(kind, 0, small=True)) for kind in kinds]
        return self.infix(parts[0], op, parts[1], MULTIPLY if op == "*" else ADD, double=True)

    def quotient(self, left: Kind) -> Part | None:
        """An exact quotient, which CEL has only as one of doubles; by zero it is unknown, not infinite."""
        pairs = [(C, C), (C, N), (N, C), (N, N), (M, M), (D, D)] if left is not M else [(M, C), (M, N)]
        kinds = self.dice.choice(pairs)
        self.hits["/", *kinds] += 1
        if kinds == (D, D):
            over, under = (self.span() for _ in kinds)
            x, y = f"double({over.cel}.getSeconds())", f"double({under.cel}.getSeconds())"
        else:
            over, under = (same_money() if kind is M else self.value(kind, 0, small=True) for kind in kinds)
            if over.literal and under.literal:
                return None
            x, y = self.as_double(over).cel, self.as_double(under).cel
        (a, _), (b, _) = self.wrapped(over, MULTIPLY), self.wrapped(under, UNARY)
        return Part(f"{a} / {b}", f"({y} == 0.0 ? double(1 / 0) : {x} / {y})", MULTIPLY, PRIMARY, True)

    def span(self) -> Part:
        """A length of time in brackets, between two points in time."""
        first, last = self.dice.choice(INSTANTS), self.dice.choice(INSTANTS)
        self.hits["-", I, I] += 1
        return Part(f"({last} - {first})", f"(timestamp({last}) - timestamp({first}))")

    def money(self, depth: int, bare: bool = False) -> Part:
        if bare and self.dice.random() < 0.6:
            return self.literal(M)
        if depth == 0 or self.dice.random() < 0.4:
            return self.one_money()
        op = self.dice.choice(("+", "-", "*", "*", "n*", "neg"))
        if op == "neg":
            self.hits["-"] += 1
            ours, cel = self.wrapped(self.one_money(), PRIMARY)
            return Part(f"-{ours}", f"-{cel}", UNARY, UNARY)
        if op in "+-":
            self.hits[op, M, M] += 1
            left, right = self.money(depth - 1), self.money(depth - 1, bare=True)
            if left.double != right.double:
                left, right = self.as_double(left), self.as_double(right)
            return self.infix(left, op, right, ADD, double=left.double)
        factor = self.value(C, 0) if op == "*" else self.as_double(self.value(N, 0))
        amount = self.one_money() if op == "*" else self.as_double(same_money())
        kinds = (M, C if op == "*" else N)
        pair = (amount, factor)
        if self.dice.random() < 0.5:
            kinds, pair = (kinds[1], kinds[0]), (factor, amount)
        self.hits["*", *kinds] += 1
        return self.infix(pair[0], "*", pair[1], MULTIPLY, double=op == "n*")

    def one_money(self) -> Part:
        name = self.dice.choice(
            ("event.total", "customer.gross", "customer.refunds", "customer.net_revenue", "spent_in")
        )
        if name != "spent_in":
            return same(name)
        self.hits["spent_in"] += 1
        days = self.dice.choice(WINDOWS)
        return Part(f"spent_in({days}d)", f"customer.windows.w{days}.spent")

    def length(self, depth: int, bare: bool = False) -> Part:
        if bare and self.dice.random() < 0.1:
            return Part("0", 'duration("0s")', literal=True)
        if depth == 0 or self.dice.random() < 0.4:
            return self.literal(D) if self.dice.random() < 0.6 else self.span()
        op = self.dice.choice(("+", "-", "*"))
        if op != "*":
            self.hits[op, D, D] += 1
            return self.infix(self.length(depth - 1), op, self.length(depth - 1), ADD)
        left, factor = self.span() if self.dice.random() < 0.6 else self.literal(D), self.value(C, 0)
        first = self.dice.random() < 0.5
        self.hits["*", *((D, C) if first else (C, D))] += 1
        (a, x), (b, y) = self.wrapped(left, UNARY), self.wrapped(factor, UNARY)
        cel = f'duration(string({x}.getSeconds() * 1000000000 * {y} / 1000000000) + "s")'
        return Part(f"{a} * {b}" if first else f"{b} * {a}", cel, MULTIPLY)

    def instant(self, depth: int) -> Part:
        if depth == 0 or self.dice.random() < 0.5:
            if self.dice.random() < 0.25:
                self.hits["timestamp"] += 1
                return same(f'timestamp("{self.dice.choice(TIMES)}")')
            field = self.dice.choice(INSTANTS)
            return Part(field, f"timestamp({field})")
        kinds = self.dice.choice((("+", I, D), ("-", I, D), ("+", D, I)))
        self.hits[kinds] += 1
        op, left, right = kinds
        return self.infix(self.value(left, depth - 1), op, self.value(right, depth - 1), ADD)

    def text(self, depth: int) -> Part:
        if depth and self.dice.random() < 0.15:
            self.hits["lowerAscii"] += 1
            ours, cel = self.wrapped(self.text(0), PRIMARY)
            return Part(f"{ours}.lowerAscii()", f"{cel}.lowerAscii()")
        return self.literal(T) if self.dice.random() < 0.35 else same(self.dice.choice(TEXTS))


def same_money() -> Part:
    """The one amount that is always small enough for a double."""
    return same("event.total")


NOW_DAY = "(int(timestamp(event.at)) + 25200) / 86400"
TEXTS = ("customer.country", "event.coupon", "event.channel", "customer.attributes.t1", "event.source")
INSTANTS = ("event.at", "event.time", "customer.first_order_at", "customer.last_order_at")
MAY_MISS = (*TEXTS[:4], *INSTANTS[2:], *(f"customer.attributes.{name}" for name in ("n1", "n2", "d1", "b1")))
WORDS = ("É", "é", "TH", "SG", "tea", "ANNA15", "a", "", "ชา", "Web", "web", "it's"[:2], "🎁", "TEA-1")
TIMES = ("2026-03-01T00:00:00Z", "2026-02-20T12:30:00+07:00", "9999-12-30T00:00:00Z", "0001-01-02T00:00:00Z")
