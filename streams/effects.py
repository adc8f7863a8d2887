"""What the rules decided about a batch, as the rows that come of it. Decides nothing."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

import msgspec

from retention.counters import Deltas, add
from retention.decode import moment
from retention.events import Event
from retention.periods import local, month_of, name
from retention.state import Customer
from rules.engine.outcome import Decided, Decision, QueuedMessage, Request
from storage.batch import Batch, NewDecision, NewMessage, NewRequest
from storage.messages import Context

NOTIFICATIONS = "notifications"
"""The topic of words to the staff."""
RULES = "regulars:rules"
"""The source of what rules produce to topics."""


class Effects:
    """Collects over one batch, in the order things were decided."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._event: Event | None = None
        self._n = 0
        self.tally: Counter[tuple[str, int, str]] = Counter()
        """(measure, `at`, of what) → times: counted before it is named."""
        self.decisions: list[NewDecision] = []
        self.messages: list[NewMessage] = []
        self.requests: list[NewRequest] = []
        self.records: list[tuple[str, bytes, bytes]] = []
        self.cancelled: set[str] = set()

    def take(self, event: Event, customer: Customer, decided: Decided) -> None:
        """What was decided with `event`: by timers before it, or about it; the customer is as that left them."""
        if not (decided.decisions or decided.not_fired or decided.cancelled):
            return
        if self._event is not event:
            self._event, self._n = event, 0
        for rule, guard in decided.not_fired:
            self.tally["not_fired", event.at, f"{rule}/{guard}"] += 1
        self.cancelled.update(decided.cancelled)
        for number, decision in enumerate(decided.decisions, self._n + 1):
            self._decide(event, customer, decision, number)
        self._n += len(decided.decisions)

    def _decide(self, event: Event, customer: Customer, decision: Decision, number: int) -> None:
        message, request = decision.message, decision.request
        self.tally["decided", decision.at, f"{decision.rule}/{decision.outcome}/{decision.reason}"] += 1
        self.decisions.append(
            NewDecision(
                event.customer,
                event.seq,
                number,
                decision.rule,
                decision.step,
                decision.entry,
                decision.at,
                decision.outcome,
                decision.reason,
                decision.due or None,
                message.key if message is not None else None,
            )
        )
        if message is not None:
            self.messages.append(self._message(event, customer, message, decision.at))
        if request is not None:
            self._ask(event, request)

    def save(self, batch: Batch, deltas: Deltas, now: int) -> None:
        """Write it all but the sums, which go into `deltas`. What was queued here may be cancelled here too."""
        for (measure, at, what), times in self.tally.items():
            add(deltas, measure, name(month_of(local(at, self._zone)), "month"), times, what)
        batch.decide(self.decisions)
        batch.queue(self.messages)
        batch.request(self.requests)
        batch.hand_out(self.records)
        batch.cancel(self.cancelled, now)

    def _message(self, event: Event, customer: Customer, message: QueuedMessage, at: int) -> NewMessage:
        now = message.answers is event and message.due_at == event.at
        return NewMessage(
            key=message.key,
            customer=event.customer,
            rule=message.rule,
            step=message.step,
            template=message.template,
            channel=message.channel,
            class_=message.class_,
            created_at=at,
            due_at=min(event.at, event.time) if now else message.due_at,  # at once, also by a clock that is behind ours
            expires_at=message.expires_at,
            context=self._context(customer, message).encode(),
        )

    def _context(self, customer: Customer, message: QueuedMessage) -> Context:
        event = message.answers
        return Context(
            type=event.type,
            time=event.time,
            data=event.raw,
            amount=event.amount,
            orders=customer.orders,
            orders_ever=customer.orders_ever,
            rule_name=message.rule_name,
            offer=message.offer,
            variant=message.variant,
            entry=message.entry,
            offered_at=message.offered_at,
            ruleset=message.ruleset,
        )

    def _ask(self, event: Event, request: Request) -> None:
        if request.kind in ("notify", "emit"):
            self.records.append(record(event.customer, request))
            return
        self.requests.append(
            NewRequest(
                id=request.key,
                customer=event.customer,
                rule=request.rule,
                step=request.step,
                entry=request.entry,
                kind=request.kind,
                what=request.what,
                amount=request.amount,
                seq=event.seq,
                at=request.at,
            )
        )


def record(customer: str, request: Request) -> tuple[str, bytes, bytes]:
    """(topic, key, CloudEvent) of a word to the staff, or of an event of the shop's own; with no personal data."""
    data: dict[str, object] = {"customer": customer, "rule": request.rule}
    topic, kind = request.what, request.rule
    if request.kind == "notify":
        topic, kind = NOTIFICATIONS, "notification"
        data["text"] = request.what
    if (answers := request.answers) is not None:
        time = moment(answers.time).isoformat()
        data["event"] = {"type": answers.type, "source": answers.source, "id": answers.id, "time": time}
    value = {
        "specversion": "1.0",
        "id": request.key,
        "source": RULES,
        "type": kind,
        "subject": customer,
        "time": moment(request.at).isoformat(),
        "data": data,
    }
    return topic, customer.encode(), msgspec.json.encode(value)
