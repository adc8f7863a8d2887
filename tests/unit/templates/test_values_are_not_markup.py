"""A value is text: never HTML, Markdown, Jinja, a link or a header, and never changed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from templates.render import Renderer
from tests.unit.templates.kit import Reading, note, renderer

NASTY = [
    "[free](http://evil.example)",
    "![x](http://evil.example/x.png)",
    "<http://evil.example>",
    "http://evil.example",
    "**x**",
    "__x__ *y* ~~z~~",
    "`x` ``y``",
    "<b>x</b>",
    "</title><script>alert(1)</script>",
    '" onload="x',
    "' x='",
    "&lt; &amp; &#60; &nbsp;",
    "{{7*7}} {% if 1 %} {# x #}",
    "# x",
    "1. x",
    "- x",
    "> x",
    "|a|b|\n|-|-|\n|c|d|",
    "    indented",
    "a\nb\n\n# c",
    "a\r\nBcc: evil@example.com",
    "```\nx",
    "[x]: http://evil.example",
    "x\\",
    "-->",
    "]]>",
    "\x00\x01\x1f",
    "\U000f0000\U00100000\U00100003",
    "\u202eevil",
    "Tom & Anna",
]

SPOTS = """# Title {{ customer.first_name }}

Before {{ customer.first_name }} after, **bold {{ customer.first_name }}**, *{{ customer.first_name }}*, \
`{{ customer.first_name }}`, [words {{ customer.first_name }}](https://shop.example/x).

{{ customer.first_name }}

- {{ customer.first_name }}
- x

1. {{ customer.first_name }}

> {{ customer.first_name }}

![{{ customer.first_name }}](https://shop.example/x.png "{{ customer.first_name }}")

```
{{ customer.first_name }}
```

{{ customer.first_name }}{{ customer.first_name }}
&{{ customer.first_name }};{{ customer.first_name }}. x
"""
SHOWN = SPOTS.count("{{") - 2
"""How often SPOTS shows the value as text in HTML; the picture's words and title are attributes."""


@cache
def every_spot() -> Renderer:
    with TemporaryDirectory() as name:
        return renderer(Path(name), SPOTS, "Hello {{ customer.first_name }}!")


def bones(reading: Reading) -> list[tuple[str, list[tuple[str, str | None]]]]:
    """Every tag with its attributes, but for what the picture's words and title say."""
    return [(tag, [(key, None if key in ("alt", "title") else at) for key, at in attrs]) for tag, attrs in reading.tags]


def assert_is_only_text(value: str) -> None:
    calm, made = note(every_spot(), first_name="Anna"), note(every_spot(), first_name=value)
    reading, still = Reading(made.html), Reading(calm.html)
    assert bones(reading) == bones(still)
    assert [dict(attrs)["alt"] for tag, attrs in reading.tags if tag == "img"] == [value]
    assert [dict(attrs)["title"] for tag, attrs in reading.tags if tag == "img"] == [value]
    body = still.text.split("Title ", 1)[1]
    assert reading.text.split("Title ", 1)[1] == body.replace("Anna", value)
    assert made.text == calm.text.replace("Anna", value)


@pytest.mark.parametrize("value", NASTY)
def test_a_nasty_value_stays_exactly_its_text(value: str) -> None:
    assert_is_only_text(value)


@settings(deadline=None)
@given(st.text())
@example("\U0010fffd\U000ffffd")
def test_any_value_stays_exactly_its_text(value: str) -> None:
    assert_is_only_text(value)


@settings(deadline=None)
@given(st.text("[]()!<>*_`#&;\\\"'{}%|-+.:/ \n\tab1http@="))
def test_any_value_of_special_characters_stays_exactly_its_text(value: str) -> None:
    assert_is_only_text(value)


def test_the_trial_shows_the_value_in_every_spot() -> None:
    reading = Reading(note(every_spot(), first_name="Anna").html)
    assert reading.text.split("Title ", 1)[1].count("Anna") == SHOWN


@settings(deadline=None)
@given(st.text())
def test_a_subject_is_one_line_and_not_escaped(value: str) -> None:
    subject = note(every_spot(), first_name=value).subject
    assert subject.startswith("Hello ")
    assert len(subject.splitlines()) == 1
    assert not any(ord(c) < 32 or ord(c) == 127 for c in subject)


def test_a_subject_shows_an_ampersand_as_it_is() -> None:
    made = note(every_spot(), first_name="Tom & Anna")
    assert made.subject == "Hello Tom & Anna!"
    assert "Before Tom & Anna after" in made.text
    assert "Before Tom &amp; Anna after" in made.html


@pytest.mark.parametrize("separator", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00"])
def test_a_line_break_in_a_value_begins_no_header(separator: str) -> None:
    made = note(every_spot(), first_name=f"Anna{separator}Bcc: evil@example.com")
    assert made.subject == "Hello Anna Bcc: evil@example.com!"


def test_a_subject_of_endless_length_is_cut() -> None:
    assert note(every_spot(), first_name="x" * 10_000).subject == "Hello " + "x" * 243 + "…"


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    made = note(every_spot(), first_name="a\ud800b")
    assert "Before a\ufffdb after" in made.text
    made.html.encode()


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("customer.first_name | upper", "<B>*X*</B>"),
        ('"Dear " ~ customer.first_name ~ "**"', "Dear <b>*x*</b>**"),
        ('customer.first_name | default("x") | trim', "<b>*x*</b>"),
        ("[customer.first_name, customer.first_name] | join(' & ')", "<b>*x*</b> & <b>*x*</b>"),
        ('"<i>_words_</i>"', "<i>_words_</i>"),
        ('customer.first_name if true else "x"', "<b>*x*</b>"),
    ],
)
def test_filters_and_joins_keep_the_protection(tmp_path: Path, expression: str, shown: str) -> None:
    made = note(renderer(tmp_path, f"x{{{{ {expression} }}}}x"), first_name="<b>*x*</b>")
    reading = Reading(made.html)
    assert f"x{shown}x" in reading.text
    assert not {"b", "i", "em", "strong"} & {tag for tag, _ in reading.tags}
    assert made.text.startswith(f"x{shown}x\n")
