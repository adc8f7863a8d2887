"""What is written behind `do`, to a program of steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from rules import read_send
from rules.flat import If, flat
from rules.here import Here
from rules.read_assign import assign, tag
from rules.read_grant import grant_gift, grant_offer, grant_points
from rules.read_tell import emit, notify
from rules.read_wait import wait, wait_until
from rules.reading import key_of, keys, listed, require, scalar
from rules.steps import Step, StopIf

MAX_STEPS = 20
"""Written steps, those in `then` and `else` too."""
MAX_IFS = 4
EXAMPLE = "a step such as `- send: welcome`"

SINGLE: Mapping[str, Callable[[Here, Node], Step | None]] = {
    "offer": grant_offer,
    "gift": grant_gift,
    "points": grant_points,
    "tag": lambda here, node: tag(here, node, True),
    "untag": lambda here, node: tag(here, node, False),
    "set": assign,
    "notify": notify,
    "emit": emit,
    "wait": wait,
    "wait_until": wait_until,
}
"""Steps of one key, and what reads its value."""
STEPS = ("send", *SINGLE, "stop_if", "if")
"""The key that makes a step what it is."""
KEYS = {"send": read_send.KEYS, "if": ("if", "then", "else")}
"""Steps of more keys than that one."""
OWNERS = {key: kind for kind, own in KEYS.items() for key in own if key not in STEPS}
"""Key that cannot stand alone → the key of the steps that may have it."""
_NAME = re.compile(r"[a-z_]+(?:\.[a-z]+)?")
_MEANT = {
    "when": "a step asks with `if` or `stop_if`",
    "condition": "a step asks with `if` or `stop_if`",
    "do": "the steps of an `if` stand behind `then` and `else`",
    "elif": "write `else:`, and in it a step `- if: …`",
    "else if": "write `else:`, and in it a step `- if: …`",
    "delay": "write `wait: 7d`",
    "sleep": "write `wait: 7d`",
    "email": "write `send: …` with `channel: email`",
    "sms": "write `send: …` with `channel: sms`",
    "message": "write `send: …`",
    "template": "write `send: …`",
    "coupon": "write `offer: …`",
    "discount": "write `offer: …`",
    "webhook": "write `emit: …`",
}
"""What people who know another tool write → what to write."""


def read_steps(here: Here, node: Node, outer: Collection[str]) -> tuple[Step, ...]:
    """The program that `node` describes; `outer` are the keys of a rule, which have no place in a step."""
    reader = _Reader(here, outer)
    steps, _ = reader.steps(node, 0, True)
    if reader.written > MAX_STEPS:
        here.tell(node, f"a rule has at most {MAX_STEPS} steps", "too-long")
    return flat(steps)


class _Reader:
    """Each of its methods tells what is wrong; `ends`: nobody comes past it; `last`: nothing comes after it."""

    def __init__(self, here: Here, outer: Collection[str]) -> None:
        self.here = here
        self.advice = dict.fromkeys(outer, "it belongs to the rule as a whole: begin its line in the first column")
        self.advice |= _MEANT | {key: f'it belongs to a step with "{kind}"' for key, kind in OWNERS.items()}
        self.written = 0

    def steps(self, node: Node, ifs: int, last: bool) -> tuple[tuple[Step | If, ...], bool]:
        """The steps of a list that stands inside so many `ifs`, and whether it ends the rule."""
        nodes = listed(self.here.document, node, EXAMPLE)
        read = [self.step(one, ifs, last and one is nodes[-1]) for one in nodes]
        ends = [place for place, (_, ends) in enumerate(read) if ends]
        if ends and ends[0] + 1 < len(nodes):
            message = "this step is never reached: the one before it ends the rule for everybody"
            self.here.tell(nodes[ends[0] + 1], message, "unreachable")
        return tuple(step for step, _ in read if step is not None), bool(ends)

    def step(self, node: Node, ifs: int, last: bool) -> tuple[Step | If | None, bool]:
        self.written += 1
        kind = self.kind(node)
        if kind is None:
            return None, False
        assert isinstance(node, MappingNode)
        found = keys(self.here.document, node, KEYS.get(kind, (kind,)), self.advice)
        if kind == "if":
            return self.branch(node, found, ifs, last)
        if kind == "stop_if":
            return self.stop_if(found["stop_if"])
        if last and kind in ("wait", "wait_until"):
            self.here.tell(node, "nothing comes after this wait: remove it, or write what happens then", "waits-last")
        return read_send.send(self.here, found) if kind == "send" else SINGLE[kind](self.here, found[kind]), False

    # What it is.

    def kind(self, node: Node) -> str | None:
        """The one of `STEPS` that it is."""
        if not isinstance(node, MappingNode):
            if scalar(self.here.document, node, EXAMPLE) is not None:
                self.here.tell(node, "a step is written like `- send: welcome`", "wrong-type")
            return None
        names = [str(key.value) for key, _ in node.value if isinstance(key, ScalarNode)]
        kinds = [name for name in names if name in STEPS and not (name == "offer" and "send" in names)]
        if len(set(kinds)) == 1:
            return kinds[0]
        if kinds:
            first, second = list(dict.fromkeys(kinds))[:2]
            message = f'"{first}" and "{second}" are two steps: begin a line of its own with `- {second}: …`'
            self.here.tell(key_of(node, second), message, "two-steps")
        else:
            self.no_kind(node, names)
        return None

    def no_kind(self, node: MappingNode, names: list[str]) -> None:
        """What is wrong with a mapping in which no key says what step it is."""
        if names and set(names) <= set(OWNERS):
            kind = OWNERS[names[0]]
            where = "its line begins in the column of that" if kind == "if" else "write both in one step"
            message = f'"{names[0]}" cannot stand alone: it belongs to a step with "{kind}"; {where}, without a "-"'
            self.here.tell(key_of(node, names[0]), message, "no-step")
        elif node.value:
            keys(self.here.document, node, (*STEPS, *OWNERS), self.advice)
        else:
            self.here.tell(node, f"{EXAMPLE} belongs here, nothing stands here", "empty-value")

    # Conditions.

    def stop_if(self, node: Node) -> tuple[StopIf | None, bool]:
        word = str(node.value).strip() if isinstance(node, ScalarNode) else ""
        if _NAME.fullmatch(word) and word.partition(".")[0] in self.here.around.events:
            message = f"this is an event; to end the rule at one write `stop_on: [{word}]`, in the first column"
            self.here.tell(node, message, "unknown-field")
            return None, False
        asked = self.here.ask(node)
        if asked.always is False:
            self.here.tell(node, "this stops nobody: remove the step, or change the condition", "always-the-same")
        return None if asked.condition is None else StopIf(asked.condition), asked.always is True

    def branch(self, node: MappingNode, found: Mapping[str, Node], ifs: int, last: bool) -> tuple[If | None, bool]:
        if ifs == MAX_IFS:
            message = f"`if` inside `if` goes {MAX_IFS} deep at most: join conditions with `and`, or make two rules"
            self.here.tell(key_of(node, "if"), message, "too-deep")
            return None, False
        require(self.here.document, node, found, ("then",))
        asked = self.here.ask(found["if"])
        if asked.always is not None:
            part = "then" if asked.always else "else"
            message = f"this is {str(asked.always).lower()} for everybody: write the steps of `{part}` without the `if`"
            self.here.tell(found["if"], message, "always-the-same")
        then, ends = self.steps(found["then"], ifs + 1, last) if "then" in found else ((), False)
        otherwise, ends_too = self.steps(found["else"], ifs + 1, last) if "else" in found else ((), False)
        return None if asked.condition is None else If(asked.condition, then, otherwise), ends and ends_too
