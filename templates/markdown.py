"""Wording with slots, in Markdown, to HTML and to plain text; both from the same tree, neither from the other."""

from __future__ import annotations

from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from templates.errors import Refused
from templates.slots import LINK, MAX_SLOTS, VALUE

_BOX = '<table class="box" role="presentation" align="center" cellpadding="0" cellspacing="0"><tr><td align="center">'
"""A table, for there are mail programs that give nothing else a border and room inside."""


class _Reader(MarkdownIt):
    """CommonMark without HTML, and without code by indentation, which in a letter is always a slip."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False})
        self.disable("code")
        self.add_render_rule("box_open", lambda *_: _BOX)
        self.add_render_rule("box_close", lambda *_: "</td></tr></table>\n")

    def validateLink(self, url: str) -> bool:
        return True  # judged in links.resolve, which refuses instead of showing the brackets

    def normalizeLink(self, url: str) -> str:
        return url  # encoded in links.resolve, when the values are known

    def normalizeLinkText(self, link: str) -> str:
        return link


@dataclass(frozen=True, slots=True)
class Pages:
    """HTML and plain text with slots in them; link slot n stands for `targets[n]`."""

    html: str
    text: str
    targets: tuple[str, ...]


def pages(wording: str) -> Pages:
    """`wording` (Markdown with value slots) as HTML and as plain text."""
    reader, targets = _Reader(), list[str]()
    tokens = reader.parse(wording.replace(" ๆ", "\N{NO-BREAK SPACE}ๆ"))  # Thai's repeat mark never begins a line
    for token in tokens:
        _hide_targets(token, targets)
    _box_values(tokens)
    html: str = reader.renderer.render(tokens, reader.options, {})
    return Pages(html, _Writer(targets).blocks(SyntaxTreeNode(tokens)), tuple(targets))


def _hide_targets(token: Token, targets: list[str]) -> None:
    for child in token.children or ():
        name = {"link_open": "href", "image": "src"}.get(child.type)
        if name:
            if len(targets) >= MAX_SLOTS:
                raise Refused("too-large", "the message has too many links")
            targets.append(str(child.attrs[name]))
            child.attrs[name] = chr(LINK + len(targets) - 1)
    if token.children and _is_one_link(token.children):
        token.children[0].attrSet("class", "button")


def _is_one_link(children: list[Token]) -> bool:
    """A paragraph that is nothing but one link in words is a button."""
    kinds = [child.type for child in children]
    return (
        kinds[0] == "link_open" and kinds[-1] == "link_close" and kinds.count("link_open") == 1 and "image" not in kinds
    )


def _box_values(tokens: list[Token]) -> None:
    """A paragraph that is nothing but one value in bold, such as a coupon's code, stands in a box."""
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if before.type == "paragraph_open" and not before.hidden and _is_one_value(token.children or []):
            before.type, after.type = "box_open", "box_close"


def _is_one_value(children: list[Token]) -> bool:
    kept = [child for child in children if child.type != "text" or child.content]
    if [child.type for child in kept] != ["strong_open", "text", "strong_close"]:
        return False
    return len(kept[1].content) == 1 and kept[1].content >= chr(VALUE)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes the tree as plain text; structure shows by line breaks and marks, emphasis does not show."""

    targets: list[str]

    def blocks(self, node: SyntaxTreeNode, between: str = "\n\n") -> str:
        return between.join(filter(None, map(self.block, node.children)))  # an image without words leaves no gap

    def block(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "paragraph" | "heading":
                return self.inline(node.children[0])
            case "box":
                return _indent(self.inline(node.children[0]), "    ", "    ")
            case "bullet_list" | "ordered_list":
                return self.list(node)
            case "blockquote":
                return _indent(self.blocks(node), "> ", "> ")
            case "hr":
                return "* * *"
            case "fence":
                return node.content.rstrip("\n")
        return self.blocks(node)

    def list(self, node: SyntaxTreeNode) -> str:
        start = int(str(node.attrs.get("start", 1)))
        between = "\n" if _is_tight(node) else "\n\n"
        entries = []
        for number, item in enumerate(node.children, start):
            mark = f"{number}. " if node.type == "ordered_list" else "- "
            entries.append(_indent(self.blocks(item, between), mark, " " * len(mark)))
        return between.join(entries)

    def inline(self, node: SyntaxTreeNode) -> str:
        return "".join(map(self.span, node.children))

    def span(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "text" | "code_inline":
                return node.content
            case "softbreak":
                return " "
            case "hardbreak":
                return "\n"
            case "link":
                return self.link(self.inline(node), str(node.attrs["href"]))
        return self.inline(node)

    def link(self, words: str, slot: str) -> str:
        shows_itself = words == self.targets[ord(slot) - LINK]
        return slot if shows_itself else f"{words} ({slot})"


def _is_tight(node: SyntaxTreeNode) -> bool:
    return all(part.hidden for item in node.children for part in item.children if part.type == "paragraph")


def _indent(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join(((rest if at else first) + line).rstrip(" ") for at, line in enumerate(lines))
