"""One file of `rules/campaigns` to a rule."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from retention.shop import Shop
from rules.document import Document
from rules.engine.shares import WHOLE
from rules.language import analyse, build
from rules.language.build import Condition
from rules.language.faults import did_you_mean
from rules.language.schema import TRIGGERS, Schema, schema
from rules.language.typed import Test
from rules.read_trial import ID, VARIANT, active, group, percent, variants
from rules.reading import duration, duration_meant, keys, listed, one_of, require, scalar, text, whole
from rules.ruleset import ADDRESSES, MessageClass, Reentry, Rule, Status
from rules.steps import Send

_WHEN = ("status", "active", "on", "when", "reentry")
_WHO = ("holdout", "chance", "variants", "group", "priority")
KEYS = ("id", "name", *_WHEN, *_WHO, "class", "do")
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
        self.variants: tuple[tuple[str, int], ...] | None = None
        """Of the rule; None: it has none, empty: something is wrong with them."""

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
        self.variants = variants(self.document, found["variants"]) if "variants" in found else None
        do = self.do(found["do"]) if "do" in found else ()
        when = self.when(found["when"], on) if "when" in found else None
        class_, reentry, priority = self.class_(found), self.reentry(found), self.priority(found)
        days = active(self.document, found["active"]) if "active" in found else (None, None)
        holdout = self.holdout(found["holdout"], class_) if "holdout" in found else 0
        chance = percent(self.document, found["chance"], "a share such as 15%") if "chance" in found else WHOLE
        one_of_group = group(self.document, found["group"]) if "group" in found else ""
        if None in (id_, title, status, on) or self.document.problems:
            return None
        return Rule(
            id=str(id_),
            name=str(title),
            status=Status(str(status)),
            on=str(on),
            condition=when,
            do=do,
            class_=class_,
            reentry=reentry,
            priority=priority,
            active=days,
            holdout=holdout or 0,
            chance=WHOLE if chance is None else chance,
            variants=self.variants or (),
            group=one_of_group,
        )

    def id(self, node: Node, name: str) -> str | None:
        value = text(self.document, node, "an id")
        if value is not None and not ID.fullmatch(value):
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

    def holdout(self, node: Node, class_: MessageClass) -> int | None:
        share = percent(self.document, node, "a share such as 10%")
        if class_ is MessageClass.TRANSACTIONAL:
            message = "nobody is kept out of what they expect: remove this line, or make the class marketing"
            self.document.report_node(node, message, "transactional-holdout")
        return share

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
        for name in self.written_for(found["send"], template):
            self.template(found["send"], name, channels)
        return Send(template, channels)

    def written_for(self, node: Node, template: str) -> list[str]:
        """The messages that `template` stands for: one a variant, where it asks for the variant."""
        if VARIANT not in template:
            return [template]
        if self.variants is None:
            message = f'"{VARIANT}" stands for one of the variants; add `variants: {{warm: 50%, short: 50%}}`'
            self.document.report_node(node, message, "no-variants")
        return [template.replace(VARIANT, name) for name, _ in self.variants or ()]

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
