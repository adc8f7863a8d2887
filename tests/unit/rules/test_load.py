"""What a marketer can get wrong in a file, and what the loader says to it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.shop import Shop
from rules.around import Around
from rules.document import Document
from rules.from_files import Loaded
from rules.load import load
from rules.policy import HOUR, Policy
from rules.problems import render
from rules.read_rule import read_rule
from rules.ruleset import Reentry
from rules.steps import Send
from rules.wordings import plainly

POLICY = "currency: THB\ntime_zone: Asia/Bangkok\n"
RULE = """\
id: welcome
name: Welcome
status: live
on: purchase
when: customer.orders_ever == 1
do:
  - send: welcome
"""
WORDINGS = plainly({"welcome": {"email"}, "both": {"email", "line"}})


def folder(tmp: Path, policy: str | None = POLICY, **rules: str | bytes) -> Path:
    (tmp / "campaigns").mkdir(parents=True)
    if policy is not None:
        (tmp / "policy.yaml").write_text(policy, encoding="utf-8")
    for name, content in rules.items():
        path = tmp / "campaigns" / f"{name.replace('_', '-')}.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp


def places(loaded: Loaded) -> list[tuple[int, int, int, str]]:
    return [(one.line, one.column, one.length, one.code) for one in loaded.problems]


def changed(old: str, new: str) -> str:
    assert old in RULE
    return RULE.replace(old, new)


def test_a_folder_without_mistakes_is_a_rule_set(tmp_path: Path) -> None:
    loaded = load(folder(tmp_path, welcome=RULE), WORDINGS)
    assert loaded.problems == ()
    assert loaded.ruleset is not None
    (rule,) = loaded.ruleset.rules
    assert (rule.id, rule.name, rule.status, rule.on, rule.class_) == (
        "welcome",
        "Welcome",
        "live",
        "purchase",
        "marketing",
    )
    assert rule.do == (Send("welcome", ("email",)),)
    assert (rule.reentry, rule.priority) == (Reentry("never"), 0)
    assert loaded.ruleset.policy == Policy(Shop("THB", "Asia/Bangkok", {}), 24 * HOUR)


def test_every_key_of_a_rule_is_read(tmp_path: Path) -> None:
    more = RULE + "class: transactional\nreentry: after 120d\npriority: -3\n"
    more = more.replace("  - send: welcome\n", "  - {send: both, channel: [line, email]}\n  - send: welcome\n")
    ruleset = load(folder(tmp_path, welcome=more), WORDINGS).ruleset
    assert ruleset is not None
    (rule,) = ruleset.rules
    assert (rule.class_, rule.reentry, rule.priority) == ("transactional", Reentry("after", 120 * 24 * HOUR), -3)
    assert rule.do == (Send("both", ("line", "email")), Send("welcome", ("email",)))


def test_the_starter_campaigns_are_without_mistakes() -> None:
    here = Path(__file__).parents[3] / "rules"
    loaded = load(here)
    assert loaded.problems == ()
    assert loaded.ruleset is not None
    assert {rule.id for rule in loaded.ruleset.rules} == {file.stem for file in (here / "campaigns").glob("*.yaml")}
    assert loaded.ruleset.policy.shop.rates == {"USD": Decimal("34.10")}


def test_rules_are_indexed_by_trigger_in_deciding_order_without_drafts_and_paused_ones(tmp_path: Path) -> None:
    statuses = {"a": ("draft", 9), "b": ("live", 1), "c": ("shadow", 5), "d": ("paused", 9), "e": ("live", 1)}
    rules = {
        id_: changed("id: welcome", f"id: {id_}\npriority: {priority}").replace("live", status)
        for id_, (status, priority) in statuses.items()
    }
    ruleset = load(folder(tmp_path, **rules), WORDINGS).ruleset
    assert ruleset is not None
    assert [rule.id for rule in ruleset.by_trigger["purchase"]] == ["c", "b", "e"]
    assert [rule.id for rule in ruleset.rules] == ["a", "d", "c", "b", "e"]


MISTAKES: list[tuple[str, str | bytes, list[tuple[int, int, int, str]]]] = [
    ("a field that does not exist", changed("orders_ever", "order_ever"), [(5, 7, 19, "unknown-field")]),
    (
        "a field in a quoted condition",
        changed("customer.orders_ever == 1", "'customer.oders == 1'"),
        [(5, 8, 14, "unknown-field")],
    ),
    (
        "a field behind escapes",
        changed("customer.orders_ever == 1", r'"event.coupon == \"A\" and customer.oders == 1"'),
        [(5, 34, 14, "unknown-field")],
    ),
    (
        "a field in a folded condition",
        changed("customer.orders_ever == 1", ">-\n    customer.orders == 1\n    and customer.oders == 1"),
        [(7, 9, 14, "unknown-field")],
    ),
    (
        "a field in a literal block",
        changed("customer.orders_ever == 1", "|\n    customer.orders == 1\n    or customer.oders == 1"),
        [(7, 8, 14, "unknown-field")],
    ),
    (
        "a field on the second line of a plain condition",
        changed("customer.orders_ever == 1", "customer.orders == 1\n  and\n  customer.oders == 1"),
        [(7, 3, 14, "unknown-field")],
    ),
    (
        "two of a list of conditions",
        changed("customer.orders_ever == 1", '\n  - customer.oders == 1\n  - bougt("x")'),
        [(6, 5, 14, "unknown-field"), (7, 5, 10, "unknown-function")],
    ),
    ("a single =", changed("==", "="), [(5, 28, 1, "syntax")]),
    (
        "money against a count",
        changed("customer.orders_ever == 1", "event.total > customer.orders"),
        [(5, 7, 29, "type-mismatch")],
    ),
    ("no condition after when", changed("customer.orders_ever == 1", ""), [(5, 5, 1, "empty-value")]),
    ("a condition that is a mapping", changed("customer.orders_ever == 1", "{a: 1}"), [(5, 7, 6, "wrong-type")]),
    ("a misspelt key", changed("status", "statsu"), [(3, 1, 6, "unknown-key")]),
    ("a key of another trigger", RULE + "audience: all\n", [(8, 1, 8, "key-of-another-trigger")]),
    ("a key twice", RULE + "name: Hello\n", [(8, 1, 4, "duplicate-key")]),
    ("an unknown status", changed("live", "Live"), [(3, 9, 4, "unknown-status")]),
    ("an unknown event", changed("purchase", "purchaes"), [(4, 5, 8, "unknown-event")]),
    ("an event of the catalogue for nobody", changed("purchase", "product"), [(1, 1, 1, "missing-key")]),
    ("an id that is not the file's", changed("id: welcome", "id: welcome2"), [(1, 5, 8, "id-mismatch")]),
    ("an id with capitals", changed("id: welcome", "id: Welcome"), [(1, 5, 7, "bad-id")]),
    ("a name that reads as a number", changed("Welcome", "2026"), [(2, 7, 4, "wrong-type")]),
    ("a name that is empty", changed("name: Welcome", 'name: ""'), [(2, 7, 2, "empty-value")]),
    ("an unknown message", changed("send: welcome", "send: welcom"), [(7, 11, 6, "unknown-template")]),
    ("a message not written for the channel", RULE + "    channel: [email, line]\n", [(7, 11, 7, "missing-channel")]),
    ("an unknown channel", RULE + "    channel: [email, lime]\n", [(8, 22, 4, "unknown-channel")]),
    ("a channel twice", RULE + "    channel: [email, email]\n", [(8, 22, 5, "duplicate-value")]),
    ("no channel", RULE + "    channel: []\n", [(8, 14, 2, "empty-value")]),
    ("an unknown step", changed("send", "sned"), [(7, 5, 4, "unknown-key")]),
    ("a step that is a word", changed("send: welcome", "welcome"), [(7, 5, 7, "wrong-type")]),
    ("nothing to do", changed("\n  - send: welcome", " []"), [(6, 5, 2, "empty-value")]),
    ("an unknown class", RULE + "class: marketting\n", [(8, 8, 10, "unknown-class")]),
    ("an unknown re-entry", RULE + "reentry: once\n", [(8, 10, 4, "bad-reentry")]),
    ("a re-entry without unit", RULE + "reentry: after 30\n", [(8, 10, 8, "bad-reentry")]),
    ("a priority in words", RULE + "priority: high\n", [(8, 11, 4, "bad-value")]),
    ("a priority out of bounds", RULE + "priority: 1001\n", [(8, 11, 4, "bad-value")]),
    ("a tab", changed("  - send", "\t- send"), [(7, 1, 1, "tab")]),
    ("a colon in a name", changed("Welcome", "Hi: you"), [(2, 9, 1, "yaml")]),
    ("an open quote", changed("Welcome", "'Welcome"), [(2, 7, 1, "yaml")]),
    ("an anchor", changed("Welcome", "&a Welcome"), [(2, 7, 10, "anchor")]),
    ("an alias", changed("Welcome", "*a"), [(2, 7, 2, "alias")]),
    ("a condition that begins with !", changed("customer.orders_ever", "!customer.staff"), [(5, 7, 20, "tag")]),
    ("a tag", changed("Welcome", "!!binary Welcome"), [(2, 7, 16, "tag")]),
    ("a directive", "%YAML 1.1\n---\n" + RULE, [(1, 1, 1, "directive")]),
    ("two rules in a file", RULE + "---\n" + RULE, [(8, 1, 3, "yaml")]),
    ("a control character", changed("Welcome", "Wel\x07come"), [(2, 10, 1, "bad-character")]),
    ("no content", "", [(1, 1, 1, "empty-file")]),
    ("comments only", "# soon\n", [(1, 1, 1, "empty-file")]),
    ("a list", "- a\n", [(1, 1, 3, "wrong-type")]),
    ("a byte order mark", b"\xef\xbb\xbf" + RULE.encode(), [(1, 1, 1, "byte-order-mark")]),
    ("UTF-16", RULE.encode("utf-16"), [(1, 1, 1, "not-utf8")]),
    ("Latin-1", RULE.replace("Welcome", "Grüße").encode("latin-1"), [(2, 9, 1, "not-utf8")]),
    ("a book", "# " + "x" * 70_000, [(1, 1, 1, "too-large")]),
    ("a maze", "[" * 5_000, [(1, 17, 1, "too-deep")]),
    ("Windows line ends", RULE.replace("\n", "\r\n").replace("live", "life"), [(3, 9, 4, "unknown-status")]),
]


@pytest.mark.parametrize(("content", "expected"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, content: str | bytes, expected: list[tuple[int, int, int, str]]
) -> None:
    loaded = load(folder(tmp_path, welcome=content), WORDINGS)
    assert loaded.ruleset is None
    assert places(loaded) == expected


def test_a_problem_looks_like_this(tmp_path: Path) -> None:
    (problem,) = load(folder(tmp_path, welcome=changed("orders_ever", "oders")), WORDINGS).problems
    path = (tmp_path / "campaigns/welcome.yaml").as_posix()
    assert render(problem) == (
        f'{path}:5:7: unknown field "customer.oders"; did you mean "customer.orders"? [unknown-field]\n'
        "   |\n"
        " 5 | when: customer.oders == 1\n"
        "   |       ^~~~~~~~~~~~~~"
    )


def test_problems_of_all_files_come_sorted_at_once(tmp_path: Path) -> None:
    bad = changed("live", "life").replace("orders_ever", "oders")
    loaded = load(folder(tmp_path, POLICY + "lateness: soon\n", welcome=bad, again=bad), WORDINGS)
    shown = [(Path(one.path).name, one.line, one.code) for one in loaded.problems]
    assert shown == [
        ("again.yaml", 1, "id-mismatch"),
        ("again.yaml", 3, "unknown-status"),
        ("again.yaml", 5, "unknown-field"),
        ("welcome.yaml", 3, "unknown-status"),
        ("welcome.yaml", 5, "unknown-field"),
        ("policy.yaml", 3, "bad-duration"),
    ]


def test_no_stays_a_country_and_on_stays_a_key(tmp_path: Path) -> None:
    rule = changed("customer.orders_ever == 1", 'customer.country in ["NO", "TH"]').replace("Welcome", "NO")
    ruleset = load(folder(tmp_path, welcome=rule), WORDINGS).ruleset
    assert ruleset is not None
    assert ruleset.rules[0].name == "NO"


def test_without_templates_messages_are_not_looked_up(tmp_path: Path) -> None:
    assert load(folder(tmp_path, welcome=changed("send: welcome", "send: anything"))).ruleset is not None


POLICY_MISTAKES = [
    ("currency: BAHT\ntime_zone: UTC\n", [(1, 11, 4, "unknown-currency")]),
    ("currency: thb\ntime_zone: UTC\n", [(1, 11, 3, "unknown-currency")]),
    ("currency: THB\ntime_zone: Asia/Bankok\n", [(2, 12, 11, "unknown-time-zone")]),
    ("currency: THB\n", [(1, 1, 1, "missing-key")]),
    (POLICY + "lateness: 24\n", [(3, 11, 2, "bad-duration")]),
    (POLICY + "lateness: 24 hours\n", [(3, 11, 8, "bad-duration")]),
    (POLICY + "rates: 34\n", [(3, 8, 2, "wrong-type")]),
    (POLICY + "rates: {USD: 0}\n", [(3, 14, 1, "bad-rate")]),
    (POLICY + "rates: {USD: cheap}\n", [(3, 14, 5, "bad-rate")]),
    (POLICY + "rates: {THB: 1}\n", [(3, 9, 3, "bad-rate")]),
    (POLICY + "rates: {USD: 34, USD: 35}\n", [(3, 18, 3, "duplicate-key")]),
    (POLICY + "rates: {DOLLAR: 34}\n", [(3, 9, 6, "unknown-currency")]),
    (POLICY + "walk_in: 0\n", [(3, 10, 1, "bad-count")]),
    (POLICY + "walk_in: many\n", [(3, 10, 4, "bad-count")]),
    (POLICY + "laetness: 24h\n", [(3, 1, 8, "unknown-key")]),
]


@pytest.mark.parametrize(("policy", "expected"), POLICY_MISTAKES)
def test_a_mistake_in_the_policy_is_told_with_its_place(
    tmp_path: Path, policy: str, expected: list[tuple[int, int, int, str]]
) -> None:
    loaded = load(folder(tmp_path, policy, welcome=RULE), WORDINGS)
    assert loaded.ruleset is None
    assert places(loaded) == expected


def test_the_policy_is_read(tmp_path: Path) -> None:
    policy = "currency: JPY\ntime_zone: Asia/Tokyo\nlateness: 2d\nwalk_in: 40\nrates:\n  USD: 150.25\n  EUR: '160'\n"
    ruleset = load(folder(tmp_path, policy)).ruleset
    assert ruleset is not None
    shop = Shop("JPY", "Asia/Tokyo", {"USD": Decimal("150.25"), "EUR": Decimal("160")}, 40)
    assert ruleset.policy == Policy(shop, 48 * HOUR)


def test_files_that_are_missing_or_misplaced_are_told(tmp_path: Path) -> None:
    assert [one.code for one in load(tmp_path / "nowhere").problems] == ["missing-folder", "missing-file"]
    rules = folder(tmp_path / "rules", policy=None, welcome=RULE)
    (rules / "campaigns/more").mkdir()
    (rules / "campaigns/more/other.yaml").write_text(RULE)
    (rules / "campaigns/short.yml").write_text(RULE)
    (rules / "campaigns/folder.yaml").mkdir()
    (rules / "campaigns/.welcome.yaml").write_text("[")
    (rules / "campaigns/README.md").write_text("[")
    shown = [(Path(one.path).name, one.code) for one in load(rules, WORDINGS).problems]
    assert shown == [
        ("folder.yaml", "unreadable-file"),
        ("other.yaml", "file-name"),
        ("short.yml", "file-name"),
        ("policy.yaml", "missing-file"),
    ]


def test_the_hash_names_the_content_of_all_files(tmp_path: Path) -> None:
    def hash_of(name: str, policy: str = POLICY, **rules: str | bytes) -> str:
        ruleset = load(folder(tmp_path / name, policy, **rules)).ruleset
        assert ruleset is not None
        assert len(ruleset.hash) == 16
        return ruleset.hash

    first = hash_of("a", welcome=RULE)
    assert hash_of("b", welcome=RULE) == first
    others = {
        hash_of("c", welcome=RULE + "# a comment\n"),
        hash_of("d", POLICY + "lateness: 25h\n", welcome=RULE),
        hash_of("e", hello=changed("id: welcome", "id: hello")),
        hash_of("f"),
    }
    assert len(others | {first}) == 5


@given(st.data())
def test_no_damage_to_a_file_raises(data: st.DataObject) -> None:
    """Pieces cut out, doubled, and anything at all put in: an answer in problems or a rule, never an error."""
    content = RULE.encode()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 12)))
        junk = data.draw(st.one_of(st.binary(max_size=4), st.sampled_from(JUNK), st.text(max_size=3).map(encoded)))
        content = content[:start] + junk + content[end:]
    document = Document("welcome.yaml", content)
    rule = read_rule(document, "welcome", Around(wordings=WORDINGS))
    assert (rule is None) == bool(document.problems)
    for problem in document.problems:
        assert render(problem).startswith(f"welcome.yaml:{problem.line}:{problem.column}: ")
        assert problem.column - 1 + problem.length <= len(problem.source_line) + 1


JUNK = [
    b"\n",
    b"  ",
    b"- ",
    b": ",
    b"\t",
    b"'",
    b'"',
    b"&a ",
    b"*a",
    b"!x ",
    b"{",
    b"[",
    b">\n  ",
    b"|\n",
    b"? ",
    b"#",
    b"<<: ",
]


def encoded(text: str) -> bytes:
    return text.encode(errors="replace")
