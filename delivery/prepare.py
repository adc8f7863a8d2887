"""From a claimed message to a finished one, or to the reason why there is none."""

from __future__ import annotations

import logging
from collections.abc import Container

from delivery.channels.base import Outgoing
from delivery.check import Refusal, check
from delivery.wording import Renderer, Unusable, context
from retention.shop import Shop
from retention.state import Customer
from storage.messages import Claimed, Context
from templates.errors import RenderError

log = logging.getLogger("regulars.delivery")


class Prepared:
    """Checks and renders; asks neither the store nor the clock. Called from several threads at once."""

    def __init__(self, renderer: Renderer, channels: Container[str], shop: Shop) -> None:
        self._renderer = renderer
        self._channels = channels
        self._shop = shop

    def __call__(self, message: Claimed, customer: Customer | None, now: int) -> Outgoing | Refusal:
        """The message as it leaves; a Refusal when it must not, or cannot be made."""
        address = check(message, customer, now)
        if isinstance(address, Refusal) or customer is None:
            return address if isinstance(address, Refusal) else Refusal("cancelled", "erased")
        if message.channel not in self._channels:
            return Refusal("failed", "no-channel")
        try:
            return self._render(message, customer, address, now)
        except RenderError as error:
            where = error.problem
            log.error("template %s, line %d: %s [%s]", message.template, where.line, where.message, where.code)
            return Refusal("failed", "render")
        except Unusable:
            return Refusal("failed", "bad-context")
        except Exception as error:  # the same again would come of trying again
            log.error("template %s: the renderer broke: %s", message.template, type(error).__name__)
            return Refusal("failed", "render")

    def _render(self, message: Claimed, customer: Customer, address: str, now: int) -> Outgoing:
        values = context(Context.decode(message.context), customer, message.rule, self._shop)
        locale = customer.profile.get("locale")
        made = self._renderer.render(message.template, message.channel, locale, values)
        names = (values["customer"]["first_name"], values["customer"]["last_name"])
        name = " ".join(one for one in names if isinstance(one, str) and one)
        return Outgoing(message.key, address, name, made.subject, made.text, made.html, made.locale, now)
