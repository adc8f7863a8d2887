"""A rule that asks a quiet regular back, and its test, from their files to the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.load import load, load_tests
from rules.testing.compare import Row
from rules.testing.play import play

FILES = {
    "policy.yaml": "currency: THB\ntime_zone: Asia/Bangkok\nquiet_hours: {from: '21:00', to: '09:05'}\n",
    "offers.yaml": "offers:\n  comeback-15: {name: 15% off, percent: 15%, expires: 14d}\n",
    "campaigns/win-back.yaml": """\
id: win-back
name: Come back, we miss you
status: draft
on: inactive
for: 60d
when: customer.orders >= 2 and customer.net_revenue >= 1500
holdout: 10%
variants: {warm: 50%, short: 50%}
do:
  - send: "win-back-{variant}"
    channel: [line, email]
    at: "10:00"
  - wait: 7d
  - stop_if: customer.orders_since_entry > 0
  - send: win-back-offer
    offer: comeback-15
stop_on: [purchase, message.unsubscribed]
reentry: after 120d
""",
    "tests/win-back.yaml": """\
- name: a quiet regular is asked back, then gets an offer
  holdout: off
  variants: {win-back: warm}
  given:
    - {at: 2026-01-01T09:00+07:00, customer: anna, profile: {email: anna@example.com, country: TH}}
    - {at: 2026-01-01T09:00+07:00, customer: anna, consent: {channel: email, state: granted}}
    - {at: 2026-01-01T09:05+07:00, customer: anna, purchase: {order_id: o-1, total: 900}}
    - {at: 2026-01-20T09:05+07:00, customer: anna, purchase: {order_id: o-2, total: 900}}
  until: 2026-04-15
  expect:
    - {on: 2026-03-21T10:00+07:00, customer: anna, rule: win-back, send: win-back-warm, channel: email}
    - {on: 2026-03-28T10:00+07:00, customer: anna, rule: win-back, send: win-back-offer, offer: comeback-15}
  counters: {month: {2026-01: {orders: 2, new: 1}}}
""",
}
ORDER = "    - {at: 2026-03-25T11:00+07:00, customer: anna, purchase: {order_id: o-3, total: 900}}\n  until"
SIGNS_OFF = "    - {at: 2026-03-21T08:00+07:00, customer: anna, message: {message_id: m, state: unsubscribed}}\n  until"


def rows(folder: Path, **changed: tuple[str, str]) -> list[Row]:
    """What comes of the test in `folder`; `changed`: of the test's text what, and into what."""
    for name, content in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        for old, new in changed.values() if name.startswith("tests") else ():
            assert old in content
            content = content.replace(old, new)
        (folder / name).write_text(content, encoding="utf-8")
    rules = load(folder).ruleset
    assert rules is not None
    tests = load_tests(folder, rules)
    assert tests.problems == ()
    (case,) = tests.cases
    verdict = play(case, rules)
    assert all(one.ok for one in verdict.measured)
    return list(verdict.rows)


def test_a_quiet_regular_is_asked_back_then_gets_an_offer(tmp_path: Path) -> None:
    assert [row.mark for row in rows(tmp_path)] == ["as expected", "as expected"]


@pytest.mark.parametrize(
    ("end", "marks", "why"),
    [
        (ORDER, ["as expected", "missing"], "stop-on"),
        (SIGNS_OFF, ["missing", "missing"], "no-consent"),
    ],
)
def test_an_order_ends_it_and_so_does_who_signs_off(tmp_path: Path, end: str, marks: list[str], why: str) -> None:
    found = rows(tmp_path, more=("  until", end))
    assert [row.mark for row in found] == marks
    assert found[-1].reason is not None
    assert found[-1].reason.reason == why


def test_who_bought_once_is_not_meant(tmp_path: Path) -> None:
    found = rows(tmp_path, cheap=("o-2, total: 900", "o-2, total: 90"))
    assert {(row.mark, row.reason.reason) for row in found if row.reason} == {("missing", "condition")}
