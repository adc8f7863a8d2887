"""The messages of examples, rendered as their customers would have got them."""

from __future__ import annotations

from msgspec import Struct

from delivery.offers import Given
from delivery.wording import Unusable, context
from rules.backtest.examples import Example, Left
from rules.backtest.play import Outcome
from storage.messages import Context
from templates.errors import RenderError
from templates.render import Renderer


class Shown(Struct, frozen=True):
    """A message as it looks; or `wrong`, why it does not look like anything."""

    subject: str = ""
    html: str = ""
    text: str = ""
    wrong: str = ""


class Sample(Struct, frozen=True):
    """An example, and of each side its message; None where none left."""

    example: Example
    shown: tuple[Shown | None, ...]


def show(left: Left, outcome: Outcome, renderer: Renderer) -> Shown:
    """Render a message that left."""
    rules, message = outcome.rules, left.message
    event = message.answers
    answered = Context(
        type=event.type,
        time=event.time,
        data=event.raw,
        amount=event.amount,
        orders=left.customer.orders,
        orders_ever=left.customer.orders_ever,
        rule_name=rules.by_id[message.rule].name,
        offer=message.offer,
        variant=message.variant,
        entry=message.entry,
    )
    offer = rules.offers.get(message.offer) if left.granted else None
    given = Given(offer, left.granted.code, left.granted.expires_at) if offer and left.granted else None
    try:
        values = context(answered, left.customer, message.rule, rules.policy.shop, given)
        made = renderer.render(message.template, message.channel, left.customer.profile.get("locale"), values)
    except RenderError as error:
        return Shown(wrong=str(error))
    except Unusable as error:
        return Shown(wrong=f"the event it answers cannot be read any more: {error}")
    return Shown(made.subject, made.html, made.text)
