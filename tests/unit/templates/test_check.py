"""The check finds what would go wrong with customers before there are any."""

from __future__ import annotations

from pathlib import Path

import pytest

from templates.check import check, samples_of
from templates.load import load
from templates.render import Renderer
from templates.samples import EVENTS, samples
from tests.unit.templates.kit import STARTER, folder, wording, write


def found(root: Path) -> list[tuple[str, int, int, str, str]]:
    return [(Path(p.path).name, p.line, p.column, p.code, p.message) for p in check(load(root))]


def test_the_starter_wording_is_good() -> None:
    assert check(load(STARTER)) == []


@pytest.mark.parametrize("name", sorted(load(STARTER).names()))
@pytest.mark.parametrize("locale", ["en", "th"])
def test_starter_messages_read_well_with_and_without_a_name(name: str, locale: str) -> None:
    renderer = Renderer(load(STARTER))
    for sample in samples_of(renderer.script((name, "email", locale)).wording):
        made = renderer.render(name, "email", locale, sample.context)
        lines = [made.subject, made.preheader, *made.text.splitlines()]
        whole = "\n".join(line.strip() for line in lines)  # a code stands indented
        assert "None" not in whole
        assert "  " not in whole
        assert " ," not in whole
        assert "!" not in whole
        assert len(made.subject) <= 50


def test_the_returning_customer_is_told_which_order_it_is() -> None:
    renderer = Renderer(load(STARTER))
    context = samples("purchase", "en")[0].context
    assert "This is your 3rd order with us." in renderer.render("thank-returning", "email", "en", context).text
    assert "ครั้งที่ 3" in renderer.render("thank-returning", "email", "th", context).text


@pytest.mark.parametrize(
    ("line", "column", "code", "said"),
    [
        ("Hi {{ customer.frist_name }}", 7, "unknown-name", 'did you mean "customer.first_name"?'),
        ("Hi {{ custmer.first_name }}", 7, "unknown-name", 'did you mean "customer"?'),
        ("{% if event.total == 3 %}{{ event.totl | money }}{% endif %}", 29, "unknown-name", '"event.total"'),
        ("{{ shop.nme }}", 4, "unknown-name", '"shop.name"'),
        ("Hi {{ customer.first_name }}", 4, "empty-value", "(sample: purchase, bare)"),
        ("Hi {{ event.items[0].sku }}", 4, "missing-value", "(sample: purchase, no items)"),
        ("a <b>bold</b> word", 3, "html", "write Markdown"),
        ("[x](ftp://x)", 5, "bad-link", "http://"),
    ],
)
def test_a_mistake_is_found_and_placed(tmp_path: Path, line: str, column: int, code: str, said: str) -> None:
    write(folder(tmp_path, "Words"), "note/email.th.md", wording(f"Hello\n\n{line}\n"))
    results = found(tmp_path)
    assert [(name, at) for name, at, *_ in results] == [("email.th.md", 8)] * len(results)
    assert any(said in message and (where, kind) == (column, code) for _, _, where, kind, message in results), results


def test_syntax_errors_do_not_hide_the_mistakes_of_other_files(tmp_path: Path) -> None:
    root = folder(tmp_path, "{{ customer.nick }}")
    write(root, "note/email.th.md", wording("{% if %}"))
    codes = {(name, code) for name, _, _, code, _ in found(root)}
    assert codes == {("email.en.md", "unknown-name"), ("email.th.md", "syntax")}


@pytest.mark.parametrize(
    ("broken", "line"), [("<p>\n{{ shop.nme }}", 2), ("<p>\n\n{% if %}", 3), ("{{ body | safe }}", 1)]
)
def test_a_broken_layout_is_placed(tmp_path: Path, broken: str, line: int) -> None:
    root = folder(tmp_path, "Words")
    (root / "layouts" / "base.html.j2").write_text(broken)
    assert [(name, at, code) for name, at, _, code, _ in found(root)] == [("base.html.j2", line, "layout")]


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_every_event_has_a_full_and_a_bare_sample_with_the_same_fields(event: str) -> None:
    full, bare = samples(event, "th")[:2]
    assert set(full.context["event"]) == set(bare.context["event"])
    assert full.context["customer"]["first_name"] == "มะลิ"
    assert bare.context["customer"]["first_name"] is None
    assert full.context["event"]["time"].utcoffset() is not None
