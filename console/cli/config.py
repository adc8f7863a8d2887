"""The settings, as every command needs them: a bad one is a sentence and an exit code."""

from __future__ import annotations

from pydantic import ValidationError

from console.cli.output import USAGE, fail
from console.settings import Settings


def settings() -> Settings:
    """The settings; a bad one is named with its variable."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"REGULARS_{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors()]
        fail("\n".join(lines), USAGE)
