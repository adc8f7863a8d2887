"""Every command and snippet of README, tutorial and how-tos is run, and prints what the page says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NoReturn

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from console.settings import Settings
from console.wordings import read_wordings
from deploy.kafka.cluster import fetch
from tests.acceptance.kit import LONG, ROOT, Done, Shop, Worker, environment, event, wait_until
from tests.acceptance.pages import Block, blocks, pages, prints, put
from tests.acceptance.wishes import TESTS, wish, wrong
from tests.services import HOST, KAFKA_CACHE, free_port

KNOWN = {
    "bash": ("run", "make"),
    "python": ("file",),
    "json": ("file",),
    "yaml": ("file", "change"),
    "markdown": ("file",),
    "javascript": ("file",),
    "java": ("file",),
}
"""Kind of block → what may be said of it."""
MARKETER, THAI = "docs/how-to/marketer.md", "docs/how-to/marketer.th.md"


class Session:
    """A shell in a shop's folder: variables stay from one block to the next, background workers until the end."""

    def __init__(self, shop: Shop, values: Mapping[str, str] | None = None) -> None:
        self.shop = shop
        self.values = values or {}
        self.workers: list[Worker] = []
        self._variables = shop.folder / ".variables"
        self._variables.write_text("")
        (shop.folder / ".venv").symlink_to(sys.prefix)

    def follow(self, block: Block) -> None:
        """Do what the page says, and hold it to what it promises."""
        if block.verb == "file":
            path = self.shop.folder / block.words[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        elif block.verb == "run":
            self._run(block)

    def _run(self, block: Block) -> None:
        code = int(block.words[-1]) if "exit" in block.words else 0
        here, background = self._split(block)
        done = self._shell(here)
        if "patiently" in block.words:
            wait_until(lambda: _good(block, code, self._shell(here)), lambda: f"{block.where}: {self._shell(here)}")
        elif not background:
            assert _good(block, code, done), f"{block.where}: {done}"
        if "restart" in block.words:
            self.end()
        for command in background:
            self._start(command, block)

    def _split(self, block: Block) -> tuple[str, list[str]]:
        """The commands that end, and those for the background."""
        lines = put(block.text, self.values).rstrip("\n").split("\n")
        if {"background", "restart"} & set(block.words):
            return "\n".join(lines[:-1]), lines[-1:]
        return (
            "\n".join(line for line in lines if not line.endswith(" &")),
            [line.removesuffix(" &") for line in lines if line.endswith(" &")],
        )

    def _shell(self, commands: str) -> Done:
        script = f"set -e; . ./.variables; {{ {commands}\n}}; export -p > .variables"
        done = subprocess.run(
            ["bash", "-c", script if commands.strip() else "true"],
            cwd=self.shop.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONG,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    def _start(self, command: str, block: Block) -> None:
        worker = Worker(self.shop.folder, ["bash", "-c", f". ./.variables; exec {command}"], {})
        self.workers.append(worker)
        worker.wait_until_ready()
        assert prints(block.expected or "…", worker.log), f"{block.where}: {worker.log}"

    def end(self) -> None:
        """Ctrl+C in the other terminal."""
        for worker in self.workers:
            assert worker.stop() == 0, worker.log
        self.workers.clear()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            with suppress(AssertionError):
                worker.stop()


def _good(block: Block, code: int, done: Done) -> bool:
    return done.code == code and prints(block.expected or "…", done.out)


def test_a_page_that_does_not_tell_the_truth_is_found() -> None:
    printed = "   customer  anna\n\n2026-03-01T10:00:00Z  welcome: queued, message sent\n"
    assert prints("customer anna\n…\n…  welcome: queued, message sent\n", printed)
    assert not prints("customer anna\n…\n…  welcome: queued, message failed\n", printed)
    assert not prints("customer anna\n", printed)


@pytest.mark.parametrize("page", pages())
def test_a_page_says_of_each_block_what_it_is(page: str) -> None:
    wrong = [block.where for block in blocks(page) if block.verb not in KNOWN.get(block.kind, ("",))]
    assert wrong == []


@pytest.mark.parametrize("page", pages())
def test_what_a_page_tells_to_type_works_and_prints_what_it_says(page: str, tmp_path: Path) -> None:
    with Session(Shop(tmp_path)) as session:
        for block in blocks(page):
            if "services" not in block.words:
                session.follow(block)
        session.end()


def test_the_two_pages_for_the_marketer_tell_to_do_the_same() -> None:
    assert [_bare(block) for block in blocks(THAI)] == [_bare(block) for block in blocks(MARKETER)]


def test_the_two_pages_for_the_marketer_explain_the_same_reasons() -> None:
    explained = [
        re.findall(r"^\| (`[a-z-]+`(?:[,;] `[a-z-]+`)*)", (ROOT / page).read_text(), re.M) for page in (MARKETER, THAI)
    ]
    assert explained[0] == explained[1]


def _bare(block: Block) -> tuple[str, str, str, str]:
    """A block without its comments, which are for people to read."""
    return block.kind, block.said, re.sub(r"(^|\s+)#.*$", "", block.text, flags=re.M), block.expected


def test_every_wish_of_the_marketers_page_comes_true(tmp_path: Path) -> None:
    changes = [block for block in blocks(MARKETER) if block.verb == "change"]
    wished = {wish(block) for block in changes}
    assert wished == {path.stem for path in TESTS.iterdir()}
    with Session(Shop(tmp_path)) as session:
        for block in blocks(MARKETER):
            if block.verb == "file" or "before-wishes" in block.words:
                session.follow(block)
        words = read_wordings(tmp_path / "templates")
        found = {name: wrong(name, [one for one in changes if wish(one) == name], tmp_path, words) for name in wished}
        without = {name: wrong(name, [], tmp_path, words) for name in wished}
    assert {name: problems for name, problems in found.items() if problems} == {}
    assert [name for name, problems in without.items() if not problems] == []  # else its tests would say nothing


@pytest.mark.parametrize("page", ["README.md", "docs/how-to/operator.md"])
def test_the_set_up_of_a_shop_works_with_the_real_services(
    page: str, tmp_path: Path, kafka_broker: str, fresh_postgres: str
) -> None:
    with ExitStack() as stack:
        mails = stack.enter_context(mail_server())
        values = {
            "kafka://kafka.example.com:9092": f"kafka://{kafka_broker}",
            "postgresql+psycopg://regulars:password@db.example.com/regulars": fresh_postgres,
            "smtp://user:password@mail.example.com:587": mails.url,
        }
        session = stack.enter_context(Session(Shop(tmp_path), values))
        for block in blocks(page):
            if "services" in block.words:
                session.follow(block)
        buy = [
            event(f"{tmp_path.name}-1", "profile", "zoe", {"email": "zoe@example.com"}),
            event(f"{tmp_path.name}-2", "consent", "zoe", {"channel": "email", "state": "granted"}),
            event(f"{tmp_path.name}-3", "purchase", "zoe", {"order_id": "1", "total": 1}),
        ]
        session.shop.write("buy.jsonl", *buy)
        sent = Block("bash", "run", "regulars send buy.jsonl\n", page, 0, "3 events sent to topic events\n")
        session.follow(sent)
        wait_until(lambda: "Welcome to Baan Cha" in mails.subjects, lambda: session.workers[-1].log)
        session.end()


class Mails(Message):
    """What a mail server was handed."""

    def __init__(self) -> None:
        super().__init__()
        self.subjects: list[str] = []
        self.url = f"smtp://{HOST}:{free_port()}"

    def handle_message(self, message: object) -> None:
        self.subjects.append(message["Subject"])  # type: ignore[index]

    def __enter__(self) -> Mails:
        self._controller = Controller(self, hostname=HOST, port=int(self.url.rpartition(":")[2]))
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


def mail_server() -> Mails:
    return Mails()


@pytest.mark.parametrize("target", ["demo", "test", "install", "bench", "chaos", "kafka", "kafka-stop"])
def test_the_make_targets_that_the_pages_name_are_there(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for module in re.findall(r"-m ((?:tests|deploy)\.[a-z.]+)", done.stdout):
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module


def test_the_pages_name_no_other_make_target() -> None:
    known = {"demo", "test", "install", "bench", "chaos", "kafka", "kafka-stop"}
    for page in pages():
        named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", (ROOT / page).read_text(), re.M))
        assert named <= known, page


def test_the_settings_of_the_readme_have_their_real_names_and_defaults() -> None:
    rows = re.findall(r"^\| `REGULARS_([A-Z_]+)` \| (.*?) \|", (ROOT / "README.md").read_text(), re.M)
    assert len(rows) >= 5
    for name, told in rows:
        default = str(Settings.model_fields[name.lower()].default)
        assert told == f"`{default}`" if default else told.startswith("empty"), name


def test_every_link_of_the_docs_leads_somewhere() -> None:
    dead = []
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if not re.match(r"[a-z]+:|\{\{", link) and not _leads(page, link):
                dead.append(f"{page.relative_to(ROOT)}: {link}")
    assert dead == []


def _leads(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    return target.exists() and (not anchor or anchor in _anchors(target.read_text()))


def _anchors(content: str) -> Iterator[str]:
    for heading in re.findall(r"^#+ (.*)$", content, re.M):
        yield re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def snippet(name: str) -> str:
    """The content of a file of the storefront's page."""
    return next(block.text for block in blocks("docs/how-to/storefront.md") if block.words == [name])


def missing(tool: str) -> NoReturn:
    """Without the tool the test is skipped, in CI a skip fails."""
    pytest.skip(f"{tool} is not here")


@pytest.mark.parametrize("name", ["emit.mjs", "catalogue.mjs"])
def test_the_javascript_of_the_storefront_is_javascript(tmp_path: Path, name: str) -> None:
    node = shutil.which("node")
    if node is None:
        missing("node")
    (tmp_path / name).write_text(snippet(name))
    subprocess.run([node, "--check", name], cwd=tmp_path, check=True)


def test_the_java_of_the_storefront_reaches_kafka(tmp_path: Path, kafka_broker: str) -> None:
    if shutil.which("javac") is None:
        missing("a Java compiler")
    (tmp_path / "Emit.java").write_text(snippet("Emit.java"))
    library = f"{fetch(KAFKA_CACHE)}/*"
    shop = Shop(tmp_path / "shop", REGULARS_BROKER=f"kafka://{kafka_broker}")
    with shop.running("sources", "reader") as worker:
        command = ["java", "-cp", library, "Emit.java"]
        subprocess.run(command, cwd=tmp_path, env=environment(KAFKA=kafka_broker), check=True, timeout=LONG)
        wait_until(lambda: shop.run("customers", "show", "elif").code == 0, lambda: worker.log)
