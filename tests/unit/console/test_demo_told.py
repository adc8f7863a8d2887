"""What the demo's feed says of many customers at once."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from console.demo.told import told_of_many
from storage.fan_outs import CATCH_UP, LAUNCH, FanOut
from tests.unit.rules.story import at

ZONE = ZoneInfo("Asia/Bangkok")
TEN = at("2026-03-06 10:00")


def test_a_launch_says_who_was_told_and_when_mails_leave() -> None:
    one = FanOut("l", LAUNCH, "TEA-9", TEN, b'{"sku":"TEA-9","name":"Doi White","price":520.50}', reached=41)
    assert told_of_many(one, (12, TEN), ZONE) == (
        "Doi White is launched: 41 customers are told; 12 wait for a mail about it, from Friday 10:00 on"
    )
    assert told_of_many(one, (0, 0), ZONE) == "Doi White is launched: 41 customers are told"


def test_a_rule_that_catches_up_says_how_many_it_took() -> None:
    one = FanOut("c", CATCH_UP, "win-back", TEN, reached=73)
    assert told_of_many(one, (12, TEN), ZONE) == "win-back catches up with who was quiet before: 73 customers taken"
