"""A network that fails on command: a TCP proxy on loopback before one service.

A Kafka client goes where the broker tells it to, past any proxy. So the broker must advertise the proxy's port:

    with ExitStack() as stack:
        proxies = []
        def advertise(port: int) -> int:
            proxies.append(stack.enter_context(ThreadedProxy("127.0.0.1", port)))
            return proxies[-1].port
        cluster = stack.enter_context(services.kafka_cluster(advertise=advertise))
        proxies[0].freeze()     # node 1 is cut off from clients, and other nodes no longer fetch from it

The same with `services.kafka` and `services.tansu`. For PostgreSQL, put the proxy's port into the URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any, Self

CHUNK = 64 * 1024
"""Bytes; so many a direction may still arrive after a freeze, where the receiver was slow to take them."""
PATIENCE = 10.0
"""Seconds an order to the thread may take."""
RESET, CLOSE = struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)
"""SO_LINGER: closing is a reset, which nobody takes for a good-bye; closing is a good-bye."""


class Proxy:
    """Passes bytes between who connects to `port` and the target. To be used within one event loop.

    Each order has taken effect when it returns, may be given in any state and again. A connection that the target
    refuses is reset.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._passing = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        self._listener: socket.socket | None = None
        # Never listens, only keeps the port ours while the proxy is cut and refuses connections.
        self._holder = _bound(0)
        self.port: int = self._holder.getsockname()[1]

    @property
    def connections(self) -> int:
        """How many connections stand now, those included that wait for the end of a freeze."""
        return len(self._connections)

    async def heal(self) -> None:
        """Pass bytes, also those that a freeze held back; accept connections."""
        self._listen()
        self._passing.set()

    async def freeze(self) -> None:
        """A silent network: nothing passes, nothing is told, not even that someone left. New ones are accepted."""
        self._passing.clear()
        self._listen()

    async def cut(self) -> None:
        """Reset every connection, refuse new ones; bytes on their way are lost."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.heal()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()
        self._holder.close()

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = _bound(self.port)
            self._listener.listen(128)
            asyncio.get_running_loop().add_reader(self._listener, self._accept, self._listener)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):  # it left before we came
            client, _ = listener.accept()
            client.setblocking(False)
            task = asyncio.create_task(self._serve(client))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _serve(self, client: socket.socket) -> None:
        server = socket.socket()
        server.setblocking(False)
        with client, server:
            _at_the_end(RESET, client, server)
            try:
                await self._passing.wait()
                await asyncio.get_running_loop().sock_connect(server, self._target)
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pass(client, server))
                    both.create_task(self._pass(server, client))
                _at_the_end(CLOSE, client, server)
            except* OSError:
                pass  # one side left without a good-bye, or never came: the other is told the same way

    async def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._passing.wait()
            data = await loop.sock_recv(source, CHUNK)
            await self._passing.wait()
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            await loop.sock_sendall(sink, data)


class ThreadedProxy:
    """A `Proxy` with a thread of its own, for tests that block; the same orders, from any thread."""

    def __init__(self, host: str, port: int) -> None:
        self._proxy = Proxy(host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{self.port}", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._proxy.port

    @property
    def connections(self) -> int:
        """How many connections stand now."""
        return self._proxy.connections

    def heal(self) -> None:
        """As `Proxy.heal`."""
        self._order(self._proxy.heal())

    def freeze(self) -> None:
        """As `Proxy.freeze`."""
        self._order(self._proxy.freeze())

    def cut(self) -> None:
        """As `Proxy.cut`."""
        self._order(self._proxy.cut())

    def __enter__(self) -> Self:
        self._thread.start()
        self._order(self._proxy.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self._order(self._proxy.__aexit__())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _order(self, order: Coroutine[Any, Any, object]) -> None:
        asyncio.run_coroutine_threadsafe(order, self._loop).result(PATIENCE)


def _bound(port: int) -> socket.socket:
    """A socket on this port of loopback, which it shares with another of ours."""
    bound = socket.socket()
    bound.setblocking(False)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def _at_the_end(linger: bytes, *connections: socket.socket) -> None:
    for each in connections:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
