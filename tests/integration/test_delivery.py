"""Delivery against a real mail server on loopback, and several dispatchers on one store."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from msgspec.structs import replace

from delivery.backoff import Backoff
from delivery.channels import channels
from delivery.channels.base import Channel, Outgoing
from delivery.check import LOOK_AGAIN
from delivery.dispatcher import Config, Dispatcher
from delivery.editions import Unchanging
from delivery.errors import Ambiguous, Final, Retryable
from rules.engine.codes import generated
from rules.offers import Offer, WhenEmpty
from rules.policy import DAY, HOUR, Policy
from rules.ruleset import Status
from storage.store import Store
from templates.load import load
from templates.render import Renderer
from tests.unit.delivery.post import Post, read, served
from tests.unit.delivery.queue import (
    CONTEXT,
    MINUTE,
    NOW,
    RULES,
    SHOP,
    add_customer,
    add_message,
    results,
    rows,
    rules,
    statuses,
)
from tests.unit.delivery.test_dispatcher import Clock, Plain, Steady, look_on
from tests.unit.templates.kit import folder

OUTGOING = Outgoing("k-1", "anna@example.org", "Anna", "Hello", "Hello\n.\nAnna\n", "<p>Hello</p>\n", "en", NOW)
STARTER = Path(__file__).resolve().parents[2] / "templates"
TIMEOUT = 5.0
HANG = 0.5


@asynccontextmanager
async def smtp(url: str, within: float = TIMEOUT, connections: int = 4) -> AsyncIterator[Channel]:
    channel = channels(url, Path("unused"), "Regulars <shop@example.com>", within, connections)["email"]
    try:
        yield channel
    finally:
        await channel.close()


@asynccontextmanager
async def conversation(post: Post, within: float = TIMEOUT, **options: Any) -> AsyncIterator[Channel]:
    async with served(post, **options) as port, smtp(f"smtp://127.0.0.1:{port}", within) as channel:
        yield channel


async def test_a_mail_arrives_as_it_was_written() -> None:
    post = Post()
    async with conversation(post) as channel:
        await channel.send(OUTGOING)
    [envelope] = post.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("shop@example.com", ["anna@example.org"])
    mail = read(envelope)
    assert (mail["Message-ID"], mail["X-Regulars-Key"], mail["Subject"]) == ("<k-1@example.com>", "k-1", "Hello")
    text = mail.get_body(("plain",))
    assert isinstance(text, EmailMessage)
    assert text.get_content().replace("\r\n", "\n") == OUTGOING.text


async def test_many_mails_go_over_one_connection() -> None:
    post = Post()
    async with conversation(post) as channel:
        for number in range(20):
            await channel.send(replace(OUTGOING, key=f"k-{number}"))
    assert post.keys == [f"k-{number}" for number in range(20)]
    assert len(set(post.peers)) == 1


async def test_no_more_connections_are_opened_than_allowed() -> None:
    post = Post()
    post.on_data = [0.05] * 12
    async with served(post) as port, smtp(f"smtp://127.0.0.1:{port}", connections=3) as channel:
        await asyncio.gather(*(channel.send(replace(OUTGOING, key=f"k-{number}")) for number in range(12)))
    assert len(post.mails) == 12
    assert len(set(post.peers)) == 3


@pytest.mark.parametrize("phase", ["on_mail", "on_rcpt", "on_data"])
async def test_a_mail_that_is_put_off_is_accepted_on_the_same_connection_later(phase: str) -> None:
    post = Post()
    setattr(post, phase, ["450 later, anna@example.org"])
    async with conversation(post) as channel:
        with pytest.raises(Retryable) as later:
            await channel.send(OUTGOING)
        await channel.send(OUTGOING)
    assert (later.value.code, later.value.reply) == ("deferred", 450)
    assert "anna" not in str(later.value)
    assert post.keys == ["k-1"]
    assert len(set(post.peers)) == 1


@pytest.mark.parametrize(
    ("phase", "reply", "code"),
    [
        ("on_mail", "553 not from you", "sender-refused"),
        ("on_rcpt", "550 no such user", "refused"),
        ("on_data", "554 spam", "rejected"),
    ],
)
async def test_a_refusal_is_final_and_the_next_mail_is_not_hurt(phase: str, reply: str, code: str) -> None:
    post = Post()
    setattr(post, phase, [reply])
    async with conversation(post) as channel:
        with pytest.raises(Final) as refused:
            await channel.send(OUTGOING)
        await channel.send(replace(OUTGOING, key="k-2"))
    assert (refused.value.code, refused.value.reply) == (code, int(reply[:3]))
    assert post.keys == ["k-2"]


async def test_a_connection_lost_before_the_content_is_safe_to_try_again() -> None:
    post = Post()
    post.on_rcpt = ["cut"]
    async with conversation(post) as channel:
        with pytest.raises(Retryable, match="connection-lost"):
            await channel.send(OUTGOING)
        await channel.send(OUTGOING)
    assert post.keys == ["k-1"]


async def test_a_connection_lost_between_content_and_answer_leaves_doubt() -> None:
    post = Post()
    post.on_data = ["cut"]
    async with conversation(post) as channel:
        with pytest.raises(Ambiguous, match="connection-lost"):
            await channel.send(OUTGOING)
        await channel.send(replace(OUTGOING, key="k-2"))
    assert post.keys == ["k-2"]


async def test_a_server_that_hangs_before_the_content_is_tried_again() -> None:
    post = Post()
    post.on_mail = ["hang"]
    async with conversation(post, within=HANG) as channel:
        began = time.monotonic()
        with pytest.raises(Retryable, match="timeout"):
            await channel.send(OUTGOING)
        assert time.monotonic() - began < HANG + 2
        await channel.send(OUTGOING)
    assert post.keys == ["k-1"]


async def test_a_server_that_hangs_after_the_content_leaves_doubt() -> None:
    post = Post()
    post.on_data = ["hang"]
    async with conversation(post, within=HANG) as channel:
        with pytest.raises(Ambiguous, match="timeout"):
            await channel.send(OUTGOING)


async def test_a_server_that_stops_reading_half_way_cannot_have_accepted_and_never_gets_the_rest() -> None:
    """The end of a large mail still waits on our side: it surely did not leave, and must not leave later."""
    awake, got = asyncio.Event(), asyncio.get_running_loop().create_future()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        for reply in (b"250 mail.test\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n"):
            await reader.readline()
            writer.write(reply)
        await awake.wait()
        content = b""
        try:
            while chunk := await reader.read(1 << 20):
                content = content[-100:] + chunk
        except ConnectionError:
            pass
        writer.transport.abort()
        got.set_result(content)

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with smtp(f"smtp://127.0.0.1:{port}", HANG) as channel:
        with pytest.raises(Retryable, match="timeout"):
            await channel.send(replace(OUTGOING, text="tea\n" * 2_500_000))
    awake.set()
    assert not (await asyncio.wait_for(got, 5)).endswith(b"\r\n.\r\n")
    server.close()


async def test_a_slow_server_is_waited_for() -> None:
    post = Post()
    post.on_mail, post.on_rcpt, post.on_data = [0.1], [0.1], [0.1]
    async with conversation(post) as channel:
        await channel.send(OUTGOING)
    assert post.keys == ["k-1"]


async def test_a_connection_that_died_while_idle_costs_nothing() -> None:
    post = Post()
    async with served(post) as port, smtp(f"smtp://127.0.0.1:{port}") as channel:
        await channel.send(OUTGOING)
        post.on_mail = ["421 too long idle"]
        await channel.send(replace(OUTGOING, key="k-2"))
        post.on_mail = ["cut"]
        await channel.send(replace(OUTGOING, key="k-3"))
    assert post.keys == ["k-1", "k-2", "k-3"]
    assert len(set(post.peers)) == 3


async def test_a_server_that_comes_back_is_found_again() -> None:
    post = Post()
    async with served(post) as port:
        channel = channels(f"smtp://127.0.0.1:{port}", Path("unused"), "shop@example.com", TIMEOUT, 1)["email"]
        await channel.send(OUTGOING)
    with pytest.raises(Retryable, match="unreachable"):
        await channel.send(OUTGOING)
    await channel.close()


async def test_a_host_that_does_not_exist_is_tried_again_later() -> None:
    async with smtp("smtp://mail.invalid:25") as channel:
        with pytest.raises(Retryable, match="unreachable"):
            await channel.send(OUTGOING)


async def test_an_address_in_another_script_goes_where_the_server_takes_it() -> None:
    post = Post()
    thai = replace(OUTGOING, address="แอนนา@ไทย.ไทย")
    async with conversation(post) as channel:
        await channel.send(thai)
    [envelope] = post.mails
    assert envelope.rcpt_tos == ["แอนนา@xn--o3cw4h.xn--o3cw4h"]
    async with conversation(Post(), utf8=False) as channel:
        with pytest.raises(Final, match="needs-smtputf8"):
            await channel.send(thai)


async def test_an_address_with_a_line_end_never_reaches_the_server() -> None:
    post = Post()
    async with conversation(post) as channel:
        with pytest.raises(Final, match="bad-address"):
            await channel.send(replace(OUTGOING, address="anna@example.org>\r\nRCPT TO:<ben@example.org"))
    assert post.mails == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A certificate for localhost that nobody knows, and its file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing")  # in CI a skip fails
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    command += f" -addext subjectAltName=DNS:localhost -keyout {folder / 'key'} -out {folder / 'cert'}"
    subprocess.run(command.split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    return context, folder / "cert"


def login(users: list[str]) -> Callable[..., AuthResult]:
    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        users.append(data.login.decode())
        return AuthResult(success=data.password == b"pass word", handled=False)

    return check


async def test_starttls_is_used_when_offered_and_the_password_goes_through_it(
    certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, file = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    post = Post()
    options: dict[str, Any] = {"tls_context": context, "authenticator": login(post.users), "auth_required": True}
    async with served(post, **options) as port:
        async with smtp(f"smtp://shop:pass%20word@localhost:{port}") as channel:
            await channel.send(OUTGOING)
        async with smtp(f"smtp://shop:wrong@localhost:{port}") as channel:
            with pytest.raises(Retryable, match="auth"):
                await channel.send(OUTGOING)
    assert post.keys == ["k-1"]
    assert post.encrypted == [True]
    assert set(post.users) == {"shop"}


async def test_a_certificate_that_nobody_knows_is_not_trusted(certificate: tuple[ssl.SSLContext, Path]) -> None:
    context, _ = certificate
    post = Post()
    async with conversation(post, tls_context=context) as channel:
        with pytest.raises(Retryable, match="tls"):
            await channel.send(OUTGOING)
    assert post.mails == []


async def test_smtps_is_encrypted_from_the_first_byte(
    certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, file = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    post = Post()
    async with served(post, tls=context) as port, smtp(f"smtps://localhost:{port}") as channel:
        await channel.send(OUTGOING)
        await channel.send(replace(OUTGOING, key="k-2"))
    assert post.keys == ["k-1", "k-2"]


async def test_a_login_that_the_server_does_not_offer_is_an_error_that_may_pass() -> None:
    post = Post()
    async with served(post) as port, smtp(f"smtp://shop:secret@127.0.0.1:{port}") as channel:
        with pytest.raises(Retryable, match="handshake"):
            await channel.send(OUTGOING)
    assert post.mails == []


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.service)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    sqlite = request.param == "sqlite"
    made = Store(f"sqlite:///{tmp_path / 'store.db'}" if sqlite else request.getfixturevalue("fresh_postgres"))
    made.migrate()
    yield made
    made.close()


def dispatcher(store: Store, port: int, clock: Clock, **options: Any) -> Dispatcher:
    config = Config(poll=0.02, backoff=Backoff(60, 1, 60), send_timeout=TIMEOUT)
    made = channels(
        f"smtp://127.0.0.1:{port}", Path("unused"), "shop@example.com", config.send_timeout, config.concurrency
    )
    renderer, decided_by = options.pop("renderer", None) or Plain(), options.pop("rules", RULES)
    return Dispatcher(store, Unchanging(decided_by, renderer), made, clock, config, random=lambda: 0.5, **options)


async def done(store: Store) -> None:
    deadline = time.monotonic() + 30
    while set(statuses(store).values()) & {"queued", "claimed", "sending"}:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_two_dispatchers_send_everything_once_and_each_customers_messages_in_order(store: Store) -> None:
    people, each, post, stop = 8, 3, Post(), asyncio.Event()
    for person in range(people):
        add_customer(store, f"c-{person}")
        for number in range(each):
            add_message(store, f"m-{person}-{number}", customer=f"c-{person}", created_at=NOW - MINUTE + number)
    async with served(post) as port:
        running = [asyncio.create_task(dispatcher(store, port, Clock()).run(stop)) for _ in range(2)]
        await done(store)
        stop.set()
        await asyncio.gather(*running)
    assert sorted(post.keys) == sorted(f"m-{person}-{number}" for person in range(people) for number in range(each))
    for person in range(people):
        assert [key for key in post.keys if key.startswith(f"m-{person}-")] == [f"m-{person}-{n}" for n in range(each)]
    assert sorted(results(store)) == sorted((f"{key}:sent", "sent") for key in post.keys)


async def test_an_answer_lost_on_the_way_is_one_doubt_and_one_more_mail_under_the_same_key(store: Store) -> None:
    add_customer(store)
    add_message(store, "m-1")
    post, clock = Post(), Clock()
    post.on_data = ["cut"]
    async with served(post) as port:
        working = dispatcher(store, port, clock)
        await working.run_once()
        assert results(store) == [("m-1:ambiguous:1", "ambiguous")]
        clock.now += MINUTE
        await working.run_once()
        await working.close()
    assert post.keys == ["m-1"]
    assert results(store) == [("m-1:ambiguous:1", "ambiguous"), ("m-1:sent", "sent")]


async def test_a_worker_that_stops_dead_while_sending_is_taken_over_from(store: Store) -> None:
    """Its task is cut after the server has the mail and before the mark; the next dispatcher settles it."""
    add_customer(store)
    add_message(store, "m-1")
    post, clock = Post(), Clock()
    post.on_data = [30.0]
    async with served(post) as port:
        dead = dispatcher(store, port, clock)
        running = asyncio.create_task(dead.run(asyncio.Event()))
        await post.asked.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert statuses(store) == {"m-1": "sending"}
        steady = Steady()
        successor = dispatcher(store, port, clock, steady=steady)
        lease = Config(send_timeout=TIMEOUT).lease
        assert await look_on(successor, steady, lease - 1) == 0
        assert await look_on(successor, steady, 1) == 1
        await successor.close()
    assert post.keys == ["m-1"]
    assert results(store) == [("m-1:ambiguous:1", "ambiguous"), ("m-1:sent", "sent")]


async def test_a_dead_mail_server_costs_no_message(store: Store) -> None:
    add_customer(store)
    add_message(store, "m-1")
    clock, post = Clock(), Post()
    async with served(post) as port:
        pass
    working = dispatcher(store, port, clock)
    await working.run_once()
    assert statuses(store) == {"m-1": "queued"}
    assert results(store) == []
    await working.close()


NIGHT = Policy(SHOP, quiet=(21 * 60, 9 * 60))
EVENING, MORNING = NOW + 5 * HOUR, NOW + 16 * HOUR
"""Ten in the evening in Bangkok, and nine in the morning."""


async def test_in_quiet_hours_a_promotion_waits_for_the_morning_and_holds_up_no_receipt(store: Store) -> None:
    add_customer(store)
    add_message(store, "m-1", expires_at=NOW + 48 * HOUR)
    add_message(store, "m-2", **{"class": "transactional"})
    post, clock = Post(), Clock()
    clock.now = EVENING
    async with served(post) as port:
        working = dispatcher(store, port, clock, rules=rules(NIGHT))
        assert await working.run_once() == 2
        assert post.keys == ["m-2"]
        row = rows(store)["m-1"]
        assert (row["status"], row["due_at"], row["attempts"], row["error"]) == ("queued", MORNING, 0, "quiet-hours")
        clock.now = MORNING - 1
        assert await working.run_once() == 0
        clock.now = MORNING
        assert await working.run_once() == 1
        await working.close()
    assert post.keys == ["m-2", "m-1"]
    assert rows(store)["m-1"]["attempts"] == 1
    assert results(store) == [("m-2:sent", "sent"), ("m-1:sent", "sent")]


async def test_a_promotion_that_the_morning_is_too_late_for_expires_in_its_time(store: Store) -> None:
    add_customer(store)
    expires = EVENING + 2 * HOUR
    add_message(store, "m-1", expires_at=expires)
    post, clock = Post(), Clock()
    clock.now = EVENING
    async with served(post) as port:
        working = dispatcher(store, port, clock, rules=rules(NIGHT))
        await working.run_once()
        assert rows(store)["m-1"]["due_at"] == expires + 1
        clock.now = expires + 1
        await working.run_once()
        await working.close()
    assert post.keys == []
    assert results(store) == [("m-1:expired", "expired")]


async def test_a_promotion_whose_rule_would_rather_not_wait_is_not_sent(store: Store) -> None:
    add_customer(store)
    add_message(store, "m-1")
    post, clock = Post(), Clock()
    clock.now = EVENING
    async with served(post) as port:
        working = dispatcher(store, port, clock, rules=rules(NIGHT, quiet="drop"))
        await working.run_once()
        await working.close()
    assert post.keys == []
    assert rows(store)["m-1"]["error"] == "quiet-hours"
    assert results(store) == [("m-1:cancelled", "cancelled")]


async def test_what_a_paused_rule_has_queued_leaves_when_it_is_live_again(store: Store) -> None:
    add_customer(store)
    add_message(store, "m-1")
    post, clock = Post(), Clock()
    async with served(post) as port:
        paused = dispatcher(store, port, clock, rules=rules(status=Status.PAUSED))
        for _ in range(3):
            assert await paused.run_once() == 1
            assert await paused.run_once() == 0
            clock.now += LOOK_AGAIN
        await paused.close()
        assert (post.keys, results(store)) == ([], [])
        live = dispatcher(store, port, clock)
        await live.run_once()
        await live.close()
    assert post.keys == ["m-1"]
    assert rows(store)["m-1"]["attempts"] == 1


OFFER = """
Take {{ offer.percent }} off orders from {{ offer.minimum | money }} until {{ offer.expires_at | date }}:

**{{ offer.code }}**
"""
TEA = Offer("tea", "15% off", percent=1500, minimum=50_000, expires=14 * DAY, prefix="TEA")
OFFERING = replace(CONTEXT, offer="tea", entry="e-1").encode()


def offering(tmp_path: Path, body: str = OFFER) -> Renderer:
    return Renderer(load(folder(tmp_path / "wording", body)))


def part(envelope: Envelope, kind: str) -> str:
    found = read(envelope).get_body((kind,))
    assert isinstance(found, EmailMessage)
    return str(found.get_content()).replace("\r\n", "\n")


async def test_a_mail_has_the_code_of_its_offer_and_the_same_when_it_is_sent_again(
    store: Store, tmp_path: Path
) -> None:
    """The first time the server puts it off, the second its answer is lost; each by another dispatcher."""
    code = generated(store.coupon_key(), "tea", "TEA", "welcome", "anna", "e-1")
    add_customer(store)
    add_message(store, "m-1", template="note", context=OFFERING)
    post, clock = Post(), Clock()
    post.on_data = ["450 later", "cut"]
    seen: list[Envelope] = []
    async with served(post) as port:
        for _ in range(3):
            working = dispatcher(store, port, clock, rules=rules(offers={"tea": TEA}), renderer=offering(tmp_path))
            await working.run_once()
            await working.close()
            clock.now += DAY
            seen.extend(post.mails)
    assert rows(store)["m-1"]["attempts"] == 3
    [envelope] = seen
    assert part(envelope, "plain").startswith(
        f"Take 15% off orders from ฿500.00 until March 15, 2026:\n\n    {code}\n\n"
    )
    assert f"<strong>{code}</strong>" in part(envelope, "html")


@pytest.mark.parametrize(
    ("when_empty", "status", "error", "sent"),
    [("hold", "queued", "offer-empty", 0), ("skip", "cancelled", "offer-empty", 0), ("send_without", "sent", None, 1)],
)
async def test_an_offer_whose_pool_is_empty_does_as_it_says(
    store: Store, tmp_path: Path, when_empty: WhenEmpty, status: str, error: str | None, sent: int
) -> None:
    add_customer(store)
    add_message(store, "m-1", template="note", context=OFFERING, expires_at=NOW + 48 * HOUR)
    pooled = replace(TEA, prefix="", pool="comeback", when_empty=when_empty)
    renderer = offering(tmp_path, "{% if offer %}{{ offer.code }}{% else %}Come and see us{% endif %}")
    post, clock = Post(), Clock()
    async with served(post) as port:
        working = dispatcher(store, port, clock, rules=rules(offers={"tea": pooled}), renderer=renderer)
        await working.run_once()
        row = rows(store)["m-1"]
        assert (row["status"], row["error"], len(post.mails)) == (status, error, sent)
        for envelope in post.mails:
            assert part(envelope, "plain").startswith("Come and see us\n")
        clock.now += 49 * HOUR
        await working.run_once()
        await working.close()
    assert len(post.mails) == sent
    assert statuses(store) == {"m-1": "expired" if status == "queued" else status}


@pytest.mark.parametrize(("locale", "language"), [("th", "th"), ("en-GB", "en"), (None, "en")])
async def test_the_starter_messages_reach_a_maildir_in_the_customers_language(
    tmp_path: Path, locale: str | None, language: str
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    store.migrate()
    add_customer(store, profile={"email": "anna@example.com", "first_name": "แอนนา", "locale": locale})
    add_message(store, "m-1")
    renderer = Renderer(load(STARTER))
    files = channels("", tmp_path / "mail", "Regulars <shop@example.com>", TIMEOUT, 1)
    assert await Dispatcher(store, Unchanging(RULES, renderer), files, Clock(), Config()).run_once() == 1
    assert statuses(store) == {"m-1": "sent"}
    content = (tmp_path / "mail" / "new" / "m-1").read_bytes()
    mail = message_from_bytes(content, policy=default)
    assert isinstance(mail, EmailMessage)
    assert mail["Content-Language"] == language
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert isinstance(part, EmailMessage)
        assert "แอนนา" in part.get_content()
    store.close()
