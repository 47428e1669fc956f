# SPDX-License-Identifier: Apache-2.0

"""Telling systemd how a process is (see sd_notify(3)).

::

    systemd = Notifier()
    systemd.notify('READY=1')
    while loop.next():
        systemd.turned()
"""

import contextlib
import os
import socket
import time

#: How often a loop turns within the time after which systemd ends it.
TURNS = 4


class Notifier:
    """The way to the systemd that started this process, if it wants to know.

    It knows the way from the environment of the moment it is made: make it
    before anything takes ``NOTIFY_SOCKET`` out of there, or forks.

    :ivar tick: in how many seconds a loop has to turn; None: nothing watches
    """

    def __init__(self) -> None:
        self._address = os.environ.get('NOTIFY_SOCKET', '')
        if self._address.startswith('@'):
            # A name in the abstract namespace.
            self._address = '\0' + self._address[1:]
        elif not self._address.startswith('/'):
            self._address = ''
        self.tick = _tick() if self._address else None
        self._told: float | None = None

    def notify(self, state: str) -> None:
        """Send a state.

        It is not worth an error: a service that cannot say so is ready all
        the same.

        :param state: ``READY=1``, ``STOPPING=1``, ...
        """
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client,
        ):
            # A systemd that no longer reads must not hold a heartbeat.
            client.setblocking(False)
            client.connect(self._address)
            client.send(state.encode())

    def turned(self) -> None:
        """Tell the watchdog that a loop has turned, at most once a tick."""
        if self.tick is None:
            return
        now = time.monotonic()
        # The loop that wakes each tick may be early by a little.
        if self._told is None or now - self._told >= self.tick * 0.9:
            self._told = now
            self.notify('WATCHDOG=1')


def soonest(*ticks: float | None) -> float | None:
    """Return in how many seconds a loop has to turn for all that watch it.

    :param ticks: in how many it has to for each; None where that is not there
    """
    return min((each for each in ticks if each is not None), default=None)


def _tick() -> float | None:
    """Return how often this process has to be heard of, in seconds."""
    pid = os.environ.get('WATCHDOG_PID', '')
    if pid and pid != str(os.getpid()):
        # It is for the process that started this one.
        return None
    microseconds = os.environ.get('WATCHDOG_USEC', '')
    if not (microseconds.isascii() and microseconds.isdecimal()):
        return None
    return int(microseconds) / 1e6 / TURNS or None
