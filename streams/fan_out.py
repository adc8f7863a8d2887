"""Goes through all customers for what is about many of them: an article is launched, a rule catches up.

Nobody is decided about here: each customer gets an event, and their own worker decides. Whom a page is for is written
down before the first of them is told, so whoever goes on after a kill tells the same ones; a second time does nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from msgspec.structs import replace
from sqlalchemy import Connection

from retention import state
from retention.decode import decode_data
from retention.errors import BadEvent
from retention.events import CATALOGUE, PRODUCT, Event, short
from retention.periods import local
from retention.zones import local_day
from rules.engine import guards
from rules.engine.catching_up import poke, waits
from rules.engine.launches import audiences, launch, may_be_for, told
from rules.policy import DAY
from rules.ruleset import RuleSet
from storage import catalogue, fan_outs
from storage.errors import StoreError
from storage.fan_outs import CATCH_UP, LAUNCH, FanOut
from storage.lock import holder
from storage.plan import Planned, page
from storage.store import Store
from streams.broker import EVENTS, Broker
from streams.cloud_event import of
from streams.turns import rest, turns

log = logging.getLogger(__name__)

PAGE = 500
"""Customers looked at together."""
BREATH, LOOK, IDLE = 0.25, 0.02, 5.0
"""Seconds after a full page of customers who were told (2,000 a second), after one of whom none was, and between two
looks for something to do."""
RETRY = 2.0
"""Seconds to wait after an error."""


class FanOuts:
    """Goes on until stopped; rests while an import runs. Two of them do no harm.

    `rules`: those that are live now; `clock` is the workers', µs.
    """

    def __init__(self, store: Store, broker: Broker, rules: Callable[[], RuleSet], clock: Callable[[], int]) -> None:
        self.store = store
        self.broker = broker
        self._rules = rules
        self._clock = clock
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """A page, a breath, the next page."""
        await turns(self.broker, self._stopping, self._turn)

    def stop(self) -> None:
        """Finish the page at hand."""
        self._stopping.set()

    async def _turn(self, producer: AIOKafkaProducer) -> None:
        await rest(self._stopping, await self._pages(producer))

    async def _pages(self, producer: AIOKafkaProducer) -> float:
        """Do a page of each; how long to rest then, seconds."""
        try:
            told = await self.turn(producer)
        except (KafkaError, StoreError) as error:
            log.warning("customers were not told of what is about many (%s); trying again", type(error).__name__)
            return RETRY
        return IDLE if told is None else max(BREATH * told / PAGE, LOOK)

    async def turn(self, producer: AIOKafkaProducer) -> int | None:
        """A page of each; how many customers were told, None when nothing is left to do now."""
        rules, now = self._rules(), self._clock()
        told: int | None = None
        for one in await asyncio.to_thread(self._under_way, rules, now):
            try:
                chosen = one if one.chosen else await asyncio.to_thread(self._choose, one, rules, now)
                if chosen is not None:
                    await self._tell(producer, chosen, rules, now)
                    told = (told or 0) + len(chosen.chosen)
            except BadEvent as error:  # it was good when it came: the shop's currency is another by now
                log.warning("%s cannot be told of any more: %s %s", one.what, error.reason, error.field)
                await asyncio.to_thread(fan_outs.end, self.store, one, now)
        return told

    async def _tell(self, producer: AIOKafkaProducer, one: FanOut, rules: RuleSet, now: int) -> None:
        if one.chosen:
            say = _saying(one, rules, now)
            events = [say(id) for id in one.chosen]
            sending = [await producer.send(EVENTS, key=each.customer.encode(), value=of(each)) for each in events]
            await asyncio.gather(*sending)
            await asyncio.to_thread(fan_outs.sent, self.store, one)

    def _under_way(self, rules: RuleSet, now: int) -> list[FanOut]:
        with self.store.read() as connection:
            if holder(connection) is not None:
                return []
            new, gone = beginnings(connection, rules, now)
        if new or gone:
            fan_outs.change(self.store, new, gone)
        with self.store.read() as connection:
            return fan_outs.under_way(connection)

    def _choose(self, one: FanOut, rules: RuleSet, now: int) -> FanOut | None:
        """The next page, written down; None when there is none to do now, or somebody else does it."""
        if one.kind == LAUNCH and now - one.began_at > rules.policy.lateness:
            log.warning("%s was launched too long ago to be told on; %d customers were", one.what, one.reached)
            fan_outs.choose(self.store, one, replace(one, ended_at=now))
            return None
        today = local_day(now, rules.policy.shop.zone)
        one = one if one.day == today else replace(one, day=today, taken=0)
        room = _room(one, rules)
        if not room:
            return None
        chosen = _page(one, page(self.store, one.after, PAGE), room, _wanted(one, rules, now), now)
        return chosen if fan_outs.choose(self.store, one, chosen) else None


def beginnings(connection: Connection, rules: RuleSet, now: int) -> tuple[list[FanOut], set[str]]:
    """Those that are to begin, and the ids of those that are to be forgotten: rules that catch up no more."""
    launches, catching_up = _launches(connection, rules, now), _catching_up(rules, now)
    caught, told = fan_outs.of_kind(connection, CATCH_UP), fan_outs.known(connection, [one.id for one in launches])
    new = [one for one in (*launches, *catching_up) if one.id not in caught | told]
    return new, caught - {one.id for one in catching_up}


def _launches(connection: Connection, rules: RuleSet, now: int) -> list[FanOut]:
    """Articles whose time has come, when there are rules on it."""
    policy = rules.policy
    if PRODUCT not in rules.by_trigger:
        return []
    first, last = (local(at, policy.shop.zone).date().isoformat() for at in (now - policy.lateness - DAY, now + DAY))
    found = []
    for article in catalogue.launched(connection, first, last):
        times = launch(policy, article.launched, article.known)
        if times is not None and times[1] <= now <= times[0] + policy.lateness:
            id = fan_outs.launch_id(article.sku, article.launched)
            found.append(FanOut(id, LAUNCH, article.sku, times[0], article.data))
    return found


def _catching_up(rules: RuleSet, now: int) -> list[FanOut]:
    """One that is switched on begins anew when what it is due by becomes another."""
    zone = rules.policy.shop.zone
    those = [rule for rule in rules.timed if rule.catch_up is not None and guards.active(rule, now, zone)]
    return [FanOut(f"{CATCH_UP}:{rule.id}:{short(repr(rule.trigger))}", CATCH_UP, rule.id, now) for rule in those]


def _room(one: FanOut, rules: RuleSet) -> int:
    """How many customers may be told now: of a launch while its rules stand still nobody."""
    if one.kind == LAUNCH:
        return PAGE if PRODUCT in rules.by_trigger else 0
    rule = rules.by_id.get(one.what)
    most = 0 if rule is None or rule.catch_up is None else rule.catch_up.most
    return max(0, min(PAGE, most - one.taken))


def _page(one: FanOut, people: Sequence[Planned], room: int, wanted: Callable[[Planned], bool], now: int) -> FanOut:
    """Where a page ends: behind the last of `people`, or where there is no more room."""
    chosen: list[str] = []
    after, ended = one.after, len(people) < PAGE
    for person in people:
        if len(chosen) == room:
            ended = False
            break
        after = person.id
        if wanted(person):
            chosen.append(person.id)
    return replace(
        one, after=after, chosen=tuple(chosen), taken=one.taken + len(chosen), ended_at=now if ended else None
    )


def _wanted(one: FanOut, rules: RuleSet, now: int) -> Callable[[Planned], bool]:
    """Who is told, by what the store knows of them now."""
    if one.kind == LAUNCH:
        article, those = _article(one, rules), audiences(rules)
        article.at = now
        return lambda person: may_be_for(those, article, state.decode(person.state))
    rule = rules.by_id[one.what]
    return lambda person: waits(rules, rule, person.id, state.decode(person.state), one.began_at, now)


def _saying(one: FanOut, rules: RuleSet, now: int) -> Callable[[str], Event]:
    """The event that a customer is told."""
    if one.kind == LAUNCH:
        article = _article(one, rules)
        return lambda id: told(article, id, one.began_at)
    return lambda id: poke(one.what, id, one.began_at, now)


def _article(one: FanOut, rules: RuleSet) -> Event:
    """It was checked when it came; what it costs is said in the shop's currency of today."""
    raw = one.data or b""
    data, price = decode_data(PRODUCT, raw, rules.policy.shop)
    return Event(CATALOGUE, "", PRODUCT, one.what, one.began_at, data, raw, price)
