"""A message is looked at for the event it is to answer, in every language, and each of its files is compiled once."""

from __future__ import annotations

from pathlib import Path

import pytest

from templates.errors import BadTemplates
from templates.examiner import Examiner, needs_offer
from templates.load import load, scan
from tests.unit.templates.kit import STARTER, folder, wording, write


def examiner(root: Path) -> Examiner:
    catalogue, _ = scan(root)
    assert catalogue is not None
    return Examiner(catalogue)


def places(found: Examiner, event: str = "purchase", name: str = "note") -> list[tuple[str, int, str]]:
    return [(Path(one.path).name, one.line, one.code) for one in found.problems(name, "email", event)]


def test_the_starter_messages_are_fit_for_what_they_answer() -> None:
    catalogue = load(STARTER)
    found = Examiner(catalogue)
    for name, channel, locale in catalogue.wordings:
        for event in catalogue.wordings[name, channel, locale].events:
            assert found.problems(name, channel, event) == []


def test_what_is_wrong_is_told_of_every_language(tmp_path: Path) -> None:
    found = examiner(folder(tmp_path, "Words\n\n{{ event.totl }}"))
    assert places(found) == [
        ("email.en.md", 8, "unknown-name"),
        ("email.th.md", 8, "unknown-name"),
    ]


def test_a_field_of_one_event_is_missing_in_another(tmp_path: Path) -> None:
    found = examiner(folder(tmp_path, "{{ event.score }}", event="[survey, purchase]"))
    assert places(found, "survey") == []
    assert {code for _, _, code in places(found, "purchase")} == {"unknown-name"}


@pytest.mark.parametrize("event", ["inactive", "date", "every"])
def test_what_time_fires_has_a_moment_and_no_fields(tmp_path: Path, event: str) -> None:
    found = examiner(folder(tmp_path, "Hello on {{ event.time | date }}", event=event))
    assert places(found, event) == []
    assert places(examiner(folder(tmp_path, "{{ event.total | money }}", event=event)), event) != []


def test_an_article_of_the_catalogue_can_be_told_of(tmp_path: Path) -> None:
    body = "{{ event.name }}{% if event.price %} for {{ event.price | money }}{% endif %}"
    assert places(examiner(folder(tmp_path, body, event="product")), "product") == []


def test_an_event_of_the_shops_own_has_the_fields_of_the_sample(tmp_path: Path) -> None:
    root = folder(tmp_path, "{{ event.network }}", event="social_share\nsample: {network: Instagram}")
    assert places(examiner(root), "social_share") == []
    assert places(
        examiner(folder(tmp_path, "{{ event.url }}", event="social_share\nsample: {network: x}")), "social_share"
    )


def test_what_does_not_compile_is_told_each_time_and_hides_no_other_language(tmp_path: Path) -> None:
    root = folder(tmp_path, "{{ customer.nick }}")
    write(root, "note/email.th.md", wording("{% if %}"))
    found = examiner(root)
    expected = [("email.en.md", 6, "unknown-name"), ("email.th.md", 6, "syntax")]
    assert places(found) == expected
    assert places(found) == expected


def test_of_a_message_that_is_not_there_nothing_is_said(tmp_path: Path) -> None:
    assert places(examiner(folder(tmp_path, "Words")), name="other") == []


def test_without_a_layout_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    root = folder(tmp_path, "Words")
    (root / "layouts/base.html.j2").write_text("{% if %}")
    with pytest.raises(BadTemplates):
        examiner(root)


@pytest.mark.parametrize(
    ("body", "needs"),
    [
        ("Words", False),
        ("An offer", False),
        ("{{ offer.code }}", True),
        ("{{ offer['code'] }}", True),
        ("{% if offer %}{{ offer.code }}{% endif %}", False),
        ("{% if not offer %}no{% else %}{{ offer.code }} {{ offer.name }}{% endif %}", False),
        ("{% if offer.minimum %}from {{ offer.minimum | money }}{% endif %}", True),
        ("{{ event.offer }}", False),
        ("{{ offer.code", False),
    ],
)
def test_a_message_that_names_an_offer_and_does_not_ask_for_it_needs_one(
    tmp_path: Path, body: str, needs: bool
) -> None:
    catalogue, _ = scan(folder(tmp_path, body))
    assert catalogue is not None
    assert {needs_offer(one) for one in catalogue.wordings.values()} == {needs}


def test_an_offer_in_the_subject_counts(tmp_path: Path) -> None:
    catalogue = load(folder(tmp_path, "{% if event.total %}x{% endif %}", subject="{{ offer.name }} for you"))
    assert {needs_offer(one) for one in catalogue.wordings.values()} == {True}
