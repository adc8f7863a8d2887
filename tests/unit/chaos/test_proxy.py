"""The failing network fails as it says, and only then."""

from __future__ import annotations

import asyncio
import socket
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.chaos.proxy import Proxy, ThreadedProxy
from tests.services import HOST, free_port

MOMENT = 0.1
"""Seconds in which a byte would have come, had it been let through."""
SOON = 5.0


@pytest.fixture(autouse=True)
async def no_task_is_left() -> AsyncIterator[None]:
    yield
    left = {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    if left:  # an end that is under way
        _, left = await asyncio.wait(left, timeout=1.0)
    assert not left


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """The port of a server that says everything back, and says good-bye when its client does."""

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            while data := await reader.read(1000):
                writer.write(data)
                await writer.drain()
            writer.write(b"bye")
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, HOST, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def proxy(echo: int) -> AsyncIterator[Proxy]:
    async with Proxy(HOST, echo) as made:
        yield made


class Client:
    """One who talks to the echo."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def hear(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), SOON)

    async def hears_nothing(self) -> bool:
        try:
            await asyncio.wait_for(self.reader.read(1), MOMENT)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def client(proxy: Proxy | ThreadedProxy) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()


async def refused(proxy: Proxy | ThreadedProxy) -> bool:
    try:
        async with client(proxy):
            return False
    except ConnectionRefusedError:
        return True


async def until(proxy: Proxy, connections: int) -> None:
    async with asyncio.timeout(SOON):
        while proxy.connections != connections:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_bytes_pass_both_ways(proxy: Proxy) -> None:
    async with client(proxy) as anna, client(proxy) as ben:
        anna.say(b"one")
        ben.say(b"two")
        assert await anna.hear(3) == b"one"
        assert await ben.hear(3) == b"two"


async def test_much_passes_whole_and_in_order(proxy: Proxy) -> None:
    sent = b"".join(number.to_bytes(4, "big") for number in range(500_000))
    async with client(proxy) as anna:
        anna.say(sent)
        assert await anna.hear(len(sent)) == sent


async def test_one_who_has_said_everything_still_hears_the_answer(proxy: Proxy) -> None:
    async with client(proxy) as anna:
        anna.say(b"one")
        anna.writer.write_eof()
        assert await asyncio.wait_for(anna.reader.read(), SOON) == b"onebye"
        await until(proxy, 0)


async def test_a_good_bye_cuts_nothing_off_for_one_who_listens_slowly(proxy: Proxy) -> None:
    sent = bytes(500_000)
    loop = asyncio.get_running_loop()
    with socket.socket() as slow:
        slow.setblocking(False)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # so the last bytes wait on the proxy's side
        await loop.sock_connect(slow, (HOST, proxy.port))
        saying = asyncio.create_task(loop.sock_sendall(slow, sent))
        saying.add_done_callback(lambda _: slow.shutdown(socket.SHUT_WR))
        heard = b""
        while data := await asyncio.wait_for(loop.sock_recv(slow, 4096), SOON):
            heard += data
        assert heard == sent + b"bye"


async def test_one_who_leaves_is_forgotten(proxy: Proxy) -> None:
    async with client(proxy) as anna:
        anna.say(b"one")
        await anna.hear(3)
        assert proxy.connections == 1
    await until(proxy, 0)


async def test_a_cut_resets_who_is_connected_and_refuses_who_comes(proxy: Proxy) -> None:
    async with client(proxy) as anna:
        anna.say(b"one")
        await anna.hear(3)
        await proxy.cut()
        assert proxy.connections == 0
        with pytest.raises(ConnectionResetError):
            await anna.hear(1)
        assert await refused(proxy)
        assert await refused(proxy)


async def test_the_target_too_learns_of_a_cut() -> None:
    ended: asyncio.Future[bytes | Exception] = asyncio.get_running_loop().create_future()

    async def listen(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            ended.set_result(await reader.readexactly(9))
        except (OSError, asyncio.IncompleteReadError) as error:
            ended.set_result(error)
        finally:
            writer.close()

    server = await asyncio.start_server(listen, HOST, 0)
    async with server, Proxy(HOST, server.sockets[0].getsockname()[1]) as proxy, client(proxy) as anna:
        anna.say(b"half")
        await asyncio.sleep(MOMENT)
        await proxy.cut()
        assert isinstance(await asyncio.wait_for(ended, SOON), ConnectionResetError)


async def test_after_a_cut_the_same_port_is_healed(proxy: Proxy) -> None:
    port = proxy.port
    await proxy.cut()
    await proxy.heal()
    assert proxy.port == port
    async with client(proxy) as anna:
        anna.say(b"one")
        assert await anna.hear(3) == b"one"


async def test_a_freeze_holds_bytes_back_and_healing_hands_them_on(proxy: Proxy) -> None:
    async with client(proxy) as anna:
        anna.say(b"one")
        await anna.hear(3)
        await proxy.freeze()
        anna.say(b"two")
        assert await anna.hears_nothing()
        await proxy.heal()
        assert await anna.hear(3) == b"two"


async def test_a_frozen_network_accepts_and_stays_silent(proxy: Proxy) -> None:
    await proxy.freeze()
    async with client(proxy) as anna:
        anna.say(b"one")
        assert await anna.hears_nothing()
        await proxy.heal()
        assert await anna.hear(3) == b"one"


async def test_a_target_hears_nothing_of_one_who_comes_and_leaves_during_a_freeze() -> None:
    came = asyncio.Event()

    async def listen(reader: StreamReader, writer: StreamWriter) -> None:
        came.set()
        writer.close()

    server = await asyncio.start_server(listen, HOST, 0)
    async with server, Proxy(HOST, server.sockets[0].getsockname()[1]) as proxy:
        await proxy.freeze()
        async with client(proxy):
            await until(proxy, 1)
        await asyncio.sleep(MOMENT)
        assert not came.is_set()
        assert proxy.connections == 1


async def test_a_frozen_network_can_be_cut_and_a_cut_one_frozen(proxy: Proxy) -> None:
    await proxy.freeze()
    async with client(proxy) as anna:
        await until(proxy, 1)
        await proxy.cut()
        with pytest.raises(ConnectionResetError):
            await anna.hear(1)
    await proxy.freeze()
    async with client(proxy) as ben:
        ben.say(b"two")
        assert await ben.hears_nothing()


async def test_an_order_given_twice_is_as_good_as_once(proxy: Proxy) -> None:
    for order in (proxy.cut, proxy.freeze, proxy.heal):
        await order()
        await order()
    async with client(proxy) as anna:
        anna.say(b"one")
        assert await anna.hear(3) == b"one"


async def test_where_nobody_listens_the_connection_is_reset() -> None:
    async with Proxy(HOST, free_port()) as proxy, client(proxy) as anna:
        with pytest.raises(ConnectionResetError):
            await anna.hear(1)
        await until(proxy, 0)


async def test_nothing_listens_when_it_is_left(echo: int) -> None:
    async with Proxy(HOST, echo) as proxy, client(proxy) as anna:
        anna.say(b"one")
        await anna.hear(3)
    assert await refused(proxy)


async def test_while_cut_nobody_else_gets_the_port(proxy: Proxy) -> None:
    await proxy.cut()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((HOST, proxy.port))


async def test_one_in_a_thread_of_its_own_takes_the_same_orders(echo: int) -> None:
    with ThreadedProxy(HOST, echo) as proxy:
        async with client(proxy) as anna:
            anna.say(b"one")
            assert await anna.hear(3) == b"one"
            assert proxy.connections == 1
            proxy.freeze()
            anna.say(b"two")
            assert await anna.hears_nothing()
            proxy.heal()
            assert await anna.hear(3) == b"two"
            proxy.cut()
            with pytest.raises(ConnectionResetError):
                await anna.hear(1)
        assert await refused(proxy)
        proxy.heal()
        async with client(proxy) as ben:
            ben.say(b"one")
            assert await ben.hear(3) == b"one"
    assert await refused(proxy)


def test_the_thread_ends_with_its_proxy() -> None:
    with ThreadedProxy(HOST, free_port()) as proxy:
        name = f"proxy-{proxy.port}"
        assert name in [thread.name for thread in threading.enumerate()]
    assert name not in [thread.name for thread in threading.enumerate()]
