# SPDX-License-Identifier: Apache-2.0

"""The session with ZooKeeper, and the signs of life that keep it.

There is one per process and configuration, shared by records, membership and
mirror.
"""

import atexit
import time
from typing import Any

from kazoo.handlers import threading as kazoo_threading
from oslo_config import cfg
from oslo_log import log as logging

from nova_sg import concurrency
from nova_sg import exception
from nova_sg import forks
from nova_sg.servicegroup import loop
from nova_sg.servicegroup.backends.zookeeper import client as sg_client
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import exchange
from nova_sg.servicegroup.backends.zookeeper import requests

LOG = logging.getLogger(__name__)

#: The share of the session timeout from one sign of life, which a reader asks
#: of the ensemble, to the next. It notices a standstill by it before it sees
#: what others have lost, and knows how old its mirror may be.
WATCH_EVERY = 1 / 8

#: The share of it after which a process asks that only holds memberships.
KEEP_AFTER = 5 / 12


class Session(exchange.Exchange):
    """Gives signs of life, and asks the ensemble for them.

    Parameters and errors are those of :class:`connection.Connection`.
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        handler_factory: sg_client.HandlerFactory,
    ) -> None:
        super().__init__(conf, handler_factory)
        self._watching = loop.Loop(
            'watch', self._look, lambda: self._watch_every
        )

    def close(self) -> None:
        self._watching.stop()
        super().close()

    def watch(self) -> None:
        if not self._watching.running:
            self._watching.start()

    def keep(self) -> None:
        """See :meth:`Lease.keep`.

        Half of the timeout passes from one sign of life to the next. A crash
        shows when the session timeout has passed since the last of them, and
        what the ensemble rounds it up to: signs more often than needed make
        it show later. A process that reads gives them more often, see
        :meth:`watch`.

        kazoo sends pings by itself, but does not say when one was answered,
        and sends none while requests go out.
        """
        due_at = (self.heard_at or 0.0) + self.timeout * KEEP_AFTER
        if not self.connected:
            self.connect()
        elif time.monotonic() >= due_at:
            self._hear(requests.exists(self.layout.root))

    def vouch(self) -> None:
        """Have the server catch up with the leader, now.

        :raises ServiceGroupUnavailable: it cannot
        """
        sent_at = time.monotonic()
        self.ask([requests.sync(self.layout.root)])
        self._note_vouched(sent_at)

    @property
    def _watch_every(self) -> float:
        return self.timeout * WATCH_EVERY

    def _look(self) -> float:
        """Ask for a sign of life; returns seconds until the next."""
        sent_at = time.monotonic()
        if not self.connected:
            self.connect(unless=lambda: not self._watching.running)
        elif self._hear(requests.sync(self.layout.root)):
            self._note_vouched(sent_at)
        return self._watch_every

    def _hear(self, request: requests.Request) -> bool:
        """Ask for a sign of life, and drop a connection that gives none.

        :returns: whether there was one
        """
        patience = max(self.timeout / 5, min(0.5, self.timeout / 3))
        try:
            self._exchange(self._current_client(), [request], patience)
        except errors.Silence:
            self.drop()
        except (errors.Trouble, exception.ServiceGroupUnavailable) as error:
            LOG.debug('Probing %s: %s', self.name, error)
        else:
            return True
        return False


_sessions: forks.PerProcess[Session] = forks.PerProcess(Session.forget)


def get(conf: cfg.ConfigOpts) -> Session:
    """Return this process's session with the configured ensemble.

    :param conf: a loaded configuration
    :raises InvalidConfiguration: an option of ``[zookeeper]`` is no use
    """
    key = tuple(sorted((k, str(v)) for k, v in conf.zookeeper.items()))
    return _sessions.get(key, lambda: Session(conf, _new_handler))


def _new_handler() -> Any:
    """Return what runs kazoo's threads, as this process runs its own.

    With native threads in a process that eventlet has patched, kazoo loses
    the connection again and again.
    """
    if concurrency.under_eventlet():
        from kazoo.handlers import eventlet

        return eventlet.SequentialEventletHandler()
    return kazoo_threading.SequentialThreadingHandler()


def close_all() -> None:
    """End every session of this process, as at its exit."""
    for session in _sessions.all():
        session.close()


atexit.register(close_all)
