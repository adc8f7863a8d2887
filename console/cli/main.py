"""The command line: one sub-application a door."""

from __future__ import annotations

import logging

import typer

from console.cli import customers, events, files, operator, retention, rules, templates
from console.cli.run import demo, run

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Regulars: turns first-time buyers into regulars.",
)
app.command()(demo)
app.command()(run)
app.command()(files.send)
app.command("import")(files.import_)
app.add_typer(rules.app, name="rules")
app.add_typer(templates.app, name="templates")
app.add_typer(events.app, name="events")
app.add_typer(retention.app, name="retention")
app.add_typer(customers.app, name="customers")
app.command()(operator.topics)
app.add_typer(operator.dead_letters, name="dead-letters")
app.command()(operator.resume)
app.command()(operator.doctor)


def main() -> None:
    """Entry point of the console script `regulars`."""
    # What its clients have to say of a broker that is away, the commands say themselves; `run` lets them speak.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    app()
