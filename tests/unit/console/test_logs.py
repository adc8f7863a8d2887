"""The log of the processes: ours whole, the libraries' seldom."""

from __future__ import annotations

import logging

from console.logs import EVERY, Seldom


def record(name: str, message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "", 0, message, arguments, None)


def test_a_library_says_the_same_once_in_a_while_whatever_it_is_about() -> None:
    now = [0.0]
    seldom = Seldom(lambda: now[0])
    assert seldom.filter(record("aiokafka.conn", "Unable connect to node with id %s", 1))
    assert not seldom.filter(record("aiokafka.conn", "Unable connect to node with id %s", 2))
    assert seldom.filter(record("aiokafka.conn", "another thing"))
    assert seldom.filter(record("aiokafka.client", "Unable connect to node with id %s", 1))
    now[0] = EVERY
    assert seldom.filter(record("aiokafka.conn", "Unable connect to node with id %s", 1))


def test_our_own_words_are_never_left_out() -> None:
    seldom = Seldom(lambda: 0.0)
    assert all(seldom.filter(record("streams.reader", "the store cannot take a batch yet")) for _ in range(3))


def test_the_end_of_a_commit_that_was_given_up_is_not_told_and_other_tasks_are() -> None:
    message = "Task exception was never retrieved\nfuture: <Task finished coro=<%s() done>>"
    assert not Seldom().filter(record("asyncio", message, "GroupCoordinator._do_commit_offsets"))
    assert Seldom().filter(record("asyncio", message, "Dispatcher.run"))
