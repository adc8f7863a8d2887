"""YAML 1.2 as marketers' files use it: mappings, lists, text and whole numbers, each with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.tokens import AliasToken, AnchorToken, TagToken

from templates.errors import TemplateProblem

Report = Callable[[int, int, str, str], None]
"""Takes line, column (from 1), message, code."""


def reporter(path: str, problems: list[TemplateProblem]) -> Report:
    """A function that adds to `problems` what is wrong in `path`."""

    def report(line: int, column: int, message: str, code: str) -> None:
        problems.append(TemplateProblem(path, line, column, message, code))

    return report


def read_mapping(text: str, first_line: int, report: Report) -> CommentedMap | None:
    """The mapping that `text` holds; its line 1 is the file's `first_line`. None after reporting why not."""
    try:
        if any(sign in text for sign in "&*!") and not _is_plain(text, first_line, report):
            return None
        data = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        hint = '; text with {{ }} needs quotes: subject: "Hello {{ … }}"' if "{{" in text else ""
        report(line + first_line, column + 1, f"this is not YAML: {error.problem}{hint}", "yaml")
        return None
    except (YAMLError, ValueError) as error:
        report(first_line, 1, f"this is not YAML: {type(error).__name__}", "yaml")
        return None
    if not isinstance(data, CommentedMap):
        report(first_line, 1, "this must be a list of `key: value` lines", "yaml")
        return None
    return data


def _is_plain(text: str, first_line: int, report: Report) -> bool:
    for token in YAML(typ="rt").scan(text):
        if isinstance(token, (AnchorToken, AliasToken, TagToken)):
            mark = token.start_mark
            said = "anchors (&), aliases (*) and tags (!) are not used here; text that begins so needs quotes"
            report(mark.line + first_line, mark.column + 1, said, "yaml")
            return False
    return True


def place(data: CommentedMap, key: str, first_line: int) -> tuple[int, int]:
    """Line and column of `key`'s value in the file."""
    line, column = data.lc.value(key)
    return line + first_line, column + 1


def plain(value: Any) -> Any:
    """ruamel's own types as Python's: str, int, list, dict; what is of another type stays."""
    if isinstance(value, CommentedMap):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, str) else value
