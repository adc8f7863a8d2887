"""What the steps of one rule are read with."""

from __future__ import annotations

from dataclasses import dataclass

from ruamel.yaml.nodes import Node

from rules.around import Around
from rules.document import Document
from rules.language.schema import Schema
from rules.policy import Limits
from rules.read_condition import Asked, read_condition


@dataclass(frozen=True, slots=True)
class Here:
    """The file, what stands around it, and what the other keys of the rule said.

    `on`: what fires it, as in `Fires`. `limits`: what its messages obey, by its class and its own keys.
    `variants`: None: it has none, empty: something is wrong with them. `begins`: the first day on which it listens.
    `fields`: what conditions of steps may speak of; None: nobody can say.
    """

    document: Document
    around: Around
    on: str | None
    limits: Limits
    variants: tuple[tuple[str, int], ...] | None = None
    begins: int | None = None
    fields: Schema | None = None

    def ask(self, node: Node) -> Asked:
        """The condition of a step."""
        return read_condition(self.document, node, self.fields, self.around)

    def tell(self, node: Node, message: str, code: str) -> None:
        """A problem with `node`."""
        self.document.report_node(node, message, code)
