"""Where each character of a YAML scalar's value stands in the file."""

from __future__ import annotations

_BREAKS = "\r\n\x85\u2028\u2029"
_SPACE = " \t" + _BREAKS
_WIDE = {"x": 4, "u": 6, "U": 10}


def offsets(text: str, start: int, style: str | None, value: str) -> list[int]:
    """One index into `text` for each character of `value`, the scalar that begins at `start` in `style`.

    Folding turns line breaks and indentation into single spaces, quotes hide escapes: values and text are
    walked side by side, and meet again at every character that is not space. What cannot be followed gives
    an empty list.
    """
    at = _content(text, start, style)
    places: list[int] = []
    for letter in value:
        at = _skip(text, at, style, letter)
        if at >= len(text):
            if letter not in _SPACE:
                return []
            at = len(text) - 1
        places.append(at)
        if style == '"' and text[at] == "\\":
            at += _WIDE.get(text[at + 1], 2)
        elif style == "'" and letter == "'":
            at += 2
        elif text[at] == letter:
            at += 1
        elif letter not in _SPACE:
            return []
    return places


def _content(text: str, start: int, style: str | None) -> int:
    """Where the value itself begins: behind the quote, or on the line after `>` or `|`."""
    if style in ("'", '"'):
        return start + 1
    return text.find("\n", start) + 1 if style in (">", "|") else start


def _skip(text: str, at: int, style: str | None, letter: str) -> int:
    """Past the breaks, indentation and line continuations that the value does not hold."""
    while at < len(text):
        if style == '"' and text[at] == "\\" and text[at + 1] in _BREAKS:
            at += 2
        elif text[at] in _SPACE and (letter not in _SPACE):
            at += 1
        else:
            break
    return at
