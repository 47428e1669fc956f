# SPDX-License-Identifier: Apache-2.0

"""The connection to ZooKeeper: made, lost, made again, given up."""

import threading
import time
import weakref

from kazoo.protocol import states
from oslo_config import cfg
from oslo_log import log as logging

from nova_sg import exception
from nova_sg.servicegroup import doubt
from nova_sg.servicegroup.backends.zookeeper import client as sg_client
from nova_sg.servicegroup.backends.zookeeper import layout

LOG = logging.getLogger(__name__)

#: Seconds between two clients, where clients keep giving up.
RENEWAL_PAUSE = 0.5

#: Seconds a call waits when the ensemble has been away for long already.
BRIEFLY = 1.0

#: The share of the session timeout which the ensemble may stand still before
#: it expires sessions of processes that live: they give a sign of life about
#: every half of it.
STANDSTILL = 1 / 3

#: The same for a standstill of which only the end was seen, by a process that
#: connects for the first time.
FIRST_STANDSTILL = 1 / 4

#: The share of the session timeout for which a process that has connected for
#: the first time allows for a standstill that it has not seen. Members are
#: back within a second.
UNSURE = 1 / 8

#: The longest doubt, in session timeouts, in which the ensemble answers; and
#: the same with the interruptions that gave cause for it.
DOUBT = 2
LONGEST_DOUBT = 3


class Listener:
    """Who wants to know how the connection fares."""

    def connection_changed(self) -> None:
        """It was made or lost, or the session has ended.

        Called in kazoo's thread, so that nothing may wait.
        """

    def closed(self) -> None:
        """The session was ended here, with all it held."""

    def forked(self) -> None:
        """This is a forked child, which has no connection yet."""


class Connection:
    """One session after the other, over one connection after the other.

    It connects when it is first used, reconnects by itself, and takes
    another client where one has given up.

    :param conf: a loaded configuration
    :param handler_factory: makes kazoo's handler: how it waits and runs
        threads
    :raises InvalidConfiguration: an option of ``[zookeeper]`` is no use
    :ivar timeout: seconds after which the ensemble gives this process up
    :ivar number: the number of the session, None without one
    :ivar down_since: ``time.monotonic()`` since when there is no connection,
        None while there is one
    :ivar heard_at: ``time.monotonic()`` before the latest request that was
        answered, None before the first
    :ivar vouched_at: ``time.monotonic()`` before the server was last asked to
        catch up with the leader, and did; 0.0 before that
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        handler_factory: sg_client.HandlerFactory,
    ) -> None:
        self.options = conf.zookeeper
        sg_client.check(self.options)
        self.layout = layout.Layout(self.options.chroot)
        self.request_timeout: float = self.options.request_timeout
        self._handler_factory = handler_factory
        self._listeners: list[weakref.ref[Listener]] = []
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._client: sg_client.Client | None = None
        self._renew_at = 0.0
        self._connected = threading.Event()
        self.timeout: float = self.options.session_timeout
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
    def name(self) -> str:
        """The backend in messages."""
        return f'zookeeper://{",".join(self.options.hosts)}{self.layout.root}'

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    @property
    def settling(self) -> bool:
        """Whether a missing member may live all the same.

        After a standstill the ensemble expires sessions of processes that
        live, which need a moment to join again. See ``servicegroup.doubt``.
        """
        if time.monotonic() < self._unsure_until:
            return True
        if self.connected:
            return self._doubting.now is not None
        return self._doubted

    @property
    def doubt(self) -> doubt.Doubt | None:
        """Why a missing member may live, where an interruption explains it."""
        return self._doubting.now

    @property
    def presumed_dead(self) -> bool:
        """Whether the ensemble may have given this process up already.

        By this process's own clock: a connection that is cut off silently
        brings no news of it.
        """
        heard_at = self.heard_at
        return (
            self.number is None
            or heard_at is None
            or time.monotonic() >= heard_at + self.timeout
        )

    def add_listener(self, listener: Listener) -> None:
        """Tell somebody, as long as it lives, how the connection fares."""
        with self._lock:
            alive = [each for each in self._listeners if each() is not None]
            self._listeners = [*alive, weakref.ref(listener)]

    def connect(self, unless: threading.Event | None = None) -> None:
        """Begin to connect, where there is no client that does.

        :param unless: once it is set, nothing is begun
        :raises ServiceGroupUnavailable: it is set
        """
        self._current_client(unless)

    def wait_until_connected(self, deadline: float) -> sg_client.Client:
        """Return a client with a connection.

        :param deadline: ``time.monotonic()`` until when to wait. Once the
            ensemble has been away for longer than a request may take, nobody
            waits for long, so that not every caller pays for it.
        :raises ServiceGroupUnavailable: there is none in time
        """
        client = self._current_client()
        down_since = self.down_since
        if down_since is not None:
            given_up = down_since + self.request_timeout
            deadline = min(deadline, max(given_up, time.monotonic() + BRIEFLY))
        while not self._connected.wait(0.05):
            if time.monotonic() >= deadline:
                raise self._why_not()
            client = self._current_client()
        return client

    def drop(self) -> None:
        """Give up the connection; the session goes on over another one."""
        client = self._client
        if client is not None:
            LOG.debug('Dropping a silent connection to %s', self.name)
            client.drop_connection()

    def close(self) -> None:
        """End the session, and all it holds; used again, another begins."""
        with self._lock:
            client, self._client = self._client, None
            was_connected = self.connected
            self._connected.clear()
            self.number = self.down_since = None
        for listener in self._listening():
            listener.closed()
        if client is None:
            return
        if was_connected:
            client.stop()
        else:
            # To end it in good order would wait for a server.
            threading.Thread(target=client.stop, daemon=True).start()

    def unavailable(self, reason: str) -> exception.ServiceGroupUnavailable:
        return exception.ServiceGroupUnavailable(
            backend=self.name, reason=reason
        )

    def forget(self) -> None:
        """Drop, in a forked child, the connection of the parent."""
        client = self._client
        if client is not None:
            client.abandon()
            _inherited.append(client)
        self._begin()
        for listener in self._listening():
            listener.forked()

    def _current_client(
        self, unless: threading.Event | None = None
    ) -> sg_client.Client:
        client = self._client
        if client is not None and not client.ended:
            return client
        with self._lock:
            if unless is not None and unless.is_set():
                raise self.unavailable('it was closed')
            client = self._client
            if client is None:
                self.down_since = now = time.monotonic()
                earlier = self.timeout * (STANDSTILL - FIRST_STANDSTILL)
                self._doubting.lost('it was long to connect', now - earlier)
            elif not client.ended or time.monotonic() < self._renew_at:
                return client
            self._renew_at = time.monotonic() + RENEWAL_PAUSE
            made = sg_client.Client(
                self.options, self._handler_factory(), self._granted
            )
            if client is not None:
                made.refused = client.refused
                # No server that is behind what was read is any use.
                made.kazoo.last_zxid = client.kazoo.last_zxid
                client.stop()
            self._client = made
            made.kazoo.add_listener(
                lambda state: self._state_changed(made, state)
            )
            made.start()
            return made

    def _state_changed(self, client: sg_client.Client, state: str) -> None:
        """Take note; called in kazoo's thread, so that nothing may wait."""
        if client is not self._client:
            return
        if state == states.KazooState.CONNECTED:
            self.number = client.kazoo.client_id[0]
            now = time.monotonic()
            if self.heard_at is None:
                self._unsure_until = now + self.timeout * UNSURE
            self._doubting.found()
            self.heard_at = now
            self.down_since = None
            self._connected.set()
        else:
            if self.connected:
                self._doubted = self.settling
                self.down_since = time.monotonic()
                self._connected.clear()
                self._doubting.lost('the connection was lost', self.heard_at)
                if self._told_lost is False:
                    self._told_lost = True
                    LOG.warning('Lost the connection to %s', self.name)
            if state == states.KazooState.LOST:
                self.number = None
                client.refused = (
                    client.kazoo.client_state == states.KeeperState.AUTH_FAILED
                )
        for listener in self._listening():
            listener.connection_changed()

    def _listening(self) -> list[Listener]:
        there = [each() for each in self._listeners]
        return [each for each in there if each is not None]

    def _granted(self, seconds: float) -> None:
        asked = self.options.session_timeout
        if abs(seconds - asked) > 0.001 and seconds != self.timeout:
            LOG.warning(
                '%(name)s grants a session timeout of %(granted)g s instead '
                'of the %(asked)g s of [zookeeper] session_timeout: see its '
                'tickTime, minSessionTimeout and maxSessionTimeout.',
                {'name': self.name, 'granted': seconds, 'asked': asked},
            )
        self.timeout = seconds
        self._doubting.bounds = _bounds(seconds)

    def _heard(self, sent_at: float) -> None:
        """Note that a request was answered.

        Only then the connection is told of: one that a server makes and ends
        at once, again and again, is none.
        """
        self.heard_at = sent_at
        if self._told_lost is not False and self.connected:
            self._told_lost = False
            LOG.info('Connected to %s', self.name)

    def _why_not(self) -> exception.ServiceGroupUnavailable:
        client = self._client
        if client is not None and client.refused:
            return exception.CredentialRefused(
                backend=self.name,
                reason='it refuses the credential of [zookeeper] username '
                'and password',
            )
        reason = client.last_error if client is not None else None
        return self.unavailable(f'no server answers ({reason or "timed out"})')


def _bounds(timeout: float) -> doubt.Bounds:
    """Return how much doubt an outage is worth.

    :param timeout: the session timeout, in seconds
    """
    return doubt.Bounds(
        # Members give a sign of life after 5/12 of the timeout, or 1/6 later.
        beat=timeout * 7 / 12,
        tolerable=timeout * STANDSTILL,
        settling=timeout,
        limit=timeout * DOUBT,
    )


#: What a child inherited: kept, so that nothing of it runs when it goes.
_inherited: list[object] = []
