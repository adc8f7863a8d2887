"""A backtest from its settings to all there is to tell of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from rich.progress import Progress

from console import compose
from console.backtest.events import Taken, of_file, of_store
from console.backtest.samples import Sample, Shown, show
from console.backtest.told import Told
from console.cli.checking import unswept
from console.cli.output import err
from console.publishing import BadFiles
from console.settings import Settings
from retention.events import Event
from retention.shop import Shop
from rules.backtest.examples import Example
from rules.backtest.limits import Limit, judge
from rules.backtest.play import Backtest, Played
from rules.ruleset import RuleSet
from storage.history import reach
from templates.errors import BadTemplates
from templates.load import load as load_templates
from templates.render import Renderer

_EVERY = 1_000
"""Events between two looks at the progress bar."""


class NothingToPlay(Exception):
    """The history is empty."""


class Plan(Struct, frozen=True):
    """What to play. `since`: only the last so many microseconds are heard by rules; None: all of it."""

    settings: Settings
    today: RuleSet
    candidate: RuleSet | None
    folder: Path | None
    templates: Path | None
    events: Path | None
    since: int | None
    limits: tuple[Limit, ...]


def run(plan: Plan) -> Told:
    """Play it. Raises NothingToPlay, BadFiles, StoreError, OSError."""
    renderers = [_renderer(plan.settings)]
    if plan.candidate is not None:
        own = plan.settings.model_copy(update={"templates": plan.templates}) if plan.templates else None
        renderers.append(renderers[0] if own is None else _renderer(own))
    played, taken = play(plan)
    samples = tuple(_sample(one, played, renderers) for one in played.examples)
    verdicts = tuple(judge(one, played) for one in plan.limits)
    candidate = str(plan.folder) if plan.folder else ""
    return Told(played, taken, samples, verdicts, str(plan.settings.rules), candidate)


def _renderer(settings: Settings) -> Renderer:
    """The wording, compiled. Raises BadFiles."""
    try:
        return Renderer(load_templates(settings.templates))
    except BadTemplates as error:
        raise BadFiles(str(error)) from None


def play(plan: Plan) -> tuple[Played, Taken]:
    """Only the figures. Raises as `run` does."""
    taken = Taken()
    with unswept():
        return _play(plan, taken), taken


def _play(plan: Plan, taken: Taken) -> Played:
    backtest = Backtest(plan.today, plan.candidate)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        if plan.events is not None:
            reading = bar.add_task("reading", total=plan.events.stat().st_size)
            now = compose.clock()
            with of_file(
                plan.events, _shop(plan), now, taken, lambda done: bar.update(reading, completed=done)
            ) as events:
                bar.remove_task(reading)
                _feed(plan, backtest, events, taken, bar, taken.newest)
        else:
            store = compose.open_store(plan.settings)
            try:
                with store.read() as connection:
                    found = reach(connection)
                    _feed(plan, backtest, of_store(connection, found, _shop(plan), taken), taken, bar, found.newest)
            finally:
                store.close()
    return backtest.end(taken.newest)


def _feed(plan: Plan, backtest: Backtest, events: Iterable[Event], taken: Taken, bar: Progress, newest: int) -> None:
    if not newest:
        raise NothingToPlay(_nothing(plan))
    task = bar.add_task("playing", total=taken.events or None)
    begin = None if plan.since is None else newest - plan.since
    for number, event in enumerate(events):
        if begin is not None and event.time <= begin:
            backtest.look_back(event)
        else:
            if begin is not None:
                backtest.begin(begin)
                begin = None
            backtest.take(event)
        if number % _EVERY == 0:
            bar.update(task, completed=number)
    if begin is not None:
        backtest.begin(begin)


def _nothing(plan: Plan) -> str:
    if plan.events is not None:
        return f"{plan.events}: there is no event in it that can be played; every line is one CloudEvent"
    return "the log holds no events yet; name a file of events (--events), or a store that has some (REGULARS_STORE)"


def _shop(plan: Plan) -> Shop:
    """Events of the shop's own that either side knows."""
    shop = plan.today.policy.shop
    return replace(shop, events={**plan.candidate.policy.shop.events, **shop.events}) if plan.candidate else shop


def _sample(example: Example, played: Played, renderers: list[Renderer]) -> Sample:
    outcomes = [one for one in (played.today, played.candidate) if one is not None]
    shown: list[Shown | None] = []
    for side, outcome, renderer in zip(example.sides, outcomes, renderers, strict=True):
        shown.append(None if side.left is None else show(side.left, outcome, renderer))
    return Sample(example, tuple(shown))
