"""When a rule that has not been asked yet will be, or what that wants."""

from __future__ import annotations

from msgspec import structs

from console.cli.why.saying import moment
from retention.state import Customer
from rules.engine.timers import BIRTH_DATE, next_due
from rules.ruleset import Inactive, OnDate, Rule, RuleSet, Status, rule_set

_STATUS = {Status.DRAFT: "it is a draft: it decides about nobody", Status.PAUSED: "it is paused: nobody enters it"}


def said(rules: RuleSet, rule: Rule, customer: Customer) -> str:
    """What the rule waits for, as the customer is now; empty when it waits for the next event of its kind."""
    if rule.status in _STATUS:
        return _STATUS[rule.status]
    if customer.walk_in:
        return f"more than {rules.policy.shop.walk_in} orders came in one day: a till's id, about which no rule decides"
    if not rule.timed:
        return ""
    alone = rule_set([rule], rules.policy, rules.hash)
    due = next_due(alone, structs.replace(customer, journeys=[]))
    return _missing(rule, customer) if due is None else f"it is due {moment(due, rules.policy.shop.zone)}"


def _missing(rule: Rule, customer: Customer) -> str:
    """Why time never comes to it."""
    trigger = rule.trigger
    if isinstance(trigger, Inactive):
        if trigger.since == "last_order" and not customer.last_order_at:
            return "they have not ordered anything"
        if trigger.rhythm and customer.orders_ever < 3:
            return "they have no rhythm yet: that takes three orders"
        return "its time is over, until they are heard of again"
    if isinstance(trigger, OnDate) and trigger.field != BIRTH_DATE:
        return f"{trigger.field} is no date, or one that is past"
    return "the profile has no birth date"
