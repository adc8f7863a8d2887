"""`regulars templates`: is the wording fit to send, and how does it look?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from console.cli.config import settings
from console.cli.output import BAD, USAGE, fail, out, print_json
from templates.check import check as problems_of
from templates.check import samples_of
from templates.errors import BadTemplates, RenderError, TemplateProblem
from templates.load import load, scan
from templates.render import Rendered, Renderer

app = typer.Typer(no_args_is_help=True, help="The wording of messages: check it, look at it.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command()
def check(as_json: Json = False) -> None:
    """Parse every message in every locale and render it with sample data; exit 1 when something is wrong."""
    folder = settings().templates
    catalogue, problems = scan(folder)
    if catalogue is not None:
        problems = sorted({*problems, *problems_of(catalogue)})
    count = len(catalogue.wordings) if catalogue else 0
    if as_json:
        print_json({"folder": str(folder), "files": count, "problems": problems})
    else:
        _print(folder, count, problems)
    if problems:
        raise typer.Exit(BAD)


@app.command()
def preview(
    name: Annotated[str, typer.Argument(help="The message, such as welcome.")],
    locale: Annotated[str | None, typer.Option(help="th, en …; the shop's default when left out.")] = None,
    sample: Annotated[int, typer.Option(min=1, help="Which sample: 1 is a customer known by name.")] = 1,
    form: Annotated[Literal["text", "html"], typer.Option("--format", help="Which part to show.")] = "text",
    file: Annotated[Path | None, typer.Option("--out", help="Write there instead of the screen.")] = None,
    as_json: Json = False,
) -> None:
    """Render a message with sample data."""
    label, made = _rendered(name, locale, sample)
    content = made.html if form == "html" else made.text
    if file:
        _write(file, content)
    if as_json:
        print_json({"name": name, "sample": label, "message": made})
    elif file:
        out.print(f"{file}: {name}, {made.locale}, {form}", markup=False, soft_wrap=True)
    elif form == "html":
        typer.echo(content)
    else:
        typer.echo(f"Subject: {made.subject}\nPreheader: {made.preheader}\n\n{content}")


def _rendered(name: str, locale: str | None, number: int) -> tuple[str, Rendered]:
    try:
        renderer = Renderer(load(settings().templates))
        found = renderer.catalogue.find(name, "email", locale)
        if found is None:
            known = ", ".join(sorted(renderer.catalogue.names()))
            fail(f"There is no message {name!r}. There are: {known}.", USAGE)
        choices = samples_of(found, locale)
        if number > len(choices):
            fail(f"{name} has {len(choices)} samples: {'; '.join(one.label for one in choices)}.", USAGE)
        chosen = choices[number - 1]
        return chosen.label, renderer.render(name, "email", locale, chosen.context)
    except (BadTemplates, RenderError) as error:
        fail(str(error))


def _write(file: Path, content: str) -> None:
    try:
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}")


def _print(folder: Path, count: int, problems: list[TemplateProblem]) -> None:
    for problem in problems:
        out.print(str(problem), markup=False, soft_wrap=True)
    if not problems:
        out.print(f"{folder}: {count} files, all good.", markup=False, soft_wrap=True)
