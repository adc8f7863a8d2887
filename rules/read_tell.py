"""The steps that tell others: `notify` the staff, `emit` to a topic of the shop's own."""

from __future__ import annotations

import re

from ruamel.yaml.nodes import Node

from rules.here import Here
from rules.reading import text
from rules.steps import Emit, Notify

MOST_LETTERS = 1_000
TAKEN = frozenset({"events", "purchases", "returns", "birthdays", "products", "dead-letters", "gifts", "notifications"})
"""Topics of Regulars' own."""
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")


def notify(here: Here, node: Node) -> Notify | None:
    """The words for the staff, as they stand."""
    words = text(here.document, node, "a word to the staff")
    if words is None:
        return None
    if len(words) > MOST_LETTERS:
        here.tell(node, f"a word to the staff has at most {MOST_LETTERS} characters, this one {len(words)}", "too-long")
    elif "{{" in words or "{%" in words:
        message = "these words are not filled in: leave the braces out; who it is about is told with them"
        here.tell(node, message, "not-filled-in")
    return Notify(words)


def emit(here: Here, node: Node) -> Emit | None:
    """The topic that an event about the customer goes to."""
    topic = text(here.document, node, "the name of a topic")
    if topic is None:
        return None
    if topic in TAKEN or topic.startswith("__"):
        message = f'"{topic}" is a topic that Regulars or Kafka itself writes; give the shop\'s own another name'
        here.tell(node, message, "topic-taken")
    elif "://" in topic:
        here.tell(node, "this is an address; name a topic of the shop's own Kafka, such as shop-gifts", "bad-topic")
    elif not _TOPIC.fullmatch(topic) or topic in (".", ".."):
        message = "a topic has letters, digits, points, hyphens and underscores, at most 249"
        here.tell(node, message, "bad-topic")
    return Emit(topic)
