# SPDX-License-Identifier: Apache-2.0

"""The connection to ZooKeeper: made, lost, made again, given up.

:mod:`.exchange` sends requests over it, and :mod:`.session` gives signs of
life. Each has a life of its own: a connection goes through many kazoo clients,
and a request through many connections.
"""

from collections.abc import Callable
import threading
import time

from kazoo.protocol import states
from oslo_config import cfg
from oslo_log import log as logging

from nova_sg import exception
from nova_sg.servicegroup import lease
from nova_sg.servicegroup.backends.zookeeper import client as sg_client
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import layout

LOG = logging.getLogger(__name__)

#: Seconds between two clients, where clients keep giving up.
RENEWAL_PAUSE = 0.5

#: Seconds a call waits when the ensemble has long been unreachable.
BRIEFLY = 1.0


class Connection(lease.Lease):
    """A session of ZooKeeper's, over one kazoo client after the other.

    It connects when it is first used, reconnects by itself, and takes
    another client where one has given up.

    :param conf: a loaded configuration
    :param handler_factory: makes kazoo's handler: how it waits and runs
        threads
    :raises InvalidConfiguration: an option of ``[zookeeper]`` is no use
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        handler_factory: sg_client.HandlerFactory,
    ) -> None:
        self.options = conf.zookeeper
        sg_client.check(self.options)
        self.layout = layout.Layout(self.options.chroot)
        self._handler_factory = handler_factory
        super().__init__(
            self.options.session_timeout, self.options.request_timeout
        )

    def _begin(self) -> None:
        super()._begin()
        self._client: sg_client.Client | None = None
        self._renew_at = 0.0

    @property
    def name(self) -> str:
        return f'zookeeper://{",".join(self.options.hosts)}{self.layout.root}'

    def connect(self, unless: Callable[[], bool] | None = None) -> None:
        self._current_client(unless)

    def wait_until_connected(self, deadline: float) -> sg_client.Client:
        """Return a client with a connection.

        :param deadline: ``time.monotonic()`` until when to wait. Once the
            ensemble has been lost for longer than a request may take, no call
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
            self._note_closed()
        for listener in self._listening():
            listener.closed()
        if client is None:
            return
        if was_connected:
            client.stop()
        else:
            # To end it in good order would wait for a server.
            threading.Thread(target=client.stop, daemon=True).start()

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
        self, unless: Callable[[], bool] | None = None
    ) -> sg_client.Client:
        client = self._client
        if client is not None and not client.ended:
            return client
        with self._lock:
            if unless is not None and unless():
                raise self.unavailable('it was closed')
            client = self._client
            if client is None:
                self._note_connecting()
            elif not client.ended or time.monotonic() < self._renew_at:
                return client
            made = sg_client.Client(
                self.options, self._handler_factory(), self._granted
            )
            if client is not None:
                made.refused = client.refused
                # No server that is behind what was read is any use.
                made.kazoo.last_zxid = client.kazoo.last_zxid
                client.stop()
            self._renew_at = time.monotonic() + RENEWAL_PAUSE
            self._client = made
            made.kazoo.add_listener(
                lambda state: self._state_changed(made, state)
            )
            try:
                made.start()
            except RuntimeError as error:
                raise self.unavailable(str(error)) from error
            return made

    def _state_changed(self, client: sg_client.Client, state: str) -> None:
        """Take note; called in kazoo's thread, so that nothing may wait."""
        if client is not self._client:
            return
        if state == states.KazooState.CONNECTED:
            self._note_connected(client.kazoo.client_id[0])
        else:
            self._note_disconnected()
            if state == states.KazooState.LOST:
                self._note_expired()
                client.refused = (
                    client.kazoo.client_state == states.KeeperState.AUTH_FAILED
                )
        for listener in self._listening():
            listener.lease_changed()

    def _granted(self, seconds: float) -> None:
        asked = self.options.session_timeout
        if abs(seconds - asked) > 0.001 and seconds != self.timeout:
            LOG.warning(
                '%(name)s grants a session timeout of %(granted)g s instead '
                'of the %(asked)g s of [zookeeper] session_timeout: see its '
                'tickTime, minSessionTimeout and maxSessionTimeout.',
                {'name': self.name, 'granted': seconds, 'asked': asked},
            )
        self._note_granted(seconds)

    def _why_not(
        self, trouble: errors.Trouble | None = None
    ) -> exception.ServiceGroupUnavailable:
        """Return the error of what was not answered in time.

        :param trouble: what became of a request; None where none was sent
        """
        client = self._client
        if client is not None and client.refused:
            return exception.CredentialRefused(
                backend=self.name,
                reason='it refuses the credential of [zookeeper] username '
                'and password',
            )
        if trouble is not None:
            return self.unavailable(str(trouble))
        reason = client.last_error if client is not None else None
        return self.unavailable(f'no server answers ({reason or "timed out"})')


#: What a child inherited: kept, so that nothing of it runs when it goes.
_inherited: list[object] = []
