"""The oracle must not share the product's mistakes: its modules load nothing of the product's."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ORACLE = ("journeys", "launches", "mailbook", "oracle", "rulebook", "sets", "store", "sums", "topics", "verdict")
ALLOWED = sys.stdlib_module_names | {"aiokafka", "pandas", "psycopg"}


def check() -> None:
    """RuntimeError when a module of the oracle imports more than it may."""
    for name in ORACLE:
        for imported in sorted(_imports(Path(__file__).parent / f"{name}.py")):
            ours = imported.startswith("tests.chaos.") and imported.rpartition(".")[2] in ORACLE
            if not ours and imported.partition(".")[0] not in ALLOWED:
                raise RuntimeError(f"tests/chaos/{name}.py imports {imported}: an oracle shares no code")


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found
