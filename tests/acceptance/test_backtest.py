"""`regulars rules backtest` as a marketer has it: on the store's log, on a file, with a candidate, as a page."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tests.acceptance.kit import Shop, event

WELCOME = """\
id: welcome
name: Welcome <b>you</b>
status: live
on: purchase
when: customer.orders_ever == 1
reentry: never
do:
  - send: welcome
    channel: email
"""
THANKS = """\
id: thanks
name: Thank you
status: live
on: purchase
when: customer.orders_ever >= 2
reentry: always
do:
  - send: thank-returning
    channel: email
"""
NEWS = """\
id: news
name: New
status: live
on: product
audience: customer.orders > 0
when: event.category in customer.categories
do:
  - send: new-for-you
    channel: email
"""
EVIL = '<script>alert("x")</script>'


def history() -> list[Any]:
    """Three customers who can be reached; each buys three times in 2026, a week apart."""
    lines = []
    for customer in ("anna", "ben", "cleo"):
        when = "2026-03-01T03:00:00Z"
        profile = {"email": f"{customer}@example.com", "first_name": EVIL if customer == "anna" else customer.title()}
        lines.append(event(f"{customer}-p", "profile", customer, profile, when))
        lines.append(event(f"{customer}-c", "consent", customer, {"channel": "email", "state": "granted"}, when))
        for week in range(3):
            order = {"order_id": f"{customer}-{week}", "total": "890.00"}
            lines.append(
                event(f"{customer}-{week}", "purchase", customer, order, f"2026-03-{7 * week + 2:02d}T03:05:00Z")
            )
    return lines


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Two rules; the candidate thanks from the third order on, and welcomes in its own words."""
    made = Shop(tmp_path)
    for folder in (made.folder / "rules" / "campaigns", made.folder / "rules" / "tests"):
        shutil.rmtree(folder)
        folder.mkdir()
    write(made, "rules", welcome=WELCOME, thanks=THANKS)
    (made.folder / "rules/policy.yaml").write_text("currency: THB\ntime_zone: Asia/Bangkok\ncosts: {email: 0.02}\n")
    shutil.copytree(made.folder / "rules", made.folder / "candidate")
    write(made, "candidate", thanks=THANKS.replace(">= 2", ">= 3"))
    made.write("history.jsonl", *history())
    return made


def write(shop: Shop, folder: str, **rules: str) -> None:
    for name, content in rules.items():
        (shop.folder / folder / "campaigns" / f"{name}.yaml").write_text(content)


SAID = """\
candidate, compared with rules
2026-03-01 to 2026-03-16 (Asia/Bangkok): 15 events of 3 customers

                                                     today  candidate     change
  messages sent                                          9          6         -3
  customers reached                                      3          3          –
  most to one customer in 7 days                         1          1          –
  cost of messages, THB                               0.18       0.12      -0.06

thanks: Thank you
  sent by email                                          6          3         -3
  cost of messages, THB                               0.12       0.06      -0.06

Not different: welcome.

Examples of the difference
  thanks, customer anna
    today      2026-03-09 10:05  sent thank-returning by email
"""


def test_the_difference_comes_first_then_examples_then_what_a_backtest_cannot_know(shop: Shop) -> None:
    done = shop.good("rules", "backtest", "--candidate", "candidate", "--events", "history.jsonl")
    assert done.out.startswith(SAID)
    assert "Stocks, budgets and pools of codes are full at the beginning" in done.out
    assert max(map(cell_len, done.out.splitlines())) <= 80
    assert done.err == ""


def test_launches_are_played_from_a_file_and_from_the_store(shop: Shop) -> None:
    news = (shop.folder / "templates/messages/new-for-you/email.en.md").read_text(encoding="utf-8")
    assert "{{ event.name }}" in news
    write(shop, "candidate", thanks=THANKS, news=NEWS)
    tea = {"sku": "TEA-9", "name": "Doi White", "category": "tea", "price": "520.00", "launched": "2026-03-12"}
    bought = {"order_id": "t-1", "total": "9.00", "items": [{"sku": "T", "qty": 1, "price": "9.00", "category": "tea"}]}
    lines = [
        *history(),
        event("t-1", "purchase", "anna", bought, "2026-03-04T03:05:00Z"),
        event("a-1", "product", "TEA-9", tea, "2026-03-05T03:05:00Z"),
        event("a-2", "product", "TEA-1", tea | {"sku": "TEA-1", "launched": "2020-01-01"}, "2026-03-05T03:05:00Z"),
    ]
    shop.write("launches.jsonl", *lines)
    options = ("rules", "backtest", "--candidate", "candidate", "--json")
    by_file = shop.good(*options, "--events", "launches.jsonl").json
    assert by_file["candidate"]["rules"]["news"]["messages"] == {"email": 1}
    shop.good("import", "launches.jsonl")
    assert shop.good(*options).json == by_file
    said = shop.good("rules", "backtest", "--candidate", "candidate").out
    assert "2026-03-12 09:00  sent new-for-you by email" in said


def test_the_log_of_the_store_is_played_as_the_file_is(shop: Shop) -> None:
    shop.good("import", "history.jsonl")
    words = ("rules", "backtest", "--candidate", "candidate", "--json")
    assert shop.good(*words).json == shop.good(*words, "--events", "history.jsonl").json


def test_without_a_candidate_it_is_told_what_todays_rules_do(shop: Shop) -> None:
    done = shop.good("rules", "backtest", "--events", "history.jsonl")
    assert "compared" not in done.out
    assert re.search(r"^  messages sent +9$", done.out, re.M)
    assert re.search(r"^  thanks, customer anna\n +2026-03-09 10:05  sent thank-returning by email$", done.out, re.M)


def test_a_file_may_be_packed_and_in_any_order(shop: Shop) -> None:
    lines = [json.dumps(line) for line in reversed(history())]
    (shop.folder / "mixed.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    mixed = shop.good("rules", "backtest", "--events", "mixed.jsonl.gz", "--json").json
    assert mixed == shop.good("rules", "backtest", "--events", "history.jsonl", "--json").json
    assert mixed["today"]["rules"]["welcome"]["messages"] == {"email": 3}


def test_only_the_end_of_the_history_when_that_is_asked_for(shop: Shop) -> None:
    told = shop.good("rules", "backtest", "--events", "history.jsonl", "--since", "8d", "--json").json
    assert (told["span"]["events"], told["span"]["before"]) == (6, 9)
    assert told["today"]["all"]["messages"] == {"email": 6}
    assert told["today"]["rules"]["welcome"]["messages"] == {}


def test_lines_that_are_no_events_are_told_and_counted_and_the_rest_is_played(shop: Shop) -> None:
    lines = history()
    changed = lines[2] | {"data": {"order_id": "anna-0", "total": "1.00"}}
    bad = event("bad", "purchase", "anna", {"order_id": "x", "total": "lots"})
    shop.write("history.jsonl", *lines, lines[0], changed, bad, "{")
    done = shop.good("rules", "backtest", "--events", "history.jsonl", "--json")
    assert done.json["refused"] == {"id-reused": 1, "bad-money": 1, "not-json": 1}
    assert done.json["duplicates"] == 1
    assert done.json["today"]["all"]["messages"] == {"email": 9}
    assert "history.jsonl:18: data.total: " in done.err
    assert "lots" not in done.err
    assert "3 events could not be played" in done.err


def test_a_limit_that_is_broken_is_exit_1_with_its_figures(shop: Shop) -> None:
    words = ("rules", "backtest", "--candidate", "candidate", "--events", "history.jsonl")
    good = shop.good(*words, "--fail-if", "messages > +20%", "--fail-if", "spend > 100")
    assert good.out.endswith("  ok: messages > +20%: 6, today 9 (-33.3%)\n  ok: spend > 100: 0, as today\n")
    bad = shop.run(*words, "--fail-if", "messages of thanks < -10%", "--fail-if", "max_per_week > 1")
    assert bad.code == 1
    assert "  FAILED: messages of thanks < -10%: 3, today 6 (-50.0%)\n  ok: max_per_week > 1: 1, as today" in bad.out
    told = shop.run(*words, "--fail-if", "messages of thanks < -10%", "--json")
    assert (told.code, told.json["ok"]) == (1, False)
    assert told.json["limits"] == [
        {"limit": "messages of thanks < -10%", "broken": True, "value": 3, "today": 6, "change": -50.0}
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fail-if", "mails > 3"), "there is no figure “mails”"),
        (("--fail-if", "messages of welcom > 3"), "did you mean “welcome”?"),
        (("--fail-if", "messages > +20%"), "name a --candidate folder"),
        (("--since", "3 months"), "--since 3 months is no length of time"),
        (("--events", "nowhere.jsonl"), "does not exist"),
        (("--candidate", "nowhere"), "does not exist"),
        (("--html", "no/folder/page.html"), "cannot write no/folder/page.html"),
    ],
)
def test_wrong_usage_is_a_sentence_and_exit_2(shop: Shop, words: tuple[str, str], said: str) -> None:
    given = words if "--events" in words else ("--events", "history.jsonl", *words)
    done = shop.run("rules", "backtest", *given, COLUMNS="200")
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_nothing_is_played_while_the_candidate_has_mistakes(shop: Shop) -> None:
    write(shop, "candidate", thanks=THANKS.replace("orders_ever", "oders_ever"))
    done = shop.run("rules", "backtest", "--candidate", "candidate", "--events", "history.jsonl")
    assert done.code == 1
    assert 'candidate/campaigns/thanks.yaml:5:7: unknown field "customer.oders_ever"' in done.out
    told = shop.run("rules", "backtest", "--candidate", "candidate", "--events", "history.jsonl", "--json").json
    assert (told["ok"], [one["code"] for one in told["problems"]]) == (False, ["unknown-field"])


def test_an_empty_history_is_said_to_be_one(shop: Shop) -> None:
    shop.write("empty.jsonl")
    for words in ((), ("--events", "empty.jsonl")):
        done = shop.run("rules", "backtest", *words)
        assert done.code == 2
        assert "no event" in done.err


def test_a_candidate_of_another_currency_cannot_be_compared(shop: Shop) -> None:
    (shop.folder / "candidate/policy.yaml").write_text("currency: EUR\ntime_zone: Asia/Bangkok\n")
    done = shop.run("rules", "backtest", "--candidate", "candidate", "--events", "history.jsonl")
    assert (done.code, "EUR" in done.err) == (2, True)


class Tags(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag in names]


def test_the_page_needs_nothing_else_runs_nothing_and_shows_the_messages_in_frames(shop: Shop) -> None:
    words = ("rules", "backtest", "--candidate", "candidate", "--events", "history.jsonl", "--html", "page.html")
    shop.good(*words)
    page = (shop.folder / "page.html").read_text()
    tags = Tags(page)
    assert tags.all("script", "link", "img", "object", "embed") == []
    assert [one for one in tags.all("a") if one.get("href")] == []
    frames = tags.all("iframe")
    assert len(frames) == 6
    assert all(one["sandbox"] in (None, "") and "src" not in one for one in frames)
    assert EVIL not in page
    first = frames[0]["srcdoc"]
    assert first is not None
    assert "<script" not in first
    assert "<h1>Rules that differ" not in page
    assert page.index("Rules that differ") < page.index("Not different")
    assert "Welcome &lt;b&gt;you&lt;/b&gt;" in page


def test_the_candidate_may_have_words_of_its_own(shop: Shop) -> None:
    shutil.copytree(shop.folder / "templates", shop.folder / "words")
    for file in (shop.folder / "words/messages/thank-returning").iterdir():
        file.write_text(re.sub(r"^subject: .*$", "subject: New words", file.read_text(), flags=re.M))
    words = ("rules", "backtest", "--candidate", "candidate", "--templates", "words", "--events", "history.jsonl")
    example = shop.good(*words, "--json").json["examples"][0]
    assert example["candidate"]["message"]["subject"] == "New words"
    assert example["today"]["message"]["subject"] != "New words"
