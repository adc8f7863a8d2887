"""What a test expects of the retention measures."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from retention.measures import Overall, Period
from retention.periods import GRAINS, Grain, parse
from rules.document import Document
from rules.reading import keys, one_of, scalar
from rules.testing.as_json import kind_of
from rules.testing.cases import Wanted
from rules.testing.read_expected import line

OVERALL = "overall"
MEASURES: tuple[str, ...] = tuple(name for name in Period.__struct_fields__ if name != "period")
_EXAMPLES: dict[Grain, str] = {"month": "2026-01", "quarter": "2026Q1", "year": "2026"}


def read_counters(document: Document, node: Node) -> tuple[Wanted, ...]:
    """The measures in `node`: by grain and period, or of all time."""
    if not isinstance(node, MappingNode):
        _tell(document, node, "{month: {2026-01: {orders: 2, new: 1}}}")
        return ()
    wanted: list[Wanted] = []
    for key, value in keys(document, node, (*GRAINS, OVERALL)).items():
        if key == OVERALL:
            wanted += _measures(document, value, None, 0, Overall.__struct_fields__)
        for grain in GRAINS:
            if grain == key:
                wanted += _periods(document, value, grain)
    return tuple(wanted)


def _periods(document: Document, node: Node, grain: Grain) -> list[Wanted]:
    if not isinstance(node, MappingNode) or not node.value:
        _tell(document, node, f"{{{_EXAMPLES[grain]}: {{orders: 2}}}}")
        return []
    wanted: list[Wanted] = []
    for key, value in node.value:
        found = scalar(document, key, f"a {grain} such as {_EXAMPLES[grain]}")
        if found is None:
            continue
        try:
            period = parse(found.value, grain)
        except ValueError:
            document.report_node(key, f'"{found.value}" is no {grain} such as {_EXAMPLES[grain]}', "bad-period")
            continue
        wanted += _measures(document, value, grain, period, MEASURES)
    return wanted


def _measures(document: Document, node: Node, grain: Grain | None, period: int, known: tuple[str, ...]) -> list[Wanted]:
    if not isinstance(node, MappingNode) or not node.value:
        _tell(document, node, "{orders: 2, new: 1}")
        return []
    wanted: list[Wanted] = []
    for key, value in node.value:
        measure = one_of(document, key, "a measure", known, "unknown-measure")
        if measure is None or not _number(document, value):
            continue
        wanted.append(Wanted(line(key), grain, period, measure, _value(value)))
    return wanted


def _number(document: Document, node: Node) -> bool:
    if isinstance(node, ScalarNode) and kind_of(node) in ("int", "float", "null") and (node.value != ""):
        try:
            return _value(node) is None or True
        except InvalidOperation:
            pass
    document.report_node(node, "a plain number belongs here, or null where nothing can be said", "wrong-type")
    return False


def _value(node: Node) -> Decimal | None:
    return None if kind_of(node) == "null" else Decimal(node.value)


def _tell(document: Document, node: Node, example: str) -> None:
    document.report_node(node, f"measures are written like {example}", "wrong-type")
