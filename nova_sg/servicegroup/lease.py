# SPDX-License-Identifier: Apache-2.0

"""The lease of this process with a backend that expires silent processes.

ZooKeeper calls it a session, etcd a lease. The backend drops all that a
process has put on its lease when it has not heard of it for a timeout::

    t=0   agent A joins: its member is on lease 1, with a timeout of 6 s
    t=10  the network between A and the backend is cut
    t=16  the backend expires lease 1, and A is down for every reader; A
          presumes as much by its own clock
    t=20  the network is back: A gets lease 2, and joins again

A backend that stands still expires leases of processes that live::

    t=0   the ensemble pauses; agents A and B live
    t=8   it goes on, and expires the leases of both
    t=8   reader R, which noticed the pause, is *settling*: A and B stand as
          they did
    t=9   A and B have joined again, on new leases
"""

import abc
from collections.abc import Callable
import threading
import time
import weakref

from oslo_log import log as logging

from nova_sg import exception
from nova_sg import instruments
from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import liveness

LOG = logging.getLogger(__name__)

#: The share of the timeout which a backend may stand still before it expires
#: leases of processes that live: they give a sign of life about every half of
#: it.
STANDSTILL = 1 / 3

#: The same for a standstill of which only the end was seen, by a process that
#: connects for the first time.
FIRST_STANDSTILL = 1 / 4

#: The share of the timeout for which a process that has connected for the
#: first time allows for a standstill that it has not seen. Members are back
#: within a second.
UNSURE = 1 / 8

#: The share of the timeout within which every member gives a sign of life.
SIGN_OF_LIFE = 7 / 12

#: The longest doubt, in timeouts, in which the backend answers; and the same
#: with the interruptions that gave cause for it.
DOUBT = 2
LONGEST_DOUBT = 3


class Listener:
    """Told how a lease fares."""

    def lease_changed(self) -> None:
        """The connection was made or lost, or the lease has ended.

        Called in a thread of the client library: it must not wait.
        """

    def closed(self) -> None:
        """The lease was ended here, with all it held."""

    def forked(self) -> None:
        """This is a forked child, which has no connection yet."""


class Lease(abc.ABC):
    """One lease after the other, over one connection after the other.

    A backend makes a subclass of it, which connects, and notes here what
    happens.

    :param timeout: seconds after which the backend expires the lease, as
        configured
    :param request_timeout: seconds until a request is given up
    :ivar timeout: the same as granted by the backend
    :ivar number: the number of the lease, None without one
    :ivar down_since: ``time.monotonic()`` since when there is no connection,
        None while there is one
    :ivar heard_at: ``time.monotonic()`` before the latest request that was
        answered, None before the first
    :ivar vouched_at: ``time.monotonic()`` before :meth:`vouch` was called
        for the last time and succeeded; 0.0 before that
    """

    def __init__(self, timeout: float, request_timeout: float) -> None:
        self.request_timeout = request_timeout
        self._configured_timeout = timeout
        self._listeners: list[weakref.ref[Listener]] = []
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._connected = threading.Event()
        self.timeout = self._configured_timeout
        self.number: int | None = None
        self.down_since: float | None = None
        self.heard_at: float | None = None
        self.vouched_at = 0.0
        self._unsure_until = 0.0
        self._doubting = doubt.Doubting(_bounds(self.timeout))
        #: Whether the log says that the connection is lost, or made; None
        #: where it says nothing of it yet.
        self._told_lost: bool | None = None
        #: Whether there was doubt when the connection was lost.
        self._doubted = False

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """The backend in messages."""

    @abc.abstractmethod
    def connect(self, unless: Callable[[], bool] | None = None) -> None:
        """Begin to connect where nothing does; never waits.

        :param unless: where it returns True, nothing is begun
        :raises ServiceGroupUnavailable: it did
        """

    @abc.abstractmethod
    def watch(self) -> None:
        """Notice from now on when the backend stands still.

        For a process that reads about others, however seldom: see
        :attr:`settling`.
        """

    @abc.abstractmethod
    def keep(self) -> None:
        """Give a sign of life, if one is due.

        To be called every :attr:`keep_every` seconds by a process that has
        something on the lease.
        """

    @abc.abstractmethod
    def vouch(self) -> None:
        """Have what is read from now on be no older than this moment.

        :raises ServiceGroupUnavailable: that cannot be had
        """

    @property
    def keep_every(self) -> float:
        """Seconds between two calls of :meth:`keep`."""
        return self.timeout / 6

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    @property
    def settling(self) -> bool:
        """Whether a missing member may live all the same.

        After a standstill the backend expires leases of processes that live,
        which need a moment to join again. See ``servicegroup.doubt``.
        """
        if time.monotonic() < self._unsure_until:
            return True
        if self.connected:
            return self._doubting.now is not None
        return self._doubted

    @property
    def doubt(self) -> liveness.Doubt | None:
        """Why a missing member may live, where an interruption explains it."""
        return self._doubting.now

    def add_listener(self, listener: Listener) -> None:
        """Tell a listener, as long as it lives, how the lease fares."""
        with self._lock:
            alive = [each for each in self._listeners if each() is not None]
            self._listeners = [*alive, weakref.ref(listener)]

    def unavailable(self, reason: str) -> exception.ServiceGroupUnavailable:
        return exception.ServiceGroupUnavailable(
            backend=self.name, reason=reason
        )

    def _listening(self) -> list[Listener]:
        there = [each() for each in self._listeners]
        return [each for each in there if each is not None]

    def _note_connecting(self) -> None:
        """Note that this process connects for the first time."""
        self.down_since = now = time.monotonic()
        earlier = self.timeout * (STANDSTILL - FIRST_STANDSTILL)
        self._doubting.lost('it was long to connect', now - earlier)

    def _note_connected(self, number: int) -> None:
        """Note that there is a connection, and which lease it is."""
        now = time.monotonic()
        self.number = number
        if self.heard_at is None:
            self._unsure_until = now + self.timeout * UNSURE
        self._doubting.found()
        self.heard_at = now
        self.down_since = None
        self._connected.set()

    def _note_disconnected(self) -> None:
        """Note that the connection is lost; the lease may go on."""
        if not self.connected:
            return
        self._doubted = self.settling
        self.down_since = time.monotonic()
        self._connected.clear()
        self._doubting.lost('the connection was lost', self.heard_at)
        if self._told_lost is False:
            self._told_lost = True
            LOG.warning('Lost the connection to %s', self.name)

    def _note_expired(self) -> None:
        """Note that the lease has ended, and all that was on it is gone."""
        if self.number is not None:
            self.number = None
            instruments.current.lease_lost()

    def _note_closed(self) -> None:
        """Note that the lease was ended here."""
        self._connected.clear()
        self.number = self.down_since = None

    def _note_granted(self, seconds: float) -> None:
        """Note the timeout that the backend has granted."""
        self.timeout = seconds
        self._doubting.bounds = _bounds(seconds)

    def _note_heard(self, sent_at: float) -> None:
        """Note that a request was answered.

        Only then the log tells of the connection: one that a server makes
        and ends at once, again and again, is none.

        :param sent_at: ``time.monotonic()`` when the request was sent
        """
        self.heard_at = sent_at
        if self._told_lost is not False and self.connected:
            self._told_lost = False
            LOG.info('Connected to %s', self.name)

    def _note_vouched(self, sent_at: float) -> None:
        """Note that what is read now is no older than a moment."""
        with self._lock:
            self.vouched_at = max(self.vouched_at, sent_at)


def _bounds(timeout: float) -> doubt.Bounds:
    """Return how much doubt an outage is worth.

    :param timeout: of the lease, in seconds
    """
    return doubt.Bounds(
        beat=timeout * SIGN_OF_LIFE,
        tolerable=timeout * STANDSTILL,
        settling=timeout,
        limit=timeout * DOUBT,
    )
