"""A message for one customer: locale, structure, and what is refused, with its place in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from templates.errors import BadTemplates, RenderError
from templates.load import load
from templates.render import Renderer
from templates.samples import context
from templates.values import Amount
from tests.unit.templates.kit import STARTER, Reading, folder, note, renderer, write

STARTERS = Renderer(load(STARTER))


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("th-TH", "th"),
        ("th_TH", "th"),
        ("TH", "th"),
        ("th", "th"),
        ("en-GB", "en"),
        ("de-DE", "en"),
        (None, "en"),
        ("", "en"),
    ],
)
def test_a_locale_falls_back_to_its_language_then_to_the_default(asked: str | None, given: str) -> None:
    made = STARTERS.render("birthday", "email", asked, context("birthday", "en", {}))
    assert made.locale == given
    assert f'<html lang="{given}">' in made.html
    assert ("สุขสันต์วันเกิด" in made.subject) == (given == "th")


def test_money_and_dates_follow_the_customers_own_region_when_the_language_is_the_same(tmp_path: Path) -> None:
    made = renderer(tmp_path, "{{ event.time | date }}")
    full = context("purchase", "en", {})
    assert made.render("note", "email", "en-GB", full).text.startswith("1 March 2026\n")
    assert made.render("note", "email", "en", full).text.startswith("March 1, 2026\n")
    assert made.render("note", "email", "de", full).text.startswith("March 1, 2026\n")


@pytest.mark.parametrize(
    ("zone", "day"), [("Asia/Bangkok", "March 1"), ("Etc/GMT+12", "February 28"), ("Mars/Base", "March 1")]
)
def test_dates_are_in_the_customers_zone_and_in_the_shops_when_theirs_is_unknown(
    tmp_path: Path, zone: str, day: str
) -> None:
    full = {**context("purchase", "en", {}), "time_zone": zone}
    assert renderer(tmp_path, "{{ event.time | date }}").render("note", "email", "en", full).text.startswith(day)


def test_plain_text_comes_from_the_structure(tmp_path: Path) -> None:
    body = """# Title

Some *soft* and **strong**
words, `code`.\\
New line & more.

- one
- two **x**
  1. deep
  2. deeper

3. three

   more
4. four

> said
>
> again

---

```
  kept   as is
```

![a cup](https://shop.example/cup.png) and [a link](https://shop.example/x?a=1&b=2)
"""
    text = note(renderer(tmp_path, body)).text.split("\n-- \n")[0]
    assert (
        text
        == """Title

Some soft and strong words, code.
New line & more.

- one
- two x
  1. deep
  2. deeper

3. three

   more

4. four

> said
>
> again

* * *

  kept   as is

a cup and a link (https://shop.example/x?a=1&b=2)
"""
    )


def test_an_image_without_words_leaves_no_gap_in_the_text(tmp_path: Path) -> None:
    made = note(renderer(tmp_path, "Look:\n\n![](https://shop.example/cup.png)\n\nNice?"))
    assert made.text.startswith("Look:\n\nNice?\n")
    assert 'src="https://shop.example/cup.png"' in made.html


def test_a_tag_alone_on_its_line_leaves_no_trace_and_a_tag_at_the_end_of_words_keeps_the_paragraph(
    tmp_path: Path,
) -> None:
    body = "{% for n in [1, 2] %}\n- {{ n }}\n{% endfor %}\n\nHello{% if true %} there{% endif %}\n\nNext"
    assert note(renderer(tmp_path, body)).text.startswith("- 1\n- 2\n\nHello there\n\nNext\n")


def test_the_repeat_mark_of_thai_never_begins_a_line(tmp_path: Path) -> None:
    made = note(renderer(tmp_path, "ชาดี ๆ สักถ้วย"))
    assert "ชาดี&nbsp;ๆ สักถ้วย" in made.html
    assert "ชาดี\N{NO-BREAK SPACE}ๆ สักถ้วย" in made.text


def test_the_page_is_made_for_mail_programs(tmp_path: Path) -> None:
    made = note(renderer(tmp_path, "# Hi\n\nWords"), locale="th")
    assert "<link" not in made.html
    assert '<p style="' in made.html
    assert "max-width: 600px" in made.html
    assert "@media (prefers-color-scheme: dark)" in made.html
    assert made.html.index('<meta charset="utf-8">') < made.html.index("<style>")
    reading = Reading(made.html)
    assert "12 ซอยตะวัน" in reading.text
    assert ("div", (("class", "hidden"),)) in [(tag, attrs[:1]) for tag, attrs in reading.tags]
    assert made.preheader == "Preheader"


def test_html_in_the_wording_is_shown_as_it_stands(tmp_path: Path) -> None:
    assert "<b>x</b>" in Reading(note(renderer(tmp_path, "a <b>x</b>\n\n<div>y</div>")).html).text


@pytest.mark.parametrize(
    ("line", "code", "column", "said"),
    [
        ("Hi {{ customer.frist_name }}", "missing-value", 16, "frist_name"),
        ("Hi {{ custmer.first_name }}", "missing-value", 7, "custmer"),
        ("Hi {{ customer.last_name }}", "empty-value", 4, "can be empty"),
        ("Hi {{ event.total }}", "bare-amount", 4, "money"),
        ("Hi {{ event.time }}", "bare-date", 4, "date"),
        ("Hi {{ event.items }}", "bad-value", 4, "text or a number"),
        ("Hi {{ true }}", "bad-value", 4, "text or a number"),
        ("Hi {{ customer.first_name | money }}", "bad-value", 4, "an amount"),
        ("Hi {{ event.items.keys }}", "missing-value", 19, "keys"),
        ("Hi {{ customer.first_name + 'x' }}", "bad-arithmetic", 4, "numbers only"),
        ("Hi {% if customer.last_name > 3 %}x{% endif %}", "bad-value", 4, "cannot be done"),
        ("Hi {{ 1 // 0 }}", "bad-value", 4, "cannot be done"),
        ("Hi {{ 'a' ~ customer.last_name }}", "empty-value", 4, "can be empty"),
        ("Hi {{ event.time | date('tiny') }}", "bad-style", 4, "short, medium"),
    ],
)
def test_a_mistake_names_file_line_and_column(tmp_path: Path, line: str, code: str, column: int, said: str) -> None:
    made = renderer(tmp_path, f"First\n\n{line}\n\nLast")
    full = context("purchase", "en", {"total": Amount(100, "THB"), "items": []})
    full["customer"]["last_name"] = None
    with pytest.raises(RenderError) as caught:
        made.render("note", "email", "en", full)
    problem = caught.value.problem
    assert (problem.line, problem.code, problem.column) == (8, code, column)
    assert said in problem.message
    assert problem.path.endswith("note/email.en.md")


def test_a_mistake_in_the_subject_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"email\.en\.md:2:\d+: nothing is known by the name 'nick'"):
        note(renderer(tmp_path, "Words", "Hi {{ customer.nick }}"))


def test_a_mistake_in_a_folded_subject_names_the_line_it_is_on(tmp_path: Path) -> None:
    root = folder(tmp_path, "Words")
    text = "---\nsubject: >-\n  Hello\n  {{ customer.nick }}\npreheader: x\nevent: purchase\n---\nWords"
    write(root, "note/email.en.md", text)
    with pytest.raises(RenderError, match=r"email\.en\.md:4:15: nothing is known by the name 'nick'"):
        note(Renderer(load(root)))


def test_a_slot_that_nothing_filled_is_refused_not_shown(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="private use"):
        note(renderer(tmp_path, "&#x10{% if true %}ff00;{% endif %}"))


def test_an_unknown_message_is_an_error_that_names_it() -> None:
    with pytest.raises(RenderError, match="messages/nothing/email") as caught:
        STARTERS.render("nothing", "email", "th", {})
    assert caught.value.code == "no-message"


@pytest.mark.parametrize(
    "attempt",
    [
        "{{ customer.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ customer['__class__'] }}",
        "{{ customer.items }}",
        "{{ customer.first_name.format }}",
        "{{ event.total.__class__ }}",
        "{{ loop }}",
        "{% for x in [1] %}{{ loop.__init__ }}{% endfor %}",
        "{% for x in [1] %}{{ loop._undefined }}{% endfor %}",
        "{{ shop.name.__init__.__globals__ }}",
    ],
)
def test_an_attribute_that_is_no_key_is_unknown(tmp_path: Path, attempt: str) -> None:
    full = context("purchase", "en", {"total": Amount(100, "THB")})
    with pytest.raises(RenderError) as caught:
        renderer(tmp_path, attempt).render("note", "email", "en", full)
    assert caught.value.code == "missing-value"


@pytest.mark.parametrize(
    "attempt",
    [
        "{{ range(9) }}",
        "{{ customer.first_name.upper() }}",
        "{{ ''.__class__() }}",
        "{{ customer.first_name | safe }}",
        "{{ customer.first_name | escape }}",
        "{{ customer | attr('__class__') }}",
        "{{ [customer] | map(attribute='first_name') }}",
        "{{ customer | tojson }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% macro x() %}{% endmacro %}",
        "{% block x %}{% endblock %}",
        "{% set x %}**{{ customer.first_name }}**{% endset %}",
        "{% filter upper %}x{% endfilter %}",
        "{% autoescape true %}x{% endautoescape %}",
        "{% with x = 1 %}{% endwith %}",
        "{{ _sink }}",
        "{{ _format.zone }}",
        "{{ 2 ** 99 }}",
        "{{ customer[customer.first_name] }}",
        "{% for a in 'x' %}{% for b in 'x' %}{% for c in 'x' %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for x in [1] recursive %}{% endfor %}",
        "{{ lipsum }}{{ lipsum() }}",
        "{% if %}",
        "{{ x",
    ],
)
def test_what_is_no_part_of_the_language_does_not_compile(tmp_path: Path, attempt: str) -> None:
    with pytest.raises(BadTemplates) as caught:
        renderer(tmp_path, f"a\n\n{attempt}")
    assert {(problem.line, problem.code) for problem in caught.value.problems} == {(8, "syntax")}
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    "body",
    [
        "{{ customer.first_name }}",
        "{% for x in event.items %}{{ customer.last_name }}{% endfor %}",
        "{% for x in event.items %}{% for y in event.items %}words{% endfor %}{% endfor %}",
        "{% for x in event.items %}{% for y in event.items %}{{ '' }}{% endfor %}{% endfor %}",
        "{{ event.items | join(customer.last_name) }}",
        "{% set a = customer.last_name %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
        "{% set a = 9 %}" + "{% set a = a * a %}" * 40 + "{{ a }}",
    ],
)
def test_a_message_that_grows_without_end_is_refused(tmp_path: Path, body: str) -> None:
    full = context("purchase", "en", {"items": ["x"] * 1000})
    full["customer"] |= {"first_name": "x" * 1_000_000, "last_name": "x" * 1000}
    with pytest.raises(RenderError) as caught:
        renderer(tmp_path, body).render("note", "email", "en", full)
    assert caught.value.code == "too-large"


def test_values_count_towards_the_length_of_a_message(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="262,144 characters"):
        note(renderer(tmp_path, "{{ customer.first_name }}"), first_name="x" * 270_000)


def test_a_page_that_escaping_makes_too_long_is_refused(tmp_path: Path) -> None:
    made = renderer(tmp_path, "{{ customer.first_name }}")
    assert note(made, first_name="x" * 250_000).text.startswith("xxx")
    with pytest.raises(RenderError, match="1,000,000 characters"):
        note(made, first_name="&" * 250_000)


def test_rendering_twice_gives_the_same_and_keeps_nothing_of_the_first_customer(tmp_path: Path) -> None:
    made = renderer(tmp_path, "Hi {{ customer.first_name }}, [x](https://shop.example/{{ customer.first_name }})")
    first, other, again = (note(made, first_name=name) for name in ("Anna", "Ben", "Anna"))
    assert first == again
    assert other.html == first.html.replace("Anna", "Ben")


def test_values_of_slot_characters_in_two_fields_do_not_mix(tmp_path: Path) -> None:
    made = renderer(tmp_path, "{{ customer.first_name }}|{{ customer.last_name }}")
    text = note(made, first_name="\U00100004\U00100003\U000f0000", last_name="Secret").text
    assert text.startswith("\U00100004\U00100003\U000f0000|Secret\n")


def test_the_folder_kept_for_tests_is_good(tmp_path: Path) -> None:
    assert load(folder(tmp_path, "Words")).names() == {"note": {"email"}}
