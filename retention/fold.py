"""One event into one customer's state, and what it moves in the counters. Pure; the state is changed in place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from zoneinfo import ZoneInfo

from msgspec import UNSET

from retention import counters
from retention.counters import Deltas
from retention.events import POKE, PRODUCT, Birthday, Consent, Event, Message, Profile, Purchase, Return, Support
from retention.orders import Effect, Order, effect, merge
from retention.periods import calendar
from retention.shop import Shop
from retention.state import CATEGORIES_KEPT, DAYS_KEPT, RETURN_STAGES, TALKS_KEPT, Customer

TRIM_ABOVE = 100
"""Day buckets are trimmed only above this many: looking for old ones costs as much as the fold."""

_NOTHING = Effect()
_OURS = frozenset({"message", POKE, PRODUCT})
"""Of these types no event is the customer's own doing."""
_STOPS = {"bounced": "bounced", "complained": "complained"}


def fold(
    customer: Customer,
    order: Order | None,
    event: Event,
    zone: ZoneInfo,
    deltas: Deltas,
    all_orders: Callable[[], Iterable[Order]],
    walk_in: int = Shop().walk_in,
) -> bool:
    """Move `customer`, the `order` the event is about, and `deltas` by one event.

    `order` is None exactly for events about no order. `all_orders` gives every order of the customer and
    is called only when the staff flag changes. More than `walk_in` counting orders in one day, and the
    customer is nobody's: it counts, and no rule fires. Returns False when the event amends a purchase that was
    known already, True otherwise: rules fire on what is new.
    """
    new = True
    if order is not None:
        new = _order(customer, order, event, zone, {} if customer.staff else deltas)
    elif event.type == "profile":
        _profile(customer, event, zone, deltas, all_orders)
    elif event.type == "consent":
        _consent(customer, event.data, event.time)
    elif event.type == "message":
        _message(customer, event.data, event.time)
    elif event.type == "birthday":
        _birthday(customer, event.data, event.time)
    elif event.type == "support":
        _ticket(customer, event.data, event.time)
    if type(event.data) is Return:
        _returning(customer, event.data, event.time)
    if order is not None and not customer.walk_in and type(event.data) is Purchase:
        customer.walk_in = _walks_in(customer, event.time, zone, walk_in)
    if event.type not in _OURS:
        customer.last_event_at = max(customer.last_event_at, event.time)
    return new


def backdate(customer: Customer, event: Event, new: bool) -> None:
    """An imported purchase from before the customer entered a rule is none of those since their entry."""
    if new and type(event.data) is Purchase:
        for journey in customer.journeys:
            journey.orders += event.time < journey.entered


def _ticket(customer: Customer, data: Support, time: int) -> None:
    """The latest word holds, whatever the order; of two at one instant the one that closes it."""
    opened = int(data.state == "opened")
    held = customer.tickets.get(data.ticket_id)
    if held is None or (time, -opened) > (held[0], -held[1]):
        customer.tickets[data.ticket_id] = [time, opened]
        _forget(customer.tickets, {1})


def _returning(customer: Customer, data: Return, time: int) -> None:
    """The furthest stage holds, whatever the order: what was refunded is over."""
    stage = RETURN_STAGES.index(data.state)
    held = customer.returning.get(data.return_id)
    if held is None or (stage, time) > (held[1], held[0]):
        customer.returning[data.return_id] = [time, stage]
        _forget(customer.returning, {0, 1})


def _forget(known: dict[str, list[int]], unfinished: Collection[int]) -> None:
    """Above `TALKS_KEPT` a finished one goes first, then that of which nothing was heard for longest."""
    if len(known) > TALKS_KEPT:
        del known[min(known, key=lambda one: (known[one][1] in unfinished, known[one][0], one))]


def _order(customer: Customer, order: Order, event: Event, zone: ZoneInfo, deltas: Deltas) -> bool:
    if type(event.data) is Purchase and order.untouched:
        return _first_word(customer, order, event, zone, deltas)
    was_placed = order.placed
    before = _NOTHING if order.untouched else effect(order, zone)
    merge(order, event)
    after = effect(order, zone)
    if after != before:
        counters.money(deltas, before, after)
        customer.gross += after.gross - before.gross
        customer.refunds += after.refunded - before.refunded
        _recount(customer, before, after, deltas)
    if type(event.data) is not Purchase:
        return True
    if was_placed:
        customer.first_order_at = min(customer.first_order_at, event.time)
    else:
        _placed(customer, event)
    return not was_placed


def _first_word(customer: Customer, order: Order, event: Event, zone: ZoneInfo, deltas: Deltas) -> bool:
    """The usual event, a purchase about which nothing was said before: the same without two effects to compare."""
    merge(order, event)
    month, day = calendar(event.time, zone)
    counters.placed(deltas, month, event.amount)
    counters.recount(deltas, customer.months, month, 1)
    counters.buyers(deltas, customer.orders, customer.orders + 1)
    customer.orders += 1
    customer.gross += event.amount
    _bucket(customer, day, 1, event.amount)
    _placed(customer, event)
    return True


def _recount(customer: Customer, before: Effect, after: Effect, deltas: Deltas) -> None:
    held = customer.orders
    if (before.counting, before.month) != (after.counting, after.month):
        if before.counting and before.month is not None:
            counters.recount(deltas, customer.months, before.month, -1)
        if after.counting and after.month is not None:
            counters.recount(deltas, customer.months, after.month, 1)
        customer.orders = held + after.counting - before.counting
        counters.buyers(deltas, held, customer.orders)
    if before.counting:
        _bucket(customer, before.day, -1, -before.gross)
    if after.counting:
        _bucket(customer, after.day, 1, after.gross)


def _bucket(customer: Customer, day: int, orders: int, amount: int) -> None:
    """Day buckets reach `DAYS_KEPT` back from the newest; one that empties goes."""
    bucket = customer.days.get(day)
    if bucket is None:
        if orders < 0:
            return
        customer.days[day] = [orders, amount]
        if len(customer.days) <= TRIM_ABOVE:
            return
        newest = max(customer.days)
        for old in [held for held in customer.days if held <= newest - DAYS_KEPT]:
            del customer.days[old]
        return
    bucket[0] += orders
    bucket[1] += amount
    if bucket[0] == 0:
        del customer.days[day]


def _walks_in(customer: Customer, time: int, zone: ZoneInfo, most: int) -> bool:
    if customer.orders <= most:
        return False
    bucket = customer.days.get(calendar(time, zone)[1])
    return bucket is not None and bucket[0] > most


def _placed(customer: Customer, event: Event) -> None:
    """A purchase that is new to us: what it says of the customer, returned later or not."""
    customer.orders_ever += 1
    first = customer.first_order_at
    customer.first_order_at = event.time if first == 0 else min(first, event.time)
    customer.last_order_at = max(customer.last_order_at, event.time)
    for item in event.data.items:
        if item.category:
            customer.categories[item.category] = customer.categories.get(item.category, 0) + item.qty
    while len(customer.categories) > CATEGORIES_KEPT:
        del customer.categories[min(customer.categories, key=lambda name: (customer.categories[name], name))]


def _profile(
    customer: Customer, event: Event, zone: ZoneInfo, deltas: Deltas, all_orders: Callable[[], Iterable[Order]]
) -> None:
    data: Profile = event.data
    for name in Profile.__struct_fields__:
        value = getattr(data, name)
        known = customer.profile_at.get(name, 0)
        if value is UNSET or event.time < known or (name == "staff" and event.time == known and not value):
            continue
        customer.profile_at[name] = event.time
        if name == "staff":
            _staff(customer, value, zone, deltas, all_orders)
        elif value is None:
            customer.profile.pop(name, None)
        else:
            customer.profile[name] = value


def _staff(
    customer: Customer, staff: bool, zone: ZoneInfo, deltas: Deltas, all_orders: Callable[[], Iterable[Order]]
) -> None:
    """Staff is retracted from every counter, and added again when the flag goes (semantics.md)."""
    if staff == customer.staff:
        return
    customer.staff = staff
    sign = -1 if staff else 1
    for (measure, period, dims), value in counters.cold(all_orders(), zone).items():
        counters.add(deltas, measure, period, sign * value, dims)


def _birthday(customer: Customer, data: Birthday, time: int) -> None:
    if data.date is not None and time >= customer.profile_at.get("birth_date", time):
        customer.profile_at["birth_date"] = time
        customer.profile["birth_date"] = data.date


def _consent(customer: Customer, data: Consent, time: int) -> None:
    _decide_consent(customer, f"{data.channel}/{data.topic}" if data.topic else data.channel, data.state, time)


def _decide_consent(customer: Customer, key: str, state: str, time: int) -> None:
    """The latest word wins; said at the same instant, the stricter one."""
    known = customer.consents.get(key)
    granted = state == "granted"
    if known is None or time > known[1] or (time == known[1] and not granted):
        customer.consents[key] = [granted, time]


def _message(customer: Customer, data: Message, time: int) -> None:
    channel = data.channel or "email"
    if data.state in _STOPS:
        customer.suppressed[channel] = _STOPS[data.state]
    elif data.state == "unsubscribed":
        _decide_consent(customer, channel, "denied", time)
