# SPDX-License-Identifier: Apache-2.0

"""A TCP proxy which makes the faults of a network happen."""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
import concurrent.futures
import select
import socket
import struct
import threading
from typing import Any
from typing import TypeVar

import fixtures

from nova_sg.servicegroup.testing import exchanges
from nova_sg.servicegroup.testing import ports
from nova_sg.servicegroup.testing import ways

_T = TypeVar('_T')

_CHUNK = 65536  # bytes read at once
_IN_FLIGHT = 64  # chunks on their way before we stop reading
_TIMEOUT = 10  # seconds a command to the proxy may take
_PATIENCE = 60  # seconds that what a test does meanwhile may take
_RESET_AT_CLOSE = struct.pack('ii', 1, 0)  # linger on, for 0 s


class TcpProxy(fixtures.Fixture):
    """A proxy on a loopback port, whose faults a test turns on and off.

    Any thread may call its methods; they have worked when they return.
    A server that refuses shows as a connection made and reset at once.

    :param target_port: where the server listens
    :param target_host: on which address
    :ivar port: where the proxy listens, also after refuse() and listen()
    :ivar latency: seconds each byte takes, in either direction; counts for
        what arrives from then on
    :ivar accepted: how many connections were accepted so far
    :ivar withheld: how many answers were withheld so far
    :ivar held: how many requests were held back so far
    """

    port: int

    def __init__(
        self, target_port: int, target_host: str = ports.HOST
    ) -> None:
        super().__init__()
        self.target = (target_host, target_port)
        self.latency = 0.0
        self.accepted = 0
        self.withheld = 0
        self.held = 0
        self._policy: exchanges.Policy | None = None
        self._holding: exchanges.Policy | None = None
        self._released = asyncio.Event()
        self._meanwhile: Callable[[], object] | None = None
        self._meanwhiles = concurrent.futures.ThreadPoolExecutor()
        self._acting: set[concurrent.futures.Future[object]] = set()
        self._resetting: asyncio.Task[None] | None = None
        self._ways = {
            ways.Direction.TO_SERVER: ways.Way(),
            ways.Direction.TO_CLIENT: ways.Way(),
        }
        self._listening: asyncio.Task[None] | None = None
        self._carrying: set[asyncio.Task[None]] = set()

    @property
    def hosts(self) -> str:
        """host:port."""
        return f'{ports.HOST}:{self.port}'

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._carrying)

    def forwarded(self, direction: ways.Direction) -> int:
        """Return how many bytes went this way, or both ways."""
        return sum(way.bytes for way in self._chosen(direction))

    def _setUp(self) -> None:
        self.port = self.useFixture(ports.Port()).number
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name='tcp-proxy', daemon=True
        )
        self._thread.start()
        self.addCleanup(self._end)
        self.listen()

    def cut(self, directions: ways.Direction = ways.Direction.BOTH) -> None:
        """Let nothing through, silently.

        Bytes, ends and resets are held back until heal(), whichever side
        they come from. New connections are accepted, since only the kernel
        could drop them, but wait too; those whose client has given up in
        the meantime never reach the server.
        """
        self._call(self._cut(directions))

    def heal(self, directions: ways.Direction = ways.Direction.BOTH) -> None:
        """Let everything through again, what was held back first."""
        self._call(self._heal(directions))

    def reset(self) -> None:
        """Break every open connection, on both sides, with a RST."""
        self._call(self._cancel(self._carrying))

    def reset_every(self, seconds: float) -> None:
        """Break every open connection again and again.

        :param seconds: the time between; 0.0 ends it
        """
        if self._resetting is not None:
            self._call(self._cancel({self._resetting}))
            self._resetting = None
        if seconds:
            self._resetting = self._call(self._begin(self._reset_all(seconds)))

    def withhold(
        self,
        policy: exchanges.Policy,
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        """Keep answers back, and break their connections with a RST.

        The server has done what it was asked for, and its client never
        learns it. Bytes which a server sends unasked pass.

        :param policy: which answers; see :mod:`.exchanges`
        :param meanwhile: called in a thread of its own once an answer is
            there, before its connection breaks
        """
        self._meanwhile = meanwhile
        self._policy = policy

    def deliver(self) -> None:
        """Let all answers through again; ends :meth:`withhold`.

        What is done meanwhile has ended when this returns: a client that
        does not wait for its answer may be done before.
        """
        acting = self._call(self._deliver())
        concurrent.futures.wait(acting, timeout=_PATIENCE)

    def hold(self, policy: exchanges.Policy) -> None:
        """Hold requests back until :meth:`release`; they arrive late.

        :param policy: which requests; see :mod:`.exchanges`
        """
        self._released.clear()
        self._holding = policy

    def release(self) -> None:
        """Let the requests go on that are held back, and all others."""
        self._holding = None
        self._call(self._release())

    def refuse(self) -> None:
        """Refuse new connections; the open ones go on, see reset()."""
        if self._listening is not None:
            self._call(self._cancel({self._listening}))
            self._listening = None

    def listen(self) -> None:
        """Accept connections again after refuse()."""
        if self._listening is None:
            self._listening = self._call(self._listen())

    def _end(self) -> None:
        self.deliver()
        self.reset_every(0)
        self.refuse()
        self.reset()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._meanwhiles.shutdown()

    def _call(self, command: Coroutine[Any, Any, _T]) -> _T:
        future = asyncio.run_coroutine_threadsafe(command, self._loop)
        return future.result(_TIMEOUT)

    def _chosen(self, directions: ways.Direction) -> list[ways.Way]:
        return [way for key, way in self._ways.items() if key in directions]

    # What follows runs in the proxy's own thread.

    async def _cut(self, directions: ways.Direction) -> None:
        for way in self._chosen(directions):
            way.open.clear()

    async def _heal(self, directions: ways.Direction) -> None:
        for way in self._chosen(directions):
            way.open.set()

    async def _deliver(self) -> set[concurrent.futures.Future[object]]:
        self._policy = None
        return set(self._acting)

    async def _release(self) -> None:
        self._released.set()

    async def _cancel(self, tasks: set[asyncio.Task[None]]) -> None:
        doomed = list(tasks)
        for task in doomed:
            task.cancel()
        await asyncio.gather(*doomed, return_exceptions=True)

    async def _begin(
        self, work: Coroutine[Any, Any, None]
    ) -> asyncio.Task[None]:
        return self._loop.create_task(work)

    async def _reset_all(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._cancel(self._carrying)

    async def _listen(self) -> asyncio.Task[None]:
        listener = socket.create_server((ports.HOST, self.port), backlog=1024)
        listener.setblocking(False)
        return self._loop.create_task(self._accept(listener))

    async def _accept(self, listener: socket.socket) -> None:
        with listener:
            while True:
                client, _ = await self._loop.sock_accept(listener)
                self.accepted += 1
                task = self._loop.create_task(self._carry(client))
                self._carrying.add(task)
                task.add_done_callback(self._carrying.discard)

    async def _carry(self, client: socket.socket) -> None:
        """Carry one connection to its end."""
        server = socket.socket()
        server.setblocking(False)
        orderly = False
        try:
            await self._wait_for_both_ways()
            if not _has_left(client):
                await self._loop.sock_connect(server, self.target)
                await self._relay(client, server)
            orderly = True
        except* OSError:
            pass  # one side was reset, so the other is
        finally:
            for side in (client, server):
                if not orderly:
                    side.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE
                    )
                side.close()

    async def _wait_for_both_ways(self) -> None:
        # A handshake needs both.
        both = self._ways.values()
        while not all(way.open.is_set() for way in both):
            for way in both:
                await way.open.wait()

    async def _relay(
        self, client: socket.socket, server: socket.socket
    ) -> None:
        there = self._ways[ways.Direction.TO_SERVER]
        back = self._ways[ways.Direction.TO_CLIENT]
        talk = _Talk()
        async with asyncio.TaskGroup() as tasks:
            for way, source, sink, note in (
                (there, client, server, self._note_request),
                (back, server, client, self._note_answer),
            ):
                sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                pipe: ways.Pipe = asyncio.Queue(_IN_FLIGHT)
                tasks.create_task(self._read(source, pipe, talk, note))
                tasks.create_task(way.write(pipe, sink))

    async def _read(
        self,
        source: socket.socket,
        pipe: ways.Pipe,
        talk: '_Talk',
        note: Callable[['_Talk'], Coroutine[Any, Any, None]],
    ) -> None:
        data: bytes | None = b'-'
        while data:
            try:
                data = await self._loop.sock_recv(source, _CHUNK)
            except OSError:
                data = None
            if data:
                await note(talk)
            await pipe.put((self._loop.time() + self.latency, data))

    async def _note_request(self, talk: '_Talk') -> None:
        if talk.asking:
            return
        talk.asking = True
        talk.withheld = self._policy is not None and self._policy()
        if self._holding is not None and self._holding():
            self.held += 1
            await self._released.wait()

    async def _note_answer(self, talk: '_Talk') -> None:
        """Note that the server says something.

        :raises ConnectionResetError: it is an answer that is withheld
        """
        if talk.withheld and self._policy is not None:
            # Counted before a test that acts meanwhile can look.
            self.withheld += 1
            if self._meanwhile is not None:
                acting = self._meanwhiles.submit(self._meanwhile)
                self._acting.add(acting)
                await asyncio.wrap_future(acting)
                self._acting.discard(acting)
            raise ConnectionResetError
        talk.asking = False


class _Talk:
    """Whose turn it is on one connection.

    :ivar asking: the client has said something since the server last did
    :ivar withheld: what the server says to it is withheld
    """

    def __init__(self) -> None:
        self.asking = False
        self.withheld = False


def _has_left(client: socket.socket) -> bool:
    poll = select.poll()
    poll.register(client, select.POLLRDHUP | select.POLLHUP)
    return bool(poll.poll(0))
