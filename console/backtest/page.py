"""A backtest as one page of HTML that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from html import escape

from console.backtest.samples import Sample, Shown
from console.backtest.style import CSS
from console.backtest.text import compared, moved, number, percent, sentence, spanned
from console.backtest.told import GRANTS, Row, RuleRows, Told, by_rule, lines, totals
from rules.backtest.examples import Side


def page(told: Told) -> str:
    """The page; all that comes from files and events is escaped, messages stand in frames that may do nothing."""
    return "\n".join(_page(told))


def _page(told: Told) -> Iterator[str]:
    both = told.played.candidate is not None
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield (
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
    )
    yield f"<title>Backtest of {escape(told.candidate or told.today)}</title>\n<style>{CSS}</style>\n</head>\n<body>"
    yield f"<header><p class=kind>Backtest</p><h1>{escape(compared(told))}</h1><p>{escape(spanned(told))}</p></header>"
    yield "<main>"
    yield from _limits(told)
    yield f"<section class=totals>{''.join(_card(row) for row in totals(told))}</section>"
    rules = by_rule(told)
    yield from _rules(
        "Rules that differ" if both else "Rules", told, [one for one in rules if one.different or not both]
    )
    if both:
        yield from _same([one for one in rules if not one.different])
    yield f"</main>\n<footer><p>{escape(GRANTS)}</p>{_left_out(told)}</footer>\n</body>\n</html>\n"


def _limits(told: Told) -> Iterator[str]:
    if told.verdicts:
        rows = (f"<li class={'bad' if one.broken else 'good'}>{escape(sentence(one))}</li>" for one in told.verdicts)
        yield f"<ul class=limits>{''.join(rows)}</ul>"


def _card(row: Row) -> str:
    shown = number(row.today if row.candidate is None else row.candidate, row.money)
    change = ""
    if row.candidate is not None:
        part = f" ({percent(row)})" if row.change else ""
        kind = "moved" if row.change else "still"
        said = f"{moved(row)}{part}, today {number(row.today, row.money)}" if row.change else "as today"
        change = f"<small class={kind}>{escape(said)}</small>"
    return f"<div><span>{escape(row.label)}</span><strong>{shown}</strong>{change}</div>"


def _left_out(told: Told) -> str:
    taken = told.taken
    said = [
        (len(taken.refused), "could not be read"),
        (taken.duplicates, "stood there twice"),
        (taken.left_out, "are what Regulars itself told the log, and were not played"),
    ]
    parts = [f"{count:,} {words}" for count, words in said if count]
    return f"<p>Of the history's events {escape('; '.join(parts))}.</p>" if parts else ""


# Rules.


def _rules(title: str, told: Told, rules: list[RuleRows]) -> Iterator[str]:
    yield f"<h2>{escape(title)}</h2>"
    if not rules:
        yield "<p>No rule comes to other figures on this history.</p>"
    for one in rules:
        yield from _rule(told, one, [sample for sample in told.samples if sample.example.rule == one.rule])


def _rule(told: Told, one: RuleRows, samples: list[Sample]) -> Iterator[str]:
    where = f"<span class=tag>{escape(one.where)}</span>" if one.where else ""
    yield f"<article><h3>{escape(one.name)} <code>{escape(one.rule)}</code> {where}</h3>"
    if one.rows:
        yield from _table(one.rows)
    else:
        yield "<p>Nothing came of it.</p>"
    for sample in samples:
        yield from _sample(told, sample, opened=sample is samples[0])
    yield "</article>"


def _table(rows: Iterable[Row]) -> Iterator[str]:
    shown = list(rows)
    both = any(row.candidate is not None for row in shown)
    heads = "<th>today</th><th>candidate</th><th>change</th>" if both else "<th></th>"
    yield f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>"
    for row in sorted(shown, key=lambda row: not row.change):
        yield _row(row)
    yield "</tbody></table>"


def _row(row: Row) -> str:
    cells = [number(row.today, row.money)]
    if row.candidate is not None:
        part = f" <i>{escape(percent(row))}</i>" if percent(row) else ""
        cells += [number(row.candidate, row.money), f"{escape(moved(row))}{part}"]
    more = f"<small>{escape(row.more)}</small>" if row.more else ""
    kind = "moved" if row.change else "still"
    values = "".join(f"<td>{cell}</td>" for cell in cells)
    return f"<tr class={kind}><th>{escape(row.label)}{more}{_bars(row)}</th>{values}</tr>"


def _bars(row: Row) -> str:
    """Two bars, as long as the figures beside each other are large; only where they differ."""
    if row.candidate is None or not row.change:
        return ""
    most = max(row.today, row.candidate)
    bars = (f"<b style=width:{_share(value, most)}%></b>" for value in (row.today, row.candidate))
    return f"<span class=bars aria-hidden=true>{''.join(bars)}</span>"


def _share(value: Decimal, most: Decimal) -> int:
    return int(value * 100 / most) if most else 0


def _same(rules: list[RuleRows]) -> Iterator[str]:
    if not rules:
        return
    yield f"<h2>Not different</h2><details><summary>{len(rules):,} of the rules come to the same figures</summary>"
    for one in rules:
        yield f"<h3>{escape(one.name)} <code>{escape(one.rule)}</code></h3>"
        if one.rows:
            yield from _table(one.rows)
        else:
            yield "<p>Nothing came of it.</p>"
    yield "</details>"


# Examples.


def _sample(told: Told, sample: Sample, opened: bool) -> Iterator[str]:
    sides = zip(("today", "candidate"), sample.example.sides, sample.shown, strict=False)
    both = len(sample.example.sides) > 1
    shown = "".join(_side(told, name if both else "", side, message) for name, side, message in sides)
    title = f"<summary>For example customer {escape(sample.example.customer)}</summary>"
    yield f"<details{' open' if opened else ''}>{title}<div class=sides>{shown}</div></details>"


def _side(told: Told, name: str, side: Side, message: Shown | None) -> str:
    title = f"<h5>{name}</h5>" if name else ""
    items = "".join(
        f"<li>{f'<time>{escape(when)}</time> ' if when else ''}{escape(words)}</li>"
        for when, words in lines(told, side)
    )
    return f"<div>{title}<ul>{items}</ul>{_message(message)}</div>"


def _message(message: Shown | None) -> str:
    if message is None:
        return ""
    if message.wrong:
        return f"<p class=bad>The message cannot be made: {escape(message.wrong)}</p>"
    subject = escape(message.subject)
    frame = f'<iframe sandbox loading=lazy title="{subject}" srcdoc="{escape(message.html)}"></iframe>'
    return f"<p class=subject>{subject}</p>{frame}"
