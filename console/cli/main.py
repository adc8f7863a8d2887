"""The command line: one sub-application a door."""

from __future__ import annotations

import logging
from typing import ClassVar

import typer

from console.cli.lazy import Later, LazyGroup


class Commands(LazyGroup):
    """All there are. What a command says of itself is said here too, so that `--help` need not import it."""

    later: ClassVar = {
        "demo": Later(
            "console.cli.run:demo",
            "Try it out: an embedded broker, all processes and a simulated shop. Touches nothing but .regulars/demo.",
        ),
        "run": Later(
            "console.cli.run:run",
            "Run Regulars until Ctrl+C or SIGTERM. Exit code 1 when a part cannot go on: let a supervisor restart it.",
        ),
        "send": Later(
            "console.cli.files:send",
            "Send a file of events to topic `events`, and its articles to `products`, acknowledged by the broker.",
        ),
        "import": Later(
            "console.cli.files:import_",
            "Bring history into the store: counters, orders, profiles, articles. Fires no rules; workers wait.",
        ),
        "rules": Later("console.cli.rules:app", "Check, test, publish and list the rules, and help editors with them."),
        "templates": Later("console.cli.templates:app", "The wording of messages: check it, look at it."),
        "events": Later("console.cli.events:app", "The contract with storefronts."),
        "retention": Later("console.cli.retention:app", "The retention measures of the shop."),
        "customers": Later("console.cli.customers:app", "Customers: look one up."),
        "topics": Later(
            "console.cli.operator:topics",
            "Every partition: how much it holds, how far the workers are, and by how much they lag.",
        ),
        "dead-letters": Later("console.cli.operator:dead_letters", "Events that could not be applied."),
        "pause": Later(
            "console.cli.pausing:pause",
            "Let a rule stand still, or all of marketing: within a second nothing is decided or sent any more.",
        ),
        "resume": Later(
            "console.cli.pausing:resume",
            "Let a paused rule, or all of marketing, go on; with --intake what was halted, once its cause is mended.",
        ),
        "doctor": Later(
            "console.cli.operator:doctor",
            "Look at everything Regulars needs; exit 3 when a service is away, 1 when something else is wrong.",
        ),
    }


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Regulars: turns first-time buyers into regulars.",
)


@app.callback()
def _regulars() -> None:
    """Makes it a group; its commands are those of `Commands`."""


def everything() -> LazyGroup:
    """The whole command line, every command imported: for who wants to know all of it."""
    group = typer.main.get_group(app)
    assert isinstance(group, LazyGroup)
    group.load(*group.later)
    return group


def main() -> None:
    """Entry point of the console script `regulars`."""
    # What its clients have to say of a broker that is away, the commands say themselves; `run` lets them speak.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    app()
