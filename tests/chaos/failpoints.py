"""Named points of the product where a worker dies when it is told to: SIGKILL there, not just at any moment.

A worker that was started through `python -m tests.chaos.mutant failpoints run …` looks for the harness's order each
time it passes a point; of several workers one obeys. Whoever adds a point adds a line to `POINTS`. Loads nothing of
the product before `plant`.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import itertools
import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = "FAILPOINTS"
"""The variable that names the folder of the orders."""


def _always(*_arguments: Any) -> bool:
    return True


@dataclass(frozen=True)
class Point:
    """Before, or `after`, a call of any of `targets`, `module:function` or `module:Class.method`, plain or async.

    `role` is the process that passes it (`import`, `publish`: the commands); `when` looks at the arguments of the call,
    `made` at what came of it, of a point after; `passes` is how often at most it may be passed first, so that it is not
    always the first batch that is hit. `needs`: nobody passes it before `rules` are published, or there is a `launch`.
    """

    role: str
    targets: str
    after: bool = False
    when: Callable[..., bool] = _always
    passes: int = 8
    made: Callable[[Any], bool] = _always
    needs: str = ""


POINTS: dict[str, Point] = {
    # Records read, nothing written.
    "before-transaction": Point("reader", "streams.apply:Applier.apply"),
    # Behind the fence, after the first writes.
    "inside-transaction": Point("reader", "storage.batch:Batch.save_orders", after=True),
    # Committed; the offset is not.
    "after-transaction": Point("reader", "streams.reader:Reader._commit"),
    # Committed; a record that belongs to another partition is not there yet.
    "misrouted": Point("reader", "streams.reader:Reader._produce", passes=1),
    # Bad records are buried in the store, good ones of the same batch not yet produced.
    "before-forward": Point(
        "sources", "streams.sources.forward:bury", True, lambda _, letters, *rest: bool(letters), 1
    ),
    # Acknowledged by the broker, not yet by the agent to Faust.
    "sources": Point("sources", "streams.sources.forward:Forwarder._produce", True, lambda _, wrapped: bool(wrapped)),
    # Read from the store, not yet produced.
    "before-relay": Point("relay", "streams.relay:_headers", passes=1),
    # Acknowledged by the broker, still in the store as not relayed.
    "relay": Point("relay", "streams.relay:Relay._sent streams.relay:Relay._relayed", passes=1),
    # Taken from the queue; nothing is said of sending.
    "claimed": Point("delivery", "storage.messages:Messages.begin_sending"),
    # `sending` is committed; nothing has left.
    "sending": Point("delivery", "delivery.dispatcher:Dispatcher._send"),
    # The mail has left, which only this process knows.
    "sent": Point("delivery", "delivery.dispatcher:Dispatcher._send", after=True),
    # A page of customers is due, and nobody has been poked.
    "poke": Point("clock", "streams.clock:poke"),
    # A page of pokes is acknowledged; the clock has not taken note.
    "poked": Point("clock", "streams.clock:Clock._poke", True, passes=2, made=lambda poked: poked > 0),
    # When customers come due by the new rules is written down, not how far the round is.
    "planned": Point("clock", "streams.planner:remember_round", passes=0, needs="rules"),
    # The new rules are at hand; the batch that found them live is not done again yet.
    "follow": Point("reader", "streams.apply:Applier._follow", True, passes=0, needs="rules"),
    # Rules are published, and it is not committed.
    "publishing": Point("publish", "storage.rulesets:note_down", True, passes=0),
    # It is committed; nobody was told.
    "published": Point("publish", "storage.rulesets:publish", True, passes=0),
    # Who is to be told of a launch is written down, and nobody has been told.
    "launch-chosen": Point(
        "clock",
        "streams.fan_out:FanOuts._tell",
        when=lambda _, producer, one, *rest: bool(one.chosen),
        passes=2,
        needs="launch",
    ),
    # Some of them have been told.
    "launch-half": Point("clock", "streams.fan_out:of", passes=40, needs="launch"),
    # All of them have, which is not written down.
    "launch-told": Point("clock", "storage.fan_outs:sent", passes=2, needs="launch"),
    # It is.
    "launch-noted": Point("clock", "storage.fan_outs:sent", True, passes=2, needs="launch"),
    # Between two transactions of an import.
    "import": Point("import", "streams.apply:Applier.apply", True, lambda applier, *_: applier.intake.history, 2),
}


class Orders:
    """The harness's side: orders to die, and who obeyed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count()
        folder.mkdir(exist_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        """What a worker has to be told."""
        return {FOLDER: str(self.folder)}

    def give(self, point: str, passes: int = 0, how: signal.Signals = signal.SIGKILL) -> None:
        """Whoever passes this point next dies there, or gets that signal; after some `passes` more, if he lives on."""
        order = self.folder / point
        written = order.with_suffix(".written")
        written.write_text(f"{next(self._numbers)} {passes} {int(how)}", "utf-8")
        written.rename(order)

    def withdraw(self, point: str) -> None:
        """Nobody need obey any more."""
        (self.folder / point).unlink(missing_ok=True)

    def forget(self, pid: int | None) -> None:
        """Who obeyed, and lives on, has not."""
        for obeyed in self.folder.glob(f"*.{pid}"):
            obeyed.unlink()

    def obeyed(self, pid: int | None) -> str | None:
        """The point at which this process died."""
        return next((died.stem for died in self.folder.glob(f"*.{pid}")), None)


def plant(points: Mapping[str, Point] = POINTS) -> None:
    """Wrap what the points name. AttributeError when the product has it no more."""
    folder, passed = Path(os.environ[FOLDER]), Counter[str]()
    for name, point in points.items():
        for target in point.targets.split():
            place, attribute = find(target)
            setattr(place, attribute, _wrapped(getattr(place, attribute), point, _Obedience(folder / name, passed)))


def find(target: str) -> tuple[Any, str]:
    """The module or class that holds a target, and the name under which it does."""
    module, _, path = target.partition(":")
    *classes, attribute = path.split(".")
    place: Any = importlib.import_module(module)
    for name in classes:
        place = getattr(place, name)
    if not callable(getattr(place, attribute)):
        raise TypeError(f"{target} cannot be called")
    return place, attribute


class _Obedience:
    def __init__(self, order: Path, passed: Counter[str]) -> None:
        self._order = order
        self._passed = passed
        """Order → how often its point was passed meanwhile."""

    def __call__(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            number, passes, how = self._order.read_text("utf-8").split()
            self._passed[number] += 1
            if self._passed[number] > int(passes):
                self._order.rename(self._order.with_suffix(f".{os.getpid()}"))  # only one of several can
                os.kill(os.getpid(), int(how))


def _wrapped(work: Callable[..., Any], point: Point, obey: Callable[[], None]) -> Callable[..., Any]:
    def before(arguments: Sequence[Any]) -> None:
        if not point.after and point.when(*arguments):
            obey()

    def behind(arguments: Sequence[Any], result: Any) -> Any:
        if point.after and point.when(*arguments) and point.made(result):
            obey()
        return result

    if inspect.iscoroutinefunction(work):

        async def slowly(*arguments: Any, **named: Any) -> Any:
            before(arguments)
            return behind(arguments, await work(*arguments, **named))

        return slowly

    def at_once(*arguments: Any, **named: Any) -> Any:
        before(arguments)
        return behind(arguments, work(*arguments, **named))

    return at_once
