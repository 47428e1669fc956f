# SPDX-License-Identifier: Apache-2.0

"""The two ways through a proxy, each of which can be shut."""

import asyncio
import enum
import socket


class Direction(enum.Flag):
    """Which way bytes go."""

    TO_SERVER = enum.auto()
    TO_CLIENT = enum.auto()
    BOTH = TO_SERVER | TO_CLIENT


# When it is due on the loop's clock, and what: bytes, b'' for the end, None
# for a reset.
Pipe = asyncio.Queue[tuple[float, bytes | None]]


class Way:
    """One direction through the proxy, for all its connections."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.bytes = 0

    async def write(self, pipe: Pipe, sink: socket.socket) -> None:
        """Write what comes out of the pipe, until its end.

        :raises ConnectionResetError: if it ends with a reset
        """
        loop = asyncio.get_running_loop()
        lost = False
        while True:
            due, data = await pipe.get()
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            await self.open.wait()
            if data is None:
                raise ConnectionResetError
            try:
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                if not lost:
                    # Counted before the reader of the bytes can look.
                    self.bytes += len(data)
                    await loop.sock_sendall(sink, data)
            except OSError:
                # The sink was reset. Its side of this is for the other way
                # to tell, when that one is open.
                lost = True
                if not data:
                    return
