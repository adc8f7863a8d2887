"""Messages that speak of an offer."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from templates.check import check, samples_of
from templates.errors import RenderError
from templates.load import load
from templates.offers import BARE, CODE, FULL
from templates.render import Rendered, Renderer
from templates.samples import context
from templates.values import Amount, Percent
from tests.unit.templates.kit import STARTER, Reading, folder, renderer, wording, write

BOX = '<table class="box"'


def said(tmp_path: Path, body: str, locale: str = "en", **offer: Any) -> Rendered:
    """Message `note` with an offer that has everything but what `offer` says."""
    full = context("purchase", locale, {"order_id": "o-1"})
    return renderer(tmp_path, body).render("note", "email", locale, {**full, "offer": FULL | offer})


def first_line(made: Rendered) -> str:
    return made.text.split("\n")[0]


def found(root: Path) -> list[tuple[int, str, str]]:
    return [(p.line, p.code, p.message) for p in check(load(root)) if p.path.endswith("email.en.md")]


@pytest.mark.parametrize(
    ("wanted", "en", "th"),
    [
        ("{{ offer.code }}", CODE, CODE),
        ("{{ offer.name }}", "15% off your next order", "15% off your next order"),
        ("{{ offer.percent }}", "15%", "15%"),
        ("{{ offer.percent ~ ' off' }}", "15% off", "15% off"),
        ("{{ offer.amount | money }}", "฿100.00", "฿100.00"),
        ("{{ offer.minimum | money }}", "฿500.00", "฿500.00"),
        ("{{ offer.most | money }}", "฿300.00", "฿300.00"),
        ("{{ offer.expires_at | date }}", "March 15, 2026", "15 มีนาคม 2569"),
        ("{% if offer.free_shipping %}free{% else %}not{% endif %}", "free", "free"),
        ("{{ offer.expires_at | time }}", "11:59\u202fPM", "23:59 น."),
    ],
)
def test_an_offer_is_told_in_the_customers_language(tmp_path: Path, wanted: str, en: str, th: str) -> None:
    assert first_line(said(tmp_path, wanted)) == en
    assert first_line(said(tmp_path, wanted, "th")) == th


@pytest.mark.parametrize(("points", "text"), [(1500, "15%"), (1250, "12.5%"), (1, "0.01%"), (10_000, "100%")])
def test_a_percent_has_the_decimals_it_needs(tmp_path: Path, points: int, text: str) -> None:
    assert first_line(said(tmp_path, "{{ offer.percent }}", percent=Percent(points))) == text


def test_a_percent_is_written_as_the_locale_writes_it(tmp_path: Path) -> None:
    full = context("purchase", "en-FI", {"order_id": "o-1"})
    made = renderer(tmp_path, "{{ offer.percent }}")
    offer = BARE | {"percent": Percent(1250)}
    assert first_line(made.render("note", "email", "en-FI", {**full, "offer": offer})) == "12,5\xa0%"


def test_what_an_offer_does_not_have_can_be_asked_for(tmp_path: Path) -> None:
    asked = "".join(f"{{% if offer.{key} %}}{key} {{% endif %}}" for key in BARE)
    assert first_line(said(tmp_path, asked + ".")) == " ".join([*BARE, "."])
    assert first_line(said(tmp_path, asked + ".", **BARE)) == "code name percent ."


def test_a_message_may_ask_whether_there_is_an_offer(tmp_path: Path) -> None:
    made = renderer(tmp_path, "{% if offer %}{{ offer.code }}{% else %}nothing{% endif %}")
    full = context("purchase", "en", {"order_id": "o-1"})
    assert [first_line(made.render("note", "email", "en", {**full, **more})) for more in ({}, {"offer": None})] == [
        "nothing",
        "nothing",
    ]
    assert first_line(made.render("note", "email", "en", {**full, "offer": FULL})) == CODE


def test_an_offer_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    full = context("purchase", "en", {"order_id": "o-1"})
    with pytest.raises(RenderError, match="missing-value"):
        renderer(tmp_path, "{{ offer.code }}").render("note", "email", "en", full)


def test_a_code_in_bold_on_its_own_stands_in_a_box(tmp_path: Path) -> None:
    made = said(tmp_path, "Here it is:\n\n**{{ offer.code }}**\n\nEnjoy.")
    assert BOX in made.html
    assert f"<strong>{CODE}</strong></td></tr>" in made.html
    assert made.text.startswith(f"Here it is:\n\n    {CODE}\n\nEnjoy.\n")
    cell = next(dict(attributes) for tag, attributes in Reading(made.html).tags if tag == "td" and _dashed(attributes))
    assert "padding: 16px 28px" in str(cell["style"])


def _dashed(attributes: tuple[tuple[str, str | None], ...]) -> bool:
    return "dashed" in str(dict(attributes).get("style"))


@pytest.mark.parametrize(
    "body",
    [
        "Your code: **{{ offer.code }}**",
        "**Code {{ offer.code }}**",
        "**{{ offer.code }}{{ offer.name }}**",
        "**Thank you**",
        "*{{ offer.code }}*",
        "{{ offer.code }}",
        "- **{{ offer.code }}**",
        "# **{{ offer.code }}**",
        "**[{{ offer.code }}](https://shop.example/)**",
    ],
)
def test_nothing_else_does(tmp_path: Path, body: str) -> None:
    assert BOX not in said(tmp_path, body).html


@pytest.mark.parametrize(
    "value", ["<script>x</script>", "**bold**", "a\n\n# b", "[x](https://evil.example)", "\U00100001", "&lt;"]
)
def test_whatever_the_code_is_the_box_shows_it_and_nothing_more(tmp_path: Path, value: str) -> None:
    made = said(tmp_path, "**{{ offer.code }}**", code=value)
    usual = said(tmp_path, "**{{ offer.code }}**")
    assert Reading(made.html).tags == Reading(usual.html).tags
    assert value in Reading(made.html).text
    assert value in made.text


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("{{ offer.cod }}", "unknown-name", 'unknown name "offer.cod"; did you mean "offer.code"?'),
        ("{{ offer['cod'] }}", "unknown-name", 'unknown name "offer.cod"; did you mean "offer.code"?'),
        ("{{ ofer.code }}", "unknown-name", 'unknown name "ofer"; did you mean "offer"?'),
        ("{% if offer.prefix %}x{% endif %}", "unknown-name", 'unknown name "offer.prefix"; known are amount, code, '),
        ("{{ offer.amount | money }}", "empty-value", "this needs an amount, and can be empty; ask first"),
        ("{{ offer.expires_at | date }}", "empty-value", "this needs a date, and can be empty; ask first"),
        ("{{ offer.minimum }}", "bare-amount", "{{ event.total | money }}"),
        ("{{ offer.free_shipping }}", "bad-value", "ask for a yes or no: {% if offer.free_shipping %}"),
        ("{% if offer %}x{% endif %} {{ offer.code }}", "missing-value", "no offer)"),
    ],
)
def test_mistakes_with_offers_are_found_before_there_is_a_customer(
    tmp_path: Path, line: str, code: str, message: str
) -> None:
    results = found(folder(tmp_path, f"Words\n\n{line}\n"))
    assert any((at, kind) == (8, code) and message in text for at, kind, text in results), results


def test_an_unknown_root_is_told_once(tmp_path: Path) -> None:
    names = [message for _, code, message in found(folder(tmp_path, "{{ ofer.code }}")) if code == "unknown-name"]
    assert names == ['unknown name "ofer"; did you mean "offer"?']


@pytest.mark.parametrize(
    "body",
    [
        "{{ offer.code }}: {{ offer.name }}, {{ offer.percent }}",
        "{{ offer['code'] }} {{ event['items'][0].sku or '-' if event['items'] }}",
        "{% if offer.expires_at %}until {{ offer.expires_at | date }}{% endif %}",
        "{% if offer %}{{ offer.code }}{% else %}Come and see{% endif %}",
        "{% if not offer %}Come and see{% endif %}",
    ],
)
def test_good_wording_of_offers_is_good(tmp_path: Path, body: str) -> None:
    assert found(folder(tmp_path, body)) == []


def test_every_sample_has_an_offer_and_who_asks_for_one_gets_a_sample_without(tmp_path: Path) -> None:
    root = folder(tmp_path, "{{ offer.code }}")
    note = load(root).wordings["note", "email", "en"]
    offers = {one.label: one.context["offer"] for one in samples_of(note)}
    assert offers["purchase"] == FULL
    assert offers["purchase, bare"] == BARE
    assert None not in offers.values()
    write(root, "note/email.en.md", wording("{% if offer %}{{ offer.code }}{% endif %} words"))
    note = load(root).wordings["note", "email", "en"]
    *others, last = samples_of(note)
    assert [one.label for one in others] == list(offers)
    assert (last.label, last.context["offer"]) == ("purchase, no offer", None)


def test_sample_offers_have_all_fields_and_one_has_a_value_in_each() -> None:
    assert set(FULL) == set(BARE)
    assert all(FULL.values())
    assert [key for key, value in BARE.items() if value] == ["code", "name", "percent"]
    assert isinstance(FULL["expires_at"], dt.datetime)
    assert isinstance(FULL["most"], Amount)


def test_the_layouts_box_is_styled_for_narrow_screens_and_dark_ones() -> None:
    layout = (STARTER / "layouts" / "base.html.j2").read_text("utf-8")
    assert layout.count(".content table.box td {") == 3
    assert Renderer(load(STARTER))
