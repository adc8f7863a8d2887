"""Rows laid aside come back sorted."""

from __future__ import annotations

from storage.pile import Pile


def test_what_was_put_comes_back_by_key_as_often_as_it_was_put() -> None:
    pile = Pile()
    pile.put([("b", b"2"), ("a", b"1")])
    pile.put(iter([("a", b"\x00\xff"), ("\x1fr", b""), ("ชา", b"3")]))
    found = list(pile.sorted())
    assert [key for key, _ in found] == ["\x1fr", "a", "a", "b", "ชา"]
    assert sorted(found[1:3]) == [("a", b"\x00\xff"), ("a", b"1")]
    pile.close()


def test_more_than_its_cache_holds_comes_back_whole() -> None:
    pile = Pile()
    number = 20_000
    pile.put((f"{(each * 7919) % number:05d}", b"x" * 1_000) for each in range(number))
    assert [key for key, _ in pile.sorted()] == [f"{each:05d}" for each in range(number)]
    pile.close()
