"""The samples that messages are checked with have what delivery hands to the wording: no field more, and none less."""

from __future__ import annotations

import pytest

from delivery.wording import context
from retention.events import TYPES
from retention.state import Customer
from rules.language.schema import TIMED, TRIGGERS
from templates.samples import EVENTS, Sample, samples
from tests.unit.delivery.queue import CONTEXT, SHOP

OWN = {"type", "time"}


def test_there_are_samples_of_all_that_can_fire_a_rule() -> None:
    assert {*TRIGGERS, *TIMED, "product"} == set(EVENTS)


@pytest.mark.parametrize("sample", samples("purchase", "en"), ids=lambda one: one.label)
def test_a_sample_customer_is_known_as_delivery_knows_one(sample: Sample) -> None:
    told = context(CONTEXT, Customer(), "welcome", SHOP)
    assert set(sample.context["customer"]) == set(told["customer"])
    assert set(sample.context["rule"]) == set(told["rule"])


@pytest.mark.parametrize("event", sorted(TYPES))
def test_a_sample_event_has_the_fields_of_its_type(event: str) -> None:
    for sample in samples(event, "en"):
        assert set(sample.context["event"]) == {*TYPES[event].__struct_fields__, *OWN}


@pytest.mark.parametrize("event", sorted(TYPES))
def test_what_a_sample_leaves_out_is_what_a_storefront_may_leave_out(event: str) -> None:
    defaults = dict(
        zip(reversed(TYPES[event].__struct_fields__), reversed(TYPES[event].__struct_defaults__), strict=False)
    )
    bare = [sample for sample in samples(event, "en") if sample.label.endswith("bare")]
    for sample in bare:
        empty = {name for name, value in sample.context["event"].items() if value is None}
        assert empty == {name for name in defaults if name not in ("state", "staff", "items", "currency")}


@pytest.mark.parametrize("event", TIMED)
def test_what_time_fires_has_nothing_but_its_moment(event: str) -> None:
    assert [set(sample.context["event"]) for sample in samples(event, "en")] == [OWN, OWN]
