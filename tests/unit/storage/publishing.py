"""Small states of a shop's files, and short ways to publish them."""

from __future__ import annotations

from rules.published import whole
from rules.ruleset import RuleSet
from storage.library import Library
from storage.rulesets import Act, publish
from storage.store import Store

ACT = Act("mali@shop", 1_772_359_200_000_000, "try")
POLICY = b"currency: THB\ntime_zone: Asia/Bangkok\n"


def rule(id: str, *steps: str, on: str = "purchase", more: str = "") -> bytes:
    """A live, transactional rule that may be entered every time; it sends `hello` when no steps are given."""
    do = "\n".join(f"  - {step}" for step in steps or ("send: hello",))
    head = f"id: {id}\nname: {id.title()}\nstatus: live\non: {on}\nreentry: always\n"
    return f"{head}{'' if 'class:' in more else 'class: transactional' + chr(10)}{more}do:\n{do}\n".encode()


def files(*rules: bytes, policy: bytes = POLICY, templates: dict[str, bytes] | None = None) -> dict[str, bytes]:
    """A shop with these rules."""
    campaigns = {f"campaigns/{id_of(one)}.yaml": one for one in rules}
    return whole({"policy.yaml": policy} | campaigns, templates or {})


def id_of(rule: bytes) -> str:
    return rule.decode().split("\n")[0].removeprefix("id: ")


def live(store: Store, *rules: bytes) -> RuleSet:
    """Publish a shop with these rules; the set as workers read it."""
    publish(store, files(*rules), ACT)
    found = Library(store).live()
    assert found is not None
    return found
