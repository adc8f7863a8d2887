"""Whatever decode lets through, both databases can hold: no text and no number of an event ever fails later."""

from __future__ import annotations

import json
import random
from typing import Any

from retention.decode import decode
from retention.errors import BadEvent
from retention.shop import Shop as Money
from storage.store import Store
from tests.unit.streams.kit import NOW, ruled, shop_on, stamp

ODD = [
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\x1f",
    "\x7f",
    "\u0085",
    "\u200d",
    "\u2028",
    "\u202e",
    "\ufeff",
    "\ufffe",
    "\uffff",
    "\U0010ffff",
    "\U0001f375",
    "น้ำ",
    "e\u0301",
    "'",
    '"',
    "\\",
    "\\u0000",
    "%s",
    ":name",
    "$1",
    "\\x00",
    "NULL",
    "",
    " ",
    "\n",
    "x" * 200,
    "ก" * 200,
    "x" * 201,
]
NUMBERS: list[Any] = [0, 1, 2**31, 2**53 + 1, 10**12, 10**14, 10**30, "0.00", "999999999999.99", "0.001", -1, "1e3"]


def values(chance: random.Random, many: int) -> list[tuple[bytes, bytes]]:
    """(key, value) of CloudEvents with odd text in one or several places; most of them are refused."""

    def word(likely: str) -> str:
        return likely if chance.random() < 0.75 else chance.choice(ODD) + chance.choice(["", likely])

    def number() -> Any:
        return 1 if chance.random() < 0.6 else chance.choice(NUMBERS)

    made = []
    for serial in range(many):
        item = {"sku": word("T"), "qty": chance.choice([1, 10**6]), "price": number(), "category": word("tea")}
        data: dict[str, dict[str, Any]] = {
            "purchase": {"order_id": word(f"o-{serial % 9}"), "total": number(), "items": [item], "coupon": word("C")},
            "return": {"return_id": word("r"), "total": number(), "reason": word("late")},
            "profile": {
                "email": word("a@b.c"),
                "first_name": word("Anna"),
                "tags": [word("vip")],
                "attributes": {word("size"): word("m"), "n": number()},
            },
            "consent": {"channel": word("email"), "topic": word("news"), "state": "granted"},
            "survey": {"score": 9, "text": word("good")},
            "message": {"message_id": word("m"), "state": "bounced", "channel": word("email")},
            "support": {"ticket_id": word("t"), "state": "opened"},
        }
        kind = chance.choice(sorted(data))
        customer = word(f"c-{serial % 5}")
        head = {"specversion": "1.0", "id": word(f"e-{serial}"), "source": word("/shop"), "type": kind}
        head |= {"subject": customer, "time": stamp(NOW)}
        ascii_only = chance.random() < 0.5
        text = json.dumps(head | {"data": data[kind]}, ensure_ascii=ascii_only)
        made.append((customer.encode(errors="surrogatepass"), text.encode(errors="surrogatepass")))
    return made


def accepted(key: bytes, value: bytes) -> bool:
    try:
        decode(key, value, (), Money(), NOW)
    except BadEvent:
        return False
    return True


def test_what_decode_accepts_is_applied_and_what_it_refuses_is_kept(store: Store) -> None:
    made = values(random.Random(11), 1_500)
    good = [pair for pair in made if accepted(*pair)]
    assert 150 < len(good) < 750
    with shop_on(store, ruled(), bad_share=1.0) as shop:
        for key, value in made:
            shop.take(value, key=key)
        reasons = {row["reason"] for row in shop.rows("dead_letter")}
        assert "failed" not in reasons
        refused = [row for row in shop.rows("dead_letter") if row["reason"] != "id-reused"]
        assert len(refused) == len(made) - len(good)
        assert len(shop.rows("event")) == len({(row["source"], row["id"]) for row in shop.rows("event")}) > 120
        kept = {(bytes(row["key"]), bytes(row["value"])) for row in refused}
        assert kept == {pair for pair in made if not accepted(*pair)}
