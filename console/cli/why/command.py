"""`regulars rules why`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from difflib import get_close_matches

from sqlalchemy import Connection

from console import compose, publishing
from console.cli.config import settings
from console.cli.guard import guarded
from console.cli.output import BAD, USAGE, fail, print_json
from console.cli.why.document import document
from console.cli.why.known import Known
from console.cli.why.many import seen
from console.cli.why.telling import show
from retention.decode import micros
from retention.errors import BadEvent
from rules.engine import older
from rules.replay import Replay, Row
from rules.ruleset import RuleSet
from rules.witness import Witness
from storage import story as kept
from storage.library import Library
from storage.told import one_moment


def tell(customer: str, rule: str, at: str, json: bool) -> None:
    """Replay the customer and print what the rules said, or what one of them did."""
    config = settings()
    with guarded():
        store = compose.open_store(config)
        rules = publishing.deciding(config, store)
        until = None if not at else _instant(at, rules)
        with store.read() as connection:
            one_moment(connection)
            known = replayed(connection, customer, rules, Library(store), until)
        store.close()
    if known is None:
        fail(f"there is no customer {customer}; ids are exact, and capitals count")
    if rule and rule not in known.heard:
        _unknown_rule(rule, {*known.heard, *rules.by_id})
    made = document(known, rule)
    if json:
        print_json(made)
    else:
        show(made, bool(rule))


def replayed(
    connection: Connection, id: str, rules: RuleSet, library: older.Library, until: int | None
) -> Known | None:
    """The customer's story up to `until`; None when there is no such customer.

    What was decided under rules that the `library` does not have is told by `rules`, those of today.
    """
    story = kept.story(connection, id)
    if story is None:
        return None
    unkept: dict[str, None] = {}

    def found(hash_: str) -> RuleSet:
        rules_of_then = rules if hash_ in ("", rules.hash) else library(hash_)
        if rules_of_then is None:
            unkept[hash_] = None
        return rules_of_then or rules

    witness = Witness(found)
    replay = Replay(id, witness.library, witness.tell, story.begins)
    replay.orders = story.settled
    many = seen(connection, rules, compose.clock() if until is None else until)
    count, last = 0, story.begins.at
    log = kept.rows(connection, story) if not story.customer.walk_in else ()
    if story.customer.walk_in:  # a till's, with a million events maybe, and no rule has a word to say
        replay.customer, last = story.customer, story.customer.at
    try:
        for row in log:
            many.note(row.event)
            if row.event.seq <= story.seq:
                replay.known(row.event)
            elif until is not None and row.event.at > until:
                break
            else:
                replay.take(Row(row.event, row.ruleset))
            count, last = count + 1, row.event.at
    except BadEvent as error:
        fail(f"the log holds an event that this version cannot read: {error}", BAD)
    witness.listen(rules, last)
    return Known(
        id,
        replay.customer,
        witness.heard,
        {one.message.key: one for one in kept.messages(connection, id)},
        {one.request.id: one for one in kept.requests(connection, id)},
        rules,
        witness.sets,
        count,
        last,
        story.let_go,
        tuple(unkept),
        many,
    )


def _instant(text: str, rules: RuleSet) -> int:
    """The last instant that `text` means: a day to its end."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        fail(f"“{text}” is no time; write it like 2026-03-21 or 2026-03-21T10:00", USAGE)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=rules.policy.shop.zone)
    return micros(moment) + (86_400_000_000 if len(text) == 10 else 60_000_000) - 1


def _unknown_rule(rule: str, known: Collection[str]) -> None:
    near = get_close_matches(rule, sorted(known), 1)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(known))}"
    fail(f"there is no rule {rule}{hint}", USAGE)
