"""The only reader of the wording folder: files -> catalogue, and every mistake in them at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from errno import ENOENT
from pathlib import Path, PurePosixPath

from templates.brand import read_brand
from templates.catalogue import CHANNELS, Brand, Catalogue, Key, Wording, canonical
from templates.check import coverage
from templates.errors import BadTemplates, TemplateProblem
from templates.frontmatter import read_wording
from templates.slots import first_slot_character

BRAND = "brand.yaml"
LAYOUT = "layouts/base.html.j2"
MESSAGES = "messages"
MAX_FILE = 64 * 1024
"""Most bytes of one file."""
TEMPLATES = Path("templates")
"""What problems call the folder when nothing else is said."""

Contents = Mapping[str, bytes | OSError]
"""Name inside the folder -> the bytes of the file (one more than `MAX_FILE` at most), or why there are none."""


def load(folder: Path) -> Catalogue:
    """The catalogue of `folder`; raises BadTemplates with every problem of every file."""
    return catalogue_from(read(folder), folder)


def scan(folder: Path) -> tuple[Catalogue | None, list[TemplateProblem]]:
    """What is good in `folder`, and what is not, sorted. None when nothing can be rendered at all."""
    return scan_files(read(folder), folder)


def read(folder: Path) -> dict[str, bytes | OSError]:
    """The bytes of every file that wording comes from."""
    messages = (path.relative_to(folder).as_posix() for path in sorted((folder / MESSAGES).glob("*/*.md")))
    return {name: _read(folder / name) for name in (BRAND, LAYOUT, *messages)}


def catalogue_from(contents: Contents, folder: Path = TEMPLATES) -> Catalogue:
    """The catalogue of these files; pure. Raises BadTemplates with every problem of every file."""
    catalogue, problems = scan_files(contents, folder)
    if problems or catalogue is None:
        raise BadTemplates(problems)
    return catalogue


def scan_files(contents: Contents, folder: Path = TEMPLATES) -> tuple[Catalogue | None, list[TemplateProblem]]:
    """What is good in these files, and what is not, sorted; pure. None when nothing can be rendered at all."""
    problems: list[TemplateProblem] = []
    brand_text, layout = _text(contents, folder, BRAND, problems), _text(contents, folder, LAYOUT, problems)
    brand = read_brand(str(folder / BRAND), brand_text, problems) if brand_text is not None else None
    wordings = _wordings(contents, folder, brand, problems)
    if brand is None or layout is None:
        return None, sorted(problems)
    catalogue = Catalogue(brand, layout, str(folder / LAYOUT), wordings)
    return catalogue, sorted([*problems, *coverage(catalogue)])


def messages_in(contents: Iterable[str]) -> list[str]:
    """Of these names inside a folder those of messages, sorted."""
    return sorted(name for name in contents if name.startswith(f"{MESSAGES}/"))


def _wordings(
    contents: Contents, folder: Path, brand: Brand | None, problems: list[TemplateProblem]
) -> dict[Key, Wording]:
    found: dict[Key, Wording] = {}
    names = messages_in(contents)
    if not names:
        said = "there are no messages here; write messages/<name>/email.<locale>.md"
        problems.append(_problem(folder / MESSAGES, said, "empty"))
    for name in names:
        key = _key(folder, name, brand, problems)
        text = _text(contents, folder, name, problems)
        if key and text is not None and (wording := read_wording(key, str(folder / name), text, problems)):
            found[key] = wording
    return found


def _key(folder: Path, name: str, brand: Brand | None, problems: list[TemplateProblem]) -> Key | None:
    path = PurePosixPath(name)
    channel, _, locale = path.name.removesuffix(".md").partition(".")
    if channel not in CHANNELS:
        said = f"no channel {channel!r} is known; a file is named <channel>.<locale>.md, such as email.th.md"
        problems.append(_problem(folder / path, said, "unknown-channel"))
        return None
    if not locale or locale != canonical(locale):
        said = "the file's name needs a locale, such as email.th.md or email.en-GB.md"
        problems.append(_problem(folder / path, said, "no-locale"))
        return None
    if brand and locale not in brand.locales:
        problems.append(_problem(folder / path, f"brand.yaml does not list the locale {locale}", "unknown-locale"))
        return None
    return path.parent.name, channel, locale


def _read(path: Path) -> bytes | OSError:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as error:
        return error


def _text(contents: Contents, folder: Path, name: str, problems: list[TemplateProblem]) -> str | None:
    path = folder / name
    data = contents.get(name, OSError(ENOENT, os.strerror(ENOENT)))
    if isinstance(data, OSError):
        problems.append(_problem(path, f"this file cannot be read: {data.strerror}", "unreadable"))
        return None
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problems.append(TemplateProblem(str(path), line, 1, "this is not UTF-8; save the file as UTF-8", "not-utf8"))
        return None
    if len(data) > MAX_FILE:
        problems.append(_problem(path, f"the file is larger than {MAX_FILE // 1024} KiB", "too-large"))
        return None
    return text if _is_public(path, text, problems) else None


def _is_public(path: Path, text: str, problems: list[TemplateProblem]) -> bool:
    at = first_slot_character(text)
    if at >= 0:
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        said = "this character is for private use; take it out"
        problems.append(TemplateProblem(str(path), line, column, said, "private-character"))
    return at < 0


def _problem(path: Path, message: str, code: str) -> TemplateProblem:
    return TemplateProblem(str(path), 1, 1, message, code)
