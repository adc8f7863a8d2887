"""The descriptions as JSON Schema (draft-07), which editors check and complete with."""

from __future__ import annotations

import json
from pathlib import Path

from rules.formats import FORMATS
from rules.formats.describe import Format, Schema

FOLDER = Path(__file__).parents[1]
"""Where the schemas are kept, beside the files: `../schema.json` as seen from a campaign."""


def file_of(kind: str) -> str:
    """The name of the file that holds the schema of this kind."""
    return "schema.json" if kind == "rule" else f"schema.{kind}.json"


def schema_of(format_: Format) -> Schema:
    """The whole schema. What only the other files know, such as which offers there are, it cannot say."""
    definitions = {"definitions": dict(format_.definitions)} if format_.definitions else {}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": f"urn:regulars:rules:{format_.kind}",
        "title": f"{format_.title} ({format_.file})",
        "description": format_.says,
        **format_.shape.schema,
        **definitions,
    }


def text_of(kind: str) -> str:
    """The schema of this kind as it stands in its file."""
    return json.dumps(schema_of(FORMATS[kind]), indent=2, ensure_ascii=False) + "\n"
