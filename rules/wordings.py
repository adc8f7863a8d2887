"""What there is to say: the messages of the shop, as far as a rule that sends them must know."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct
from ruamel.yaml.nodes import Node

from rules.document import Document
from rules.language.faults import did_you_mean
from rules.problems import Problem


class Written(Struct, frozen=True):
    """A message as it is written for one channel.

    `missing`: the shop's locales it is not written in. `events`: the types it answers (`purchase`, `inactive`,
    `every` …); None: any. `needs_offer`: it speaks of an offer without asking first whether there is one.
    """

    missing: tuple[str, ...] = ()
    events: frozenset[str] | None = None
    needs_offer: bool = False


Faults = Callable[[str, str, str], Sequence[Problem]]
"""What is wrong with the words of a message: its name, the channel, the event it is to answer; in all locales."""


def no_faults(_message: str, _channel: str, _event: str) -> Sequence[Problem]:
    """Every word is right."""
    return ()


@dataclass(frozen=True, slots=True)
class Wordings:
    """All messages: name → channel → how it is written for that.

    `problems` are those of what all messages share, the brand and the layout. `faults` may be asked again and again
    of the same message; its problems stand in the message's own files.
    """

    messages: Mapping[str, Mapping[str, Written]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    faults: Faults = no_faults


def plainly(messages: Mapping[str, Collection[str]]) -> Wordings:
    """Messages by name with the channels they are written for: in every locale, for any event, without a fault."""
    return Wordings({name: {channel: Written() for channel in channels} for name, channels in messages.items()})


def check_wording(
    document: Document,
    node: Node,
    wordings: Wordings,
    message: str,
    channels: Collection[str],
    on: str | None,
    offer: bool,
) -> None:
    """Tell `document` why the step in `node` cannot send `message` by `channels`, if it cannot.

    `on`: what fires the rule: an event type, `inactive`, `date`, `product` or `every`; None: nobody can say. `offer`:
    the step gives one. What is wrong with the words themselves is told with its place in the message's file.
    """
    if message not in wordings.messages:
        hint = did_you_mean(message, wordings.messages) or "; there is no templates/messages/ folder of that name"
        document.report_node(node, f'unknown message "{message}"{hint}', "unknown-template")
        return
    for channel in channels:
        written = wordings.messages[message].get(channel)
        if written is None:
            missing = f"add templates/messages/{message}/{channel}.<locale>.md"
            fault = f'message "{message}" is not written for {channel}: {missing}'
            document.report_node(node, fault, "missing-channel")
        else:
            _check_written(document, node, wordings, written, message, channel, on, offer)


def _check_written(
    document: Document,
    node: Node,
    wordings: Wordings,
    written: Written,
    message: str,
    channel: str,
    on: str | None,
    offer: bool,
) -> None:
    for locale in written.missing:
        missing = f"add templates/messages/{message}/{channel}.{locale}.md"
        document.report_node(node, f'message "{message}" is not written in {locale}: {missing}', "missing-locale")
    if written.needs_offer and not offer:
        fault = f'message "{message}" speaks of an offer, and this step gives none: add a line `offer: …` below it'
        document.report_node(node, f"{fault}, or ask in the message: {{% if offer %}} … {{% endif %}}", "no-offer")
    if on is None:
        return
    if written.events is not None and on not in written.events:
        document.report_node(node, _other_event(message, written.events, on), "wrong-event")
        return
    known = set(document.problems)
    document.problems += [one for one in wordings.faults(message, channel, on) if one not in known]


def _other_event(message: str, events: Collection[str], on: str) -> str:
    """Why a message for these events cannot answer what fires the rule, and what to do."""
    answers = " and ".join(sorted(events)) or "nothing"
    fires = "`every`" if on == "every" else f"`on: {on}`"
    meant = f"[{', '.join([*sorted(events), on])}]"
    return (
        f'message "{message}" answers {answers}, and this rule has {fires}: send another message, or write '
        f"`event: {meant}` in its files if its words fit both"
    )
