"""From a claimed message to a finished one, or to the reason why there is none, or none yet."""

from __future__ import annotations

import logging
from collections.abc import Container

from delivery.channels.base import Outgoing
from delivery.check import Held, Refusal, check, timely
from delivery.editions import Edition, Editions
from delivery.offers import Offers
from delivery.wording import Unusable, context
from retention.state import Customer
from storage.messages import Claimed, Context
from templates.errors import RenderError

log = logging.getLogger("regulars.delivery")


class Prepared:
    """Checks and renders; never asks the clock. Called from several threads at once.

    Whether a message may leave is said by what is live. Its words and its offer are those of the edition that its rule
    is of: they are part of what was decided. Where that cannot be had they are the live ones too.
    """

    def __init__(self, editions: Editions, channels: Container[str], coupon_key: bytes) -> None:
        self._editions = editions
        self._channels = channels
        self._coupon_key = coupon_key

    def __call__(
        self, message: Claimed, customer: Customer | None, now: int, live: Edition
    ) -> Outgoing | Refusal | Held:
        """The message as it leaves; a Refusal when it must not, or cannot be made; Held when it must wait.

        Raises Unreachable: an edition that is not at hand is in the store.
        """
        address = check(message, customer, now)
        if isinstance(address, Refusal) or customer is None:
            return address if isinstance(address, Refusal) else Refusal("cancelled", "erased")
        if message.channel not in self._channels:
            return Refusal("failed", "no-channel")
        try:
            answered = Context.decode(message.context)
        except Unusable:
            return Refusal("failed", "bad-context")
        own = self._editions.of(answered.ruleset) if answered.ruleset else None
        if stopped := timely(message, customer, now, live.rules, own.rules if own is not None else None):
            return stopped
        try:
            return self._made(message, answered, own or live, customer, address, now)
        except RenderError as error:
            where = error.problem
            log.error("template %s, line %d: %s [%s]", message.template, where.line, where.message, where.code)
            return Refusal("failed", "render")
        except Unusable:
            return Refusal("failed", "bad-context")
        except Exception as error:  # the same again would come of trying again
            log.error("template %s: the renderer broke: %s", message.template, type(error).__name__)
            return Refusal("failed", "render")

    def _made(
        self, message: Claimed, answered: Context, edition: Edition, customer: Customer, address: str, now: int
    ) -> Outgoing | Refusal | Held:
        given = Offers(edition.rules, self._coupon_key)(message, answered, customer, now)
        if isinstance(given, Refusal | Held):
            return given
        values = context(answered, customer, message.rule, edition.rules.policy.shop, given)
        locale = customer.profile.get("locale")
        made = edition.renderer.render(message.template, message.channel, locale, values)
        names = (values["customer"]["first_name"], values["customer"]["last_name"])
        name = " ".join(one for one in names if isinstance(one, str) and one)
        return Outgoing(message.key, address, name, made.subject, made.text, made.html, made.locale, now)
