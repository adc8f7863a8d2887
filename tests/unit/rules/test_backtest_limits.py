"""`--fail-if`: what can be written, what is said to what cannot, and when it is so."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from rules.backtest.figures import Figures, Peak
from rules.backtest.limits import MEASURES, BadLimit, Verdict, judge, read_limit
from rules.backtest.play import Outcome, Played, Span
from rules.policy import Policy
from rules.ruleset import rule_set

RULES = rule_set([], Policy(), "0" * 16)
KNOWN = ("welcome", "win-back", "thanks.2")


def figures(messages: int = 0, **more: object) -> Figures:
    return Figures(messages=Counter({"email": messages} if messages else {}), **more)  # type: ignore[arg-type]


def played(was: Figures, now: Figures | None = None, rule: str = "win-back") -> Played:
    """Of all rules the figures twice as high as of the one."""
    today = Outcome(RULES, _doubled(was), {rule: was})
    candidate = None if now is None else Outcome(RULES, _doubled(now), {rule: now})
    return Played(Span(), today, candidate, ())


def _doubled(one: Figures) -> Figures:
    return Figures(messages=Counter({name: 2 * count for name, count in one.messages.items()}), spend=2 * one.spend)


def found(text: str, was: Figures, now: Figures | None = None) -> Verdict:
    return judge(read_limit(text, KNOWN, now is not None), played(was, now))


@pytest.mark.parametrize(
    ("text", "was", "now", "broken"),
    [
        ("messages of win-back > +20%", 100, 121, True),
        ("messages of win-back > +20%", 100, 120, False),
        ("messages of win-back >= +20%", 100, 120, True),
        ("messages of win-back >+20%", 100, 80, False),
        ("messages of win-back < -10%", 100, 89, True),
        ("messages of win-back < -10%", 100, 90, False),
        ("messages of win-back <= -10%", 100, 90, True),
        ("messages of win-back > +0%", 100, 101, True),
        ("messages of win-back > +0%", 100, 100, False),
        ("messages of win-back > +1000%", 0, 1, True),
        ("messages of win-back > +20%", 0, 0, False),
        ("messages of win-back < -10%", 0, 0, False),
        ("messages of win-back < -10%", 0, 5, False),
        ("messages of win-back > 100", 1, 101, True),
        ("messages of win-back > 100", 101, 100, False),
        ("messages > 100", 0, 51, True),
        ("messages>=102", 0, 51, True),
        ("  messages  <  1  ", 9, 0, True),
        ("messages of win-back > +0.5%", 1_000, 1_005, False),
        ("messages of win-back > +0.5%", 1_000, 1_006, True),
        ("messages of welcome < 1", 5, 5, True),
    ],
)
def test_a_limit_is_broken_when_it_is_so(text: str, was: int, now: int, broken: bool) -> None:
    assert found(text, figures(was), figures(now)).broken is broken


def test_without_a_candidate_it_is_todays_rules_that_are_looked_at() -> None:
    verdict = found("messages of win-back >= 7", figures(7))
    assert (verdict.broken, verdict.value, verdict.was, verdict.change) == (True, Decimal(7), None, None)


def test_the_verdict_has_the_figures() -> None:
    verdict = found("messages of win-back > +20%", figures(80), figures(100))
    assert (verdict.broken, verdict.value, verdict.was, verdict.change) == (
        True,
        Decimal(100),
        Decimal(80),
        Decimal(25),
    )
    assert found("messages > 1", figures(0), figures(1)).change is None


def test_every_figure_can_be_limited() -> None:
    one = figures(
        3,
        offers=Counter(a=4),
        gifts=Counter(b=5),
        spend=1_250,
        cost=Decimal("0.06"),
        customers=6,
        peak=Peak(7, "anna", 1),
        suppressed=Counter(cap=8, late=1),
    )
    values = {name: found(f"{name} of win-back > 0", one).value for name in MEASURES}
    assert values == {
        "messages": 3,
        "offers": 4,
        "gifts": 5,
        "spend": Decimal("12.5"),
        "cost": Decimal("0.06"),
        "customers": 6,
        "max_per_week": 7,
        "suppressed": 9,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no limit"),
        ("messages", "is no limit; write messages > +20%"),
        ("messages = 3", "is no limit"),
        ("messages > many", "is no limit"),
        ("messages > 1,000", "is no limit"),
        ("messages of > 3", "is no limit"),
        ("mesages > 3", "there is no figure “mesages”; did you mean “messages”?"),
        ("lift > 3", "there is no figure “lift”; they are messages, offers"),
        ("messages of winback > 3", "there is no rule “winback”; did you mean “win-back”?"),
        ("messages > 20%", "a change has its sign; write +20% for more of it, -20% for less"),
        ("messages > +20", "a number alone has no sign; a change is in percent, such as +20%"),
    ],
)
def test_one_that_cannot_be_read_is_told_what_to_write(text: str, said: str) -> None:
    with pytest.raises(BadLimit) as error:
        read_limit(text, KNOWN, candidate=True)
    assert said in str(error.value)


def test_a_change_needs_a_candidate() -> None:
    with pytest.raises(BadLimit, match="name a --candidate folder"):
        read_limit("messages > +20%", KNOWN, candidate=False)


def test_a_rule_may_have_a_dot() -> None:
    assert read_limit("messages of thanks.2>1", KNOWN, candidate=False).rule == "thanks.2"
