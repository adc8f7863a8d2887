"""Rules that change under a worker that runs, as its users change them."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.kit import Shop, event, wait_until

RULE = "rules/campaigns/welcome.yaml"


def _change(shop: Shop, old: str, new: str) -> None:
    path = shop.folder / RULE
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def _buys(shop: Shop, who: str) -> None:
    """A first order of somebody who wants mail."""
    shop.write(
        f"{who}.jsonl",
        event(f"p-{who}", "profile", who, {"email": f"{who}@example.com"}),
        event(f"c-{who}", "consent", who, {"channel": "email", "state": "granted"}),
        event(f"o-{who}", "purchase", who, {"order_id": who, "total": 100}),
    )
    shop.good("send", f"{who}.jsonl")


def _last(shop: Shop, who: str) -> str:
    """What the rule `welcome` last decided about a customer, in words."""
    done = shop.run("customers", "show", who, "--json")
    decisions = done.json["decisions"] if done.code == 0 else []
    return next((f"{one['outcome']} {one['reason']}" for one in decisions if one["rule"] == "welcome"), "")


def _orders(shop: Shop, who: str) -> int:
    """How many orders of a customer the store knows of."""
    done = shop.run("customers", "show", who, "--json")
    return int(done.json["orders_ever"]) if done.code == 0 else 0


def test_saved_files_go_live_mistakes_do_not_and_a_worker_starts_beside_them(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with shop.running() as worker:
        first = shop.good("rules", "list", "--json").json["ruleset"]
        _change(shop, "status: live", "status: shadow")
        wait_until(lambda: "the files are live" in worker.log, lambda: worker.log)
        second = shop.good("rules", "list", "--json").json["ruleset"]
        assert second != first
        _buys(shop, "anna")
        wait_until(lambda: _last(shop, "anna").startswith("shadow"), lambda: worker.log)
        _change(shop, "on: purchase", "on: purchases")
        wait_until(lambda: "[unknown-event]" in worker.log, lambda: worker.log)
    with shop.running() as worker:
        assert "[unknown-event]" in worker.log
        assert "the rules that were live before go on deciding" in worker.log
        _buys(shop, "ben")
        wait_until(lambda: _last(shop, "ben").startswith("shadow"), lambda: worker.log)
    assert shop.good("rules", "list", "--json").json["ruleset"] == second


def test_a_paused_rule_stands_still_until_it_is_resumed(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with shop.running() as worker:
        shop.good("pause", "welcome", "--note", "wrong price")
        assert "warning" in shop.good("doctor").out
        _buys(shop, "anna")
        wait_until(lambda: _orders(shop, "anna") == 1, lambda: worker.log)
        shop.good("resume", "welcome")
        _buys(shop, "ben")
        wait_until(lambda: _last(shop, "ben") != "", lambda: worker.log)
        assert _last(shop, "anna") == ""
