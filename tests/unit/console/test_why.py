"""`regulars rules why`: each guard's words, by the real command on a store; the values are those of that moment."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from console.cli.rules import app
from rules.load import load
from rules.policy import DAY, HOUR
from storage.store import Store
from tests.unit.streams.kit import NOW, Shop, event, poke, reachable, shop_on

AGREED = event("yes", kind="consent", channel="email", state="granted")
POLICY = "currency: THB\ntime_zone: Asia/Bangkok\n"
RULE = """
id: {id}
name: A rule
status: live
on: purchase
reentry: always
do:
  - send: hello
    channel: email
"""


def rule(id: str = "hello", **more: str) -> str:
    """A rule of class marketing; each of `more` stands in place of the key of that name, or beside the others."""
    body = RULE.format(id=id)
    for key, value in more.items():
        name = "class" if key == "class_" else key
        lines = [line for line in body.strip().splitlines() if not line.startswith(f"{name}:")]
        if name == "do":
            lines = [line for line in lines if not line.startswith(" ")]
        body = "\n".join([*lines, f"{name}: {value}"])
    return body


SAID = (("anna",), ("anna", "hello"))
"""In short, and the whole story."""


class Told:
    """A shop with these rules, and what the command says of its customer."""

    def __init__(self, shop: Shop, settings: dict[str, str]) -> None:
        self.shop, self.settings = shop, settings
        self.take = shop.take

    def later(self, micros: int, *values: bytes) -> None:
        self.shop.now += micros
        if values:
            self.take(*values)

    def poke(self, micros: int) -> None:
        self.shop.now += micros
        self.take(poke(time=self.shop.now))

    def __call__(self, *arguments: str, code: int = 0) -> list[str]:
        result = CliRunner().invoke(app, ["why", *arguments], env=self.settings)
        assert result.exit_code == code, result.output
        return (result.stdout if code == 0 else result.stderr).splitlines()

    def story(self, id: str = "hello") -> list[str]:
        """What stands between the head of a rule's story and the notes at its end."""
        lines = self("anna", id)
        return lines[3 : lines.index("From " + lines[-2].removeprefix("From ")) - 1]

    def json(self, *arguments: str) -> Any:
        return json.loads("\n".join(self("anna", *arguments, "--json")))


@contextmanager
def told(tmp: Path, *rules: str, policy: str = "", **files: str) -> Iterator[Told]:
    (tmp / "rules/campaigns").mkdir(parents=True)
    (tmp / "rules/policy.yaml").write_text(POLICY + textwrap.dedent(policy))
    for name, content in files.items():
        (tmp / f"rules/{name}.yaml").write_text(content)
    for body in rules:
        id = next(line for line in body.splitlines() if line.startswith("id:")).removeprefix("id: ")
        (tmp / f"rules/campaigns/{id}.yaml").write_text(body)
    loaded = load(tmp / "rules")
    assert loaded.ruleset is not None, loaded.problems
    store = Store(f"sqlite:///{tmp / 'store.db'}")
    store.migrate()
    try:
        with shop_on(store, loaded.ruleset) as shop:
            yield Told(shop, {"REGULARS_RULES": str(tmp / "rules"), "REGULARS_STORE": f"sqlite:///{tmp / 'store.db'}"})
    finally:
        store.close()


def test_a_message_that_left_is_told_with_the_hour_it_left(tmp_path: Path) -> None:
    with told(tmp_path, rule(when="event.total > 50")) as why:
        why.take(reachable(), AGREED, event("1", total="890.00"))
        with why.shop.store.write() as connection:
            connection.execute(text(f"UPDATE message SET status = 'sent', done_at = {NOW + HOUR}"))
        assert why.story() == [
            "2026-03-01 17:00  purchase o-1",
            "                  yes      event.total > 50 (event.total is 890.00 THB)",
            "2026-03-01 17:00  message hello by email",
            "                  it left 2026-03-01 18:00",
        ]


def test_a_condition_is_told_with_the_values_of_that_moment(tmp_path: Path) -> None:
    with told(tmp_path, rule(when='customer.orders == 1 and customer.country == "TH"')) as why:
        why.take(reachable(), event("1"))
        why.later(DAY, event("p", kind="profile", country="TH"), event("w", kind="review", rating=5))
        assert why.story() == [
            "2026-03-01 17:00  purchase o-1: its condition did not hold",
            "                  unknown  all of",
            "                    yes      customer.orders == 1 (customer.orders is 1)",
            '                    unknown  customer.country == "TH" (customer.country is not known)',
        ]


def test_the_opposite_of_a_condition_stands_in_one_line(tmp_path: Path) -> None:
    with told(tmp_path, rule(when='not has_tag("vip")')) as why:
        why.take(reachable(), event("p", kind="profile", tags=["vip"]), event("1"))
        assert why.story()[1:] == ['                  no       not has_tag("vip") (has_tag(…) is true)']
        assert why("anna")[1] == (
            '  2026-03-01 17:00  purchase o-1: its condition did not hold: not has_tag("vip") (has_tag(…) is true)'
        )


def test_late(tmp_path: Path) -> None:
    with told(tmp_path, rule()) as why:
        why.take(reachable(), AGREED, event("1", time=NOW - 30 * HOUR))
        assert why.story()[1:] == [
            "2026-03-01 17:00  did not begin: it came too late [late]",
            "                  it happened 2026-02-28 11:00 and came 30 hours later; "
            "rules answer what is at most 1 day old",
        ]


def test_late_for_what_time_brings(tmp_path: Path) -> None:
    with told(tmp_path, rule(on="inactive\nfor: 2d")) as why:
        why.take(reachable(), AGREED, event("1"))
        why.poke(5 * DAY)
        assert why.story()[:3] == [
            "2026-03-03 17:00  its time had come",
            "2026-03-03 17:00  did not begin: it came too late [late]",
            "                  it was due 2026-03-03 17:00 and was looked at 3 days later; at most 1 day late",
        ]


@pytest.mark.parametrize(
    ("reentry", "says"),
    [
        ("never", ["entered 2026-03-01 17:00", "the rule takes everybody once (`reentry: never`)"]),
        ("after 30d", ["entered 2026-03-01 17:00", "again 30 days after that, from 2026-03-31 17:00 on"]),
    ],
)
def test_re_entry(tmp_path: Path, reentry: str, says: list[str]) -> None:
    with told(tmp_path, rule(reentry=reentry)) as why:
        why.take(reachable(), AGREED, event("1"))
        why.later(DAY, event("2"))
        story = why.story()
        assert story[0] == "2026-03-01 17:00  message hello by email (it waits to leave)"
        assert story[2:] == [
            "2026-03-02 17:00  purchase o-2",
            "2026-03-02 17:00  did not begin: they had it already [re-entry]",
            *(f"                  {one}" for one in says),
        ]


def test_a_birthday_that_was_had(tmp_path: Path) -> None:
    with told(tmp_path, rule(on="birthday", reentry="never")) as why:
        why.take(reachable(), AGREED, event("1", kind="birthday", date="1990-03-01"))
        why.later(DAY, event("2", kind="birthday"))
        assert "                  once for each birthday: that was the one of 2026" in why.story()


def test_the_holdouts(tmp_path: Path) -> None:
    with told(tmp_path, rule(holdout="99%")) as why:
        why.take(reachable(), AGREED, event("1"))
        assert why.story()[1:] == [
            "2026-03-01 17:00  held out: kept out of this rule, to compare [holdout]",
            "                  99% are kept out of this rule: numbers below 9,900 of 10,000; theirs is 9,395 for good",
        ]
    with told(tmp_path / "whole", rule(), policy="holdout: 99%\n") as why:
        why.take(reachable(), AGREED, event("1"))
        assert why.story()[1] == "2026-03-01 17:00  held out: kept out of all marketing, to compare [global-holdout]"
        assert why.story()[2].startswith("                  99% are kept out of all marketing: numbers below 9,900")


def test_chance(tmp_path: Path) -> None:
    with told(tmp_path, rule(chance="1%")) as why:
        why.take(reachable(), AGREED, event("1"))
        first, second = why.story()[1:]
        assert first == "2026-03-01 17:00  did not begin: not drawn this time [chance]"
        assert second.startswith("                  1% get it: numbers below 100 of 10,000; for this event ")


def test_what_is_known_of_consent_for_each_channel(tmp_path: Path) -> None:
    with told(tmp_path, rule(do="[{send: hello, channel: [line, email]}]")) as why:
        why.take(reachable(), event("no", kind="consent", channel="email", state="denied"), event("1"))
        assert why.story()[1:] == [
            "2026-03-01 17:00  message hello: not sent: they have not said yes by this channel [no-consent]",
            "                  line: they never said yes or no, which is no",
            "                  email: they said no 2026-03-01 17:00",
        ]


def test_an_address_that_bounced_and_one_that_is_missing(tmp_path: Path) -> None:
    with told(tmp_path, rule(class_="transactional", do="[{send: hello, channel: [email, sms]}]")) as why:
        bounced = json.loads(event("b", kind="message", message_id="m", state="bounced", channel="email"))
        why.take(reachable(), json.dumps(bounced).encode(), event("1"))
        assert why.story()[1:] == [
            "2026-03-01 17:00  message hello: not sent: their address bounced, or they complained [suppressed]",
            "                  email: a message bounced",
            "                  sms: no phone is known",
        ]


def test_an_open_ticket_and_a_return_under_way(tmp_path: Path) -> None:
    with told(tmp_path, rule()) as why:
        why.take(reachable(), AGREED, event("t", kind="support", ticket_id="t-9", state="opened"))
        why.later(HOUR, event("1"))
        story = why.story()
        assert story[1:4] == [
            "2026-03-01 18:00  waits until 2026-03-01 22:00: a support ticket of theirs is open [open-ticket]",
            "                  ticket t-9, open since 2026-03-01 17:00",
            "                  looked at again every 4 hours, given up after 14 days",
        ]
        assert story[4] == "under way since 2026-03-01 18:00: goes on 2026-03-01 22:00 with message hello"
    with told(tmp_path / "return", rule()) as why:
        why.take(reachable(), AGREED, event("r", kind="return", return_id="r-1", total="1.00", state="received"))
        why.later(HOUR, event("1"))
        assert why.story()[2] == "                  return r-1, received 2026-03-01 17:00"


def test_another_rule_of_the_group(tmp_path: Path) -> None:
    with told(tmp_path, rule(group="one"), rule("first", group="one", priority="9")) as why:
        why.take(reachable(), AGREED, event("1"))
        assert why.story()[1:] == [
            "2026-03-01 17:00  message hello: not sent: another rule of its group came first [group]",
            "                  first went, whose priority is 9; this one's is 0",
        ]


def test_a_cap_and_what_counted(tmp_path: Path) -> None:
    with told(tmp_path, rule(), rule("first", priority="9"), policy="caps: {any: 2 per 7d, email: 9 per 7d}\n") as why:
        why.take(reachable(), AGREED, event("1"))
        why.later(DAY, event("2"))
        assert why.story()[3:] == [
            "2026-03-02 17:00  message hello: not sent: they have had as many messages as they may [cap]",
            "                  at most 2 in 7 days on all channels; they had",
            "                    2026-03-01 17:00 by email, of first",
            "                    2026-03-01 17:00 by email, of hello",
            "                  there is room again from 2026-03-08 17:00 on",
        ]


def test_quiet_hours_that_drop_and_that_defer(tmp_path: Path) -> None:
    quiet = 'quiet_hours: {from: "16:00", to: "09:00"}\n'
    with told(tmp_path, rule(quiet_hours="drop"), rule("waits"), policy=quiet) as why:
        why.take(reachable(), AGREED, event("1"))
        assert why.story()[1:] == [
            "2026-03-01 17:00  message hello: not sent: it would have left in the quiet hours [quiet-hours]",
            "                  16:00–09:00 on their clock (Asia/Bangkok); the rule says drop, so it does not wait",
        ]
        assert why.story("waits")[1:] == [
            "2026-03-01 17:00  message hello by email, to leave 2026-03-02 09:00",
            "                  it waits to leave",
        ]


def test_what_expires_before_its_hour(tmp_path: Path) -> None:
    quiet = 'quiet_hours: {from: "16:00", to: "09:00"}\n'
    with told(tmp_path, rule(expires_after="2h"), policy=quiet) as why:
        why.take(reachable(), AGREED, event("1"))
        assert why.story()[1:] == [
            "2026-03-01 17:00  message hello: not sent: its hour would have come after its expiry [expired]",
            "                  it would have left 2026-03-02 09:00; "
            "it may 2 hours after 2026-03-01 17:00 at the latest",
        ]


def test_waits_conditions_of_steps_and_what_ends_a_rule(tmp_path: Path) -> None:
    steps = "[{wait: 1d}, {stop_if: customer.orders_since_entry > 0}, {send: hello, channel: email}]"
    with told(tmp_path, rule(do=steps, stop_on="[return]", reentry="never")) as why:
        why.take(reachable(), AGREED, event("1"))
        assert why.story()[1:] == [
            "2026-03-01 17:00  waits until 2026-03-02 17:00",
            "under way since 2026-03-01 17:00: goes on 2026-03-02 17:00 with a condition; return stops it",
        ]
        why.later(HOUR, event("2"))
        why.poke(DAY)
        assert why("anna")[1] == "  2026-03-02 17:00  ended: what the rule stops at is so [stop-if]"


def test_an_event_that_stops_a_rule_is_named(tmp_path: Path) -> None:
    steps = "[{wait: 1d}, {send: hello, channel: email}]"
    with told(tmp_path, rule(do=steps, stop_on="[return]")) as why:
        why.take(reachable(), AGREED, event("1"))
        why.later(HOUR, event("r", kind="return", return_id="r-1", total="1.00"))
        assert why.story()[2:] == [
            "2026-03-01 18:00  ended: something happened that stops the rule [stop-on]",
            "                  return r-1 refunded, at 2026-03-01 18:00",
        ]


def test_the_condition_of_a_step_is_told_with_its_values(tmp_path: Path) -> None:
    steps = "[{if: event.total > 500, then: [{tag: big}], else: [{tag: small}]}]"
    with told(tmp_path, rule(do=steps)) as why:
        why.take(reachable(), event("1", total="90.00"))
        assert why.story()[1:] == [
            "2026-03-01 17:00  if: no",
            "                  no       event.total > 500 (event.total is 90.00 THB)",
            "2026-03-01 17:00  tag small",
        ]


def test_a_rule_whose_event_never_came_says_what_it_waits_for(tmp_path: Path) -> None:
    with told(
        tmp_path,
        rule("birthday", on="birthday"),
        rule("idle", on="inactive\nfor: 60d"),
        rule("rated", on="review"),
        rule("later", status="draft"),
    ) as why:
        why.take(reachable())
        assert why("anna")[:8] == [
            "birthday  live, birthday",
            "  has listened to birthday since 2026-03-01; no such event came; the profile has no birth date",
            "idle  live, 60 days without an order",
            "  was never due since 2026-03-01; they have not ordered anything",
            "later  draft, purchase",
            "  it is a draft: it decides about nobody",
            "rated  live, review",
            "  has listened to review since 2026-03-01; no such event came",
        ]
        why.take(event("1"))
        assert why.story("idle") == ["was never due since 2026-03-01; it is due 2026-04-30 17:00"]


def test_no_rule_has_a_word_to_say_about_a_till(tmp_path: Path) -> None:
    with told(tmp_path, rule(), policy="walk_in: 1\n") as why:
        why.take(reachable(), event("1"), event("2"))
        assert why("anna")[1] == "  more than 1 orders came in one day: a till's id, about which no rule decides"


def test_as_it_was_then(tmp_path: Path) -> None:
    with told(tmp_path, rule(when="customer.orders_ever == 1")) as why:
        why.take(reachable(), AGREED, event("1"))
        why.later(DAY, event("2"))
        assert why("anna")[1].startswith(
            "  2026-03-02 17:00  purchase o-2: its condition did not hold: customer.orders_e"
        )
        assert why("anna")[2].startswith("  2026-03-01 17:00  before that: message hello by email")
        for at in ("2026-03-01", "2026-03-01T18:00", "2026-03-01T10:00+00:00"):
            assert why("anna", "--at", at)[1] == "  2026-03-01 17:00  message hello by email (it waits to leave)"
        assert "is no time; write it like 2026-03-21" in why("anna", "--at", "yesterday", code=2)[0]


def test_on_a_terminal_nothing_is_wider_than_it_is(tmp_path: Path) -> None:
    with told(tmp_path, rule(when='customer.orders_ever == 1 and not (customer.country == "TH")')) as why:
        why.take(reachable(), event("1", time=NOW - 30 * HOUR))
        wide = why("anna")
        why.settings |= {"FORCE_COLOR": "1", "COLUMNS": "60"}
        short, story = ([re.sub(r"\x1b\[[0-9;]*m", "", line) for line in why(*words)] for words in SAID)
        assert max(map(len, short + story)) <= 60
        assert short[1:3] == [
            "  2026-03-01 17:00  purchase o-1: its condition did not",
            '                    hold: not customer.country == "TH"',
        ]
        assert len(short) > len(wide)


def test_unknown_customers_and_rules(tmp_path: Path) -> None:
    with told(tmp_path, rule("welcome")) as why:
        why.take(reachable())
        assert why("bob", code=1) == ["there is no customer bob; ids are exact, and capitals count"]
        assert why("anna", "welcom", code=2) == ["there is no rule welcom; did you mean welcome?"]
        assert why("anna", "xyz", code=2) == ["there is no rule xyz; there are welcome"]


def test_the_document_has_it_all(tmp_path: Path) -> None:
    with told(tmp_path, rule(when="event.total > 50")) as why:
        why.take(reachable(), event("1", total="90.00"))
        made = why.json("hello")
        [one] = made["rules"]
        assert (made["customer"], made["events"], made["rules_not_kept"]) == ("anna", 2, [])
        assert one["asked"]["conditions"] == [
            {"text": "event.total > 50", "verdict": True, "met": {"event.total": "90.00 THB"}, "parts": []}
        ]
        [way] = one["ways"]
        [step] = way["steps"]
        assert way["began"] == {name: value for name, value in one["asked"].items() if name != "told"}
        assert (step["outcome"], step["reason"]) == ("suppressed", "no-consent")
        assert step["because"] == ["email: they never said yes or no, which is no"]


def test_rules_that_changed_since_are_said_to_have(tmp_path: Path) -> None:
    with told(tmp_path, rule()) as why:
        why.take(reachable(), event("1"))
        (tmp_path / "rules/campaigns/hello.yaml").write_text(rule(when="event.total > 5"))
        assert "by the rules of today" in why("anna")[-1]
