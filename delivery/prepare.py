"""From a claimed message to a finished one, or to the reason why there is none, or none yet."""

from __future__ import annotations

import logging
from collections.abc import Container

from delivery.channels.base import Outgoing
from delivery.check import Held, Refusal, check, timely
from delivery.offers import Given, Offers
from delivery.wording import Renderer, Unusable, context
from retention.state import Customer
from rules.ruleset import RuleSet
from storage.messages import Claimed, Context
from templates.errors import RenderError

log = logging.getLogger("regulars.delivery")


class Prepared:
    """Checks and renders; asks neither the store nor the clock. Called from several threads at once."""

    def __init__(self, renderer: Renderer, channels: Container[str], rules: RuleSet, coupon_key: bytes) -> None:
        self._renderer = renderer
        self._channels = channels
        self._rules = rules
        self._offers = Offers(rules, coupon_key)

    def __call__(self, message: Claimed, customer: Customer | None, now: int) -> Outgoing | Refusal | Held:
        """The message as it leaves; a Refusal when it must not, or cannot be made; Held when it must wait."""
        address = check(message, customer, now)
        if isinstance(address, Refusal) or customer is None:
            return address if isinstance(address, Refusal) else Refusal("cancelled", "erased")
        if message.channel not in self._channels:
            return Refusal("failed", "no-channel")
        if stopped := timely(message, customer, now, self._rules):
            return stopped
        try:
            return self._made(message, customer, address, now)
        except RenderError as error:
            where = error.problem
            log.error("template %s, line %d: %s [%s]", message.template, where.line, where.message, where.code)
            return Refusal("failed", "render")
        except Unusable:
            return Refusal("failed", "bad-context")
        except Exception as error:  # the same again would come of trying again
            log.error("template %s: the renderer broke: %s", message.template, type(error).__name__)
            return Refusal("failed", "render")

    def _made(self, message: Claimed, customer: Customer, address: str, now: int) -> Outgoing | Refusal | Held:
        answered = Context.decode(message.context)
        given = self._offers(message, answered, customer, now)
        if isinstance(given, Refusal | Held):
            return given
        return self._render(message, answered, given, customer, address, now)

    def _render(
        self, message: Claimed, answered: Context, given: Given | None, customer: Customer, address: str, now: int
    ) -> Outgoing:
        values = context(answered, customer, message.rule, self._rules.policy.shop, given)
        locale = customer.profile.get("locale")
        made = self._renderer.render(message.template, message.channel, locale, values)
        names = (values["customer"]["first_name"], values["customer"]["last_name"])
        name = " ".join(one for one in names if isinstance(one, str) and one)
        return Outgoing(message.key, address, name, made.subject, made.text, made.html, made.locale, now)
