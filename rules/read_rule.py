"""One file of `rules/campaigns` to a rule."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from retention.shop import Shop
from rules.document import Document
from rules.language import analyse, build
from rules.language.build import Condition
from rules.language.faults import did_you_mean
from rules.language.schema import TRIGGERS, Schema, schema
from rules.language.typed import Test
from rules.reading import duration, duration_meant, keys, listed, one_of, require, scalar, text, whole
from rules.ruleset import ADDRESSES, MessageClass, Reentry, Rule, Send, Status

KEYS = ("id", "name", "status", "on", "when", "do", "class", "reentry", "priority")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_MAX_STEPS = 20

Templates = Mapping[str, Collection[str]]
"""Message → the channels it is written for; as a mapping also, by channel, the shop's locales it is not written in."""
Segments = Mapping[str, Test | None]
"""Name → condition, None when something is wrong with it."""
NO_SEGMENTS: Segments = {}


def read_rule(
    document: Document,
    name: str,
    shop: Shop,
    templates: Templates | None,
    segments: Segments | None = NO_SEGMENTS,
) -> Rule | None:
    """The rule in `document`, whose file is called `name`.yaml; None when the document got problems.

    `templates` None: messages are not looked up. `segments` are those its conditions may name;
    None: nobody can say which there are.
    """
    if document.root is None:
        return None
    reader = _Reader(document, shop, templates, segments)
    rule = reader.rule(document.root, name)
    return None if document.problems else rule


class _Reader:
    def __init__(self, document: Document, shop: Shop, templates: Templates | None, segments: Segments | None) -> None:
        self.document = document
        self.shop = shop
        self.templates = templates
        self.segments = segments

    def rule(self, root: MappingNode, name: str) -> Rule | None:
        found = keys(self.document, root, KEYS)
        require(self.document, root, found, ("id", "name", "status", "on", "do"))
        id_ = self.id(found["id"], name) if "id" in found else None
        title = text(self.document, found["name"], "a name") if "name" in found else None
        status = (
            one_of(self.document, found["status"], "a status", list(Status), "unknown-status")
            if "status" in found
            else None
        )
        on = one_of(self.document, found["on"], "an event", TRIGGERS, "unknown-event") if "on" in found else None
        do = self.do(found["do"]) if "do" in found else ()
        when = self.when(found["when"], on) if "when" in found else None
        class_, reentry, priority = self.class_(found), self.reentry(found), self.priority(found)
        if None in (id_, title, status, on) or self.document.problems:
            return None
        return Rule(str(id_), str(title), Status(str(status)), str(on), when, do, class_, reentry, priority)

    def id(self, node: Node, name: str) -> str | None:
        value = text(self.document, node, "an id")
        if value is not None and not _ID.fullmatch(value):
            message = "an id has small letters, digits and hyphens, at most 63"
            self.document.report_node(node, message, "bad-id")
        elif value is not None and value != name:
            message = f'the id is "{value}" but the file is called "{name}.yaml"; make them the same'
            self.document.report_node(node, message, "id-mismatch")
        return value

    def class_(self, found: Mapping[str, Node]) -> MessageClass:
        if "class" not in found:
            return MessageClass.MARKETING
        value = one_of(self.document, found["class"], "a class", list(MessageClass), "unknown-class")
        return MessageClass(value) if value else MessageClass.MARKETING

    def priority(self, found: Mapping[str, Node]) -> int:
        if "priority" not in found:
            return 0
        return whole(self.document, found["priority"], "a priority", -1000, 1000) or 0

    def reentry(self, found: Mapping[str, Node]) -> Reentry:
        if "reentry" not in found:
            return Reentry()
        node = found["reentry"]
        written = scalar(self.document, node, "never, always or after <duration>")
        if written is None or written.value == "never":
            return Reentry()
        value = str(written.value)
        if value == "always":
            return Reentry("always")
        after = duration(value.removeprefix("after ").strip()) if value.startswith("after ") else None
        if after is None:
            message = f'"{value}" is none of never, always, after 30d (also 12h, 90m, 2w)'
            if meant := duration_meant(value.removeprefix("after "), "d"):
                message += f'; did you mean "after {meant}"?'
            self.document.report_node(node, message, "bad-reentry")
        return Reentry("after", after or 0)

    # Conditions.

    def when(self, node: Node, on: str | None) -> Condition | None:
        tests: list[Test] = []
        scalars = [scalar(self.document, one, "a condition") for one in listed(self.document, node, "a condition")]
        if on is None:
            return None
        fields = schema(on, self.shop, segments=self.segments)
        for found in scalars:
            if found is not None and (test := self.condition(found, fields)) is not None:
                tests.append(test)
        return build(tests, fields) if tests else None

    def condition(self, node: ScalarNode, fields: Schema) -> Test | None:
        test, faults = analyse(node.value, fields)
        for fault in faults:
            self.document.report_inside(node, fault.offset, fault.length, fault.message, fault.code)
        return test

    # What is done.

    def do(self, node: Node) -> tuple[Send, ...]:
        steps = listed(self.document, node, "a step such as `- send: welcome`")
        if len(steps) > _MAX_STEPS:
            self.document.report_node(node, f"a rule has at most {_MAX_STEPS} steps", "too-long")
        return tuple(step for step in map(self.step, steps) if step is not None)

    def step(self, node: Node) -> Send | None:
        if not isinstance(node, MappingNode):
            if scalar(self.document, node, "a step such as `- send: welcome`") is not None:
                self.document.report_node(node, "a step is written like `- send: welcome`", "wrong-type")
            return None
        found = keys(self.document, node, ("send", "channel"), KEYS)
        require(self.document, node, found, ("send",))
        channels = self.channels(found["channel"]) if "channel" in found else ("email",)
        template = text(self.document, found["send"], "the name of a message") if "send" in found else None
        if template is None:
            return None
        self.template(found["send"], template, channels)
        return Send(template, channels)

    def channels(self, node: Node) -> tuple[str, ...]:
        named: list[str] = []
        for one in listed(self.document, node, "a channel"):
            channel = one_of(self.document, one, "a channel", ADDRESSES, "unknown-channel")
            if channel in named:
                self.document.report_node(one, f'"{channel}" stands here twice', "duplicate-value")
            elif channel is not None:
                named.append(channel)
        return tuple(named)

    def template(self, node: Node, template: str, channels: tuple[str, ...]) -> None:
        if self.templates is None:
            return
        if template not in self.templates:
            hint = did_you_mean(template, self.templates) or "; there is no templates/messages/ folder of that name"
            self.document.report_node(node, f'unknown message "{template}"{hint}', "unknown-template")
            return
        written = self.templates[template]
        for channel in channels:
            if channel not in written:
                missing = f"templates/messages/{template}/{channel}.<locale>.md"
                message = f'message "{template}" is not written for {channel}: add {missing}'
                self.document.report_node(node, message, "missing-channel")
                continue
            for locale in written[channel] if isinstance(written, Mapping) else ():
                missing = f"templates/messages/{template}/{channel}.{locale}.md"
                message = f'message "{template}" is not written in {locale}: add {missing}'
                self.document.report_node(node, message, "missing-locale")
