"""One file of `rules/campaigns` to a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ruamel.yaml.nodes import MappingNode, Node

from rules import read_course as course
from rules import read_steps, read_trial
from rules.around import Around
from rules.document import Document
from rules.engine.shares import WHOLE
from rules.here import Here
from rules.language import Condition
from rules.policy import Limits, Quiet
from rules.read_condition import for_somebody, read_condition
from rules.read_trial import ID, VARIANT, percent
from rules.read_trigger import KEYS as TRIGGER_KEYS
from rules.read_trigger import read_trigger
from rules.reading import key_of, keys, one_of, require, text, whole
from rules.ruleset import ALWAYS, FanOut, MessageClass, Reentry, Rule, Status
from rules.steps import Send, Step

_WHO = ("goal", "holdout", "chance", "variants", "group", "priority")
_OBEYS = ("class", "quiet_hours", "if_capped", "expires_after")
KEYS = ("id", "name", "status", "active", *TRIGGER_KEYS, "when", *_WHO, *_OBEYS, "do", "stop_on", "reentry")
_STEP = "it is a step: write it below `do`, in a line that begins with `- `"
_MEANT = {
    **dict.fromkeys(read_steps.STEPS, _STEP),
    **{key: f'it belongs to a step with "{kind}", below `do`' for key, kind in read_steps.OWNERS.items()},
    **dict.fromkeys(("trigger", "event"), "write `on: …`"),
    **dict.fromkeys(("if", "condition", "conditions", "filter"), "write `when: …`"),
    **dict.fromkeys(("steps", "actions"), "write `do:`"),
    **dict.fromkeys(("from", "to", "start", "end"), "write `active: {from: 2026-03-01, to: 2026-06-30}`"),
    **dict.fromkeys(("description", "comment", "note"), "write it behind a #, above the keys"),
    "segment": 'write `when: segment("…")`',
    "schedule": "write `every: month`",
    "enabled": "write `status: live` or `status: paused`",
    "delay": "write a step `- wait: 7d` below `do`",
    "title": "write `name: …`",
}
"""Keys that stand elsewhere, or that people who know another tool write → what to write."""

Read = TypeVar("Read")
Variants = tuple[tuple[str, int], ...]


def read_rule(document: Document, name: str, around: Around) -> Rule | None:
    """The rule in `document`, whose file is called `name`.yaml; None when the document got problems.

    What depends on a file of `around` that is broken is left out of the rule, which then is for nobody to use.
    """
    if document.root is None:
        return None
    rule = _Reader(document, document.root, around).rule(name)
    return None if document.problems else rule


class _Reader:
    def __init__(self, document: Document, root: MappingNode, around: Around) -> None:
        self.document = document
        self.root = root
        self.around = around
        self.found = keys(document, root, KEYS, _MEANT)

    def given(self, key: str, read: Callable[..., Read | None], default: Read, *more: Any) -> Read:
        """What `read` makes of the value of `key`; the default when it is not there, or wrong."""
        value = read(self.document, self.found[key], *more) if key in self.found else None
        return default if value is None else value

    def rule(self, name: str) -> Rule:
        """The rule, with defaults in place of what is wrong."""
        require(self.document, self.root, self.found, ("id", "name", "status", "do"))
        fires = read_trigger(self.document, self.root, self.found, self.around)
        class_ = self.given("class", one_of, MessageClass.MARKETING, "a class", tuple(MessageClass), "unknown-class")
        quiet = self.given("quiet_hours", course.quiet, None)
        expires = self.given("expires_after", course.expires_after, None)
        again = Reentry("always" if isinstance(fires.trigger, FanOut) else "never")
        active = self.given("active", read_trial.active, ALWAYS)
        variants: Variants = self.given("variants", read_trial.variants, ())
        here = Here(
            self.document,
            self.around,
            fires.on,
            self.limits(class_, quiet, expires),
            variants if "variants" in self.found else None,
            active[0],
            self.around.schema(fires.on, steps=True) if fires.on else None,
        )
        return Rule(
            id=self.given("id", _id, "", name),
            name=self.given("name", text, "", "a name"),
            status=self.given("status", one_of, Status.DRAFT, "a status", tuple(Status), "unknown-status"),
            on="" if fires.on in (None, "every") else str(fires.on),
            condition=self.when(fires.on),
            do=self.do(here),
            class_=class_,
            reentry=self.given("reentry", course.reentry, again),
            priority=self.given("priority", whole, 0, "a priority", -1000, 1000),
            active=active,
            holdout=self.given("holdout", _holdout, 0, class_),
            chance=self.given("chance", percent, WHOLE, "a share such as 15%"),
            variants=variants,
            group=self.given("group", read_trial.group, ""),
            trigger=fires.trigger,
            goal=self.given("goal", course.goal, None, self.around),
            wait_if_capped=self.given("if_capped", course.if_capped, False, class_, self.around),
            expires_after=expires,
            quiet=quiet,
            stop_on=self.given("stop_on", course.stop_on, (), self.around),
            catch_up=fires.catch_up,
        )

    def when(self, on: str | None) -> Condition | None:
        if "when" not in self.found:
            return None
        node = self.found["when"]
        asked = read_condition(self.document, node, self.around.schema(on) if on else None, self.around)
        return for_somebody(self.document, node, asked)

    def limits(self, class_: MessageClass, quiet: Quiet | None, expires: int | None) -> Limits:
        """What the rule's messages obey. Of quiet hours that are wrong themselves nothing more is to be said."""
        own = self.around.policy.limits[class_]
        quiet = quiet or "ignore" if "quiet_hours" in self.found else own.quiet
        return Limits(own.capped, own.counts, quiet, expires if "expires_after" in self.found else own.expires_after)

    def do(self, here: Here) -> tuple[Step, ...]:
        if "do" not in self.found:
            return ()
        before = len(self.document.problems)
        steps = read_steps.read_steps(here, self.found["do"], KEYS)
        sends = [step for step in steps if isinstance(step, Send)]
        if here.variants and len(self.document.problems) == before and not any(VARIANT in s.template for s in sends):
            message = f'no step uses the variants: write `send: "welcome-{VARIANT}"`, or remove this line'
            self.document.report_node(key_of(self.root, "variants"), message, "unused-variants")
        return steps


def _id(document: Document, node: Node, name: str) -> str | None:
    value = text(document, node, "an id")
    if value is not None and not ID.fullmatch(value):
        document.report_node(node, "an id has small letters, digits and hyphens, at most 63", "bad-id")
    elif value is not None and value != name:
        message = f'the id is "{value}" but the file is called "{name}.yaml"; make them the same'
        document.report_node(node, message, "id-mismatch")
    return value


def _holdout(document: Document, node: Node, class_: MessageClass) -> int | None:
    share = percent(document, node, "a share such as 10%")
    if class_ is MessageClass.TRANSACTIONAL:
        message = "nobody is kept out of what they expect: remove this line, or make the class marketing"
        document.report_node(node, message, "transactional-holdout")
    return share
