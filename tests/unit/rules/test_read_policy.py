"""Every line of the policy as a marketer writes it, and what is said to a mistake."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from retention.measures import Overall, Period
from retention.shop import Shop
from rules.document import Document
from rules.policy import DAY, HOUR, MARKETING, TRANSACTIONAL, Cap, Limits, Policy, Spend, Tier
from rules.read_aims import MEASURES
from rules.read_policy import KEYS, read_policy

HEAD = "currency: THB\ntime_zone: Asia/Bangkok\n"
WHOLE = """\
currency: THB
time_zone: Asia/Bangkok
rates: {USD: 34.10}
walk_in: 40
lateness: 36h
recheck: 2h
attribution: 7d
birthday_hour: "08:30"
leap_birthday: mar01
lapse: 200d
holdout: 5%
quiet_hours: {from: "21:00", to: "09:00"}
caps: {any: [3 per 7d, 1 per calendar_day], email: 2 per 12h}
classes:
  marketing: {caps: ignore, counts: false, quiet_hours: drop, expires_after: never}
  transactional: {expires_after: 2d}
margin: 62.5%
costs: {email: 0.02, sms: 1.20}
targets: {true_retention: 35%, crr: 140.5%, repeat_purchase_rate: 0.4, purchase_frequency: 2.5, orders: 900}
spend:
  2026-04: {retention: 20000.50}
  2026-03: {acquisition: 50000, retention: 0}
tiers: {silver: {spend: 5000}, gold: {spend: 20000, points: 3000}}
"""


def read(lines: str) -> tuple[Policy | None, list[tuple[int, int, int, str, str]]]:
    document = Document("policy.yaml", (HEAD + lines).encode())
    policy = read_policy(document)
    return policy, [(one.line, one.column, one.length, one.code, one.message) for one in sorted(document.problems)]


def good(lines: str) -> Policy:
    policy, problems = read(lines)
    assert problems == []
    assert policy is not None
    return policy


def told(lines: str) -> list[tuple[int, int, int, str, str]]:
    policy, problems = read(lines)
    assert policy is None
    return problems


def test_every_key_is_read() -> None:
    document = Document("policy.yaml", WHOLE.encode())
    assert read_policy(document) == Policy(
        shop=Shop("THB", "Asia/Bangkok", {"USD": Decimal("34.10")}, 40),
        lateness=36 * HOUR,
        holdout=500,
        quiet=(21 * 60, 9 * 60),
        caps=(Cap(3, 7 * DAY), Cap(1, 0), Cap(2, 12 * HOUR, "email")),
        limits={
            "marketing": Limits(capped=False, counts=False, quiet="drop", expires_after=None),
            "transactional": replace(TRANSACTIONAL, expires_after=2 * DAY),
        },
        recheck=2 * HOUR,
        attribution=7 * DAY,
        birthday_hour=8 * 60 + 30,
        leap_birthday="mar01",
        lapse=200 * DAY,
        margin=6250,
        costs={"email": Decimal("0.02"), "sms": Decimal("1.20")},
        targets={
            "true_retention": Decimal(35),
            "crr": Decimal("140.5"),
            "repeat_purchase_rate": Decimal("0.4"),
            "purchase_frequency": Decimal("2.5"),
            "orders": Decimal(900),
        },
        spend=(Spend(2026 * 12 + 2, 50_000_00, 0), Spend(2026 * 12 + 3, 0, 20_000_50)),
        tiers=(Tier("silver", 5_000_00), Tier("gold", 20_000_00, 3000)),
    )
    assert document.problems == []
    assert all(f"\n{key}:" in f"\n{WHOLE}" for key in KEYS)


def test_what_is_not_said_is_as_usual() -> None:
    assert good("") == Policy(Shop("THB", "Asia/Bangkok"))


def test_a_class_keeps_what_is_not_said_of_it() -> None:
    limits = good("classes: {marketing: {expires_after: 6h}}\n").limits
    assert limits == {"marketing": replace(MARKETING, expires_after=6 * HOUR), "transactional": TRANSACTIONAL}


def test_quiet_hours_may_lie_within_a_day_and_need_no_quotes() -> None:
    assert good("quiet_hours: {from: 13:00, to: 14:30}\n").quiet == (780, 870)


def test_amounts_are_in_the_minor_units_of_the_shops_currency() -> None:
    written = b"currency: %s\ntime_zone: UTC\nspend: {2026-03: {acquisition: %s}}\n"
    for currency, amount, minor in ((b"JPY", b"50000", 50_000), (b"KWD", b"1.505", 1505), (b"EUR", b"0.10", 10)):
        policy = read_policy(Document("policy.yaml", written % (currency, amount)))
        assert policy is not None
        assert policy.spend[0].acquisition == minor


def test_every_measure_that_is_printed_may_have_a_target() -> None:
    assert set(MEASURES) == {*Period.__struct_fields__, *Overall.__struct_fields__} - {"period"}
    lines = [f"{name}: {'40%' if name in ('crr', 'true_retention', 'churn') else '0.4'}" for name in MEASURES]
    assert set(good(f"targets: {{{', '.join(lines)}}}\n").targets) == set(MEASURES)


def test_a_cap_may_be_a_list_of_one_and_of_several_channels() -> None:
    caps = good("caps:\n  sms: [1 per 1h]\n  line: 5 per 400d\n  push: 100 per 1w\n").caps
    assert caps == (Cap(1, HOUR, "sms"), Cap(5, 400 * DAY, "line"), Cap(100, 7 * DAY, "push"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("3 in 7 days", "3 per 7d"),
        ("3 per week", "3 per 7d"),
        ("1 per day", "1 per calendar_day"),
        ("1/day", "1 per calendar_day"),
        ("3 per 7", "3 per 7d"),
        ("2 a month", "2 per 30d"),
        ("at most 3 per 7d", "3 per 7d"),
        ("3 per calendar day", "3 per calendar_day"),
        ("๓ per 7d", "3 per 7d"),
        ("3", ""),
        ("often", ""),
    ],
)
def test_a_cap_in_other_words_is_told_what_to_write(written: str, meant: str) -> None:
    ((line, column, length, code, message),) = told(f"caps: {{email: {written}}}\n")
    assert (line, column, length, code) == (3, 15, len(written), "bad-cap")
    assert message.endswith(f'did you mean "{meant}"?' if meant else "1 per calendar_day")


@pytest.mark.parametrize("cap", ["0 per 7d", "101 per 7d", "3 per 30m", "3 per 90s", "3 per 401d", "3 per 0d"])
def test_a_cap_has_bounds(cap: str) -> None:
    ((_, _, length, code, _),) = told(f"caps: {{any: [1 per 1d, {cap}]}}\n")
    assert (length, code) == (len(cap), "bad-cap")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1,500", "1500"),
        ("฿1500", "1500"),
        ("1500 THB", "1500"),
        ("1500.-", "1500"),
        ("1 500", "1500"),
        ("12,5", "12.5"),
        ("1,500.25 baht", "1500.25"),
        ("๑๕๐๐", "1500"),
        ("1k", ""),
        ("a lot", ""),
    ],
)
def test_an_amount_with_more_than_digits_is_told_what_to_write(written: str, meant: str) -> None:
    ((line, _, length, code, message),) = told(f"spend:\n  2026-03:\n    retention: {written}\n")
    assert (line, length, code) == (5, len(written), "bad-amount")
    assert message.endswith(f'did you mean "{meant}"?' if meant else "890.50")


@pytest.mark.parametrize("amount", ["-5", "1.005", "15%", "1" * 13, "1e5", ".5", "0x10", "NaN", "true", "null"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    ((_, _, length, code, _),) = told(f"tiers: {{silver: {{spend: {amount}}}}}\n")
    assert (length, code) == (len(amount), "bad-amount")


def test_all_mistakes_of_the_policy_are_told_at_once() -> None:
    lines = (
        "recheck: 4\nmargin: 160%\ncosts: {fax: 1}\nquiet_hours: {from: 21, to: 9pm}\ntiers: {gold: {}}\nlapse: -5d\n"
    )
    assert [(line, code) for line, _, _, code, _ in told(lines)] == [
        (3, "bad-duration"),
        (4, "bad-share"),
        (5, "unknown-key"),
        (6, "bad-time"),
        (6, "bad-time"),
        (7, "missing-key"),
        (8, "bad-duration"),
    ]
