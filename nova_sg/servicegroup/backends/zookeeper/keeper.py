# SPDX-License-Identifier: Apache-2.0

"""The timer of a process that holds memberships."""

from collections.abc import Callable
import threading

from oslo_log import log as logging

from nova_sg import exception
from nova_sg.servicegroup.backends.zookeeper import connection
from nova_sg.servicegroup.backends.zookeeper import session as sg_session

LOG = logging.getLogger(__name__)


class Keeper(connection.Listener):
    """A thread that keeps the session, and does what is due.

    It runs the task every sixth of the session timeout, and
    whenever the connection was made or lost. The task may wait, and may
    fail: the next one is not late for it.

    :param session: the session that is kept
    :param task: what is to be done; returns whether there is more to keep.
        If not, the thread ends until it is started again.
    """

    def __init__(
        self, session: sg_session.Session, task: Callable[[], bool]
    ) -> None:
        self._session = session
        self._task = task
        self._begin()
        session.add_listener(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._started = 0

    def start(self) -> None:
        """See to it that the thread runs, or runs on."""
        with self._lock:
            self._started += 1
            if self._started == 1:
                threading.Thread(
                    target=self._run, name='zookeeper-keeper', daemon=True
                ).start()

    def connection_changed(self) -> None:
        self._changed.set()

    def closed(self) -> None:
        self._changed.set()

    def forked(self) -> None:
        # The thread has not come along, and may have held the lock.
        self._begin()

    def _run(self) -> None:
        while True:
            started = self._started
            self._changed.wait(self._session.timeout / 6)
            self._changed.clear()
            more = True
            try:
                more = self._task()
                if more:
                    self._session.probe()
            except exception.ServiceGroupUnavailable as error:
                # The session has told of it once.
                LOG.debug('Not keeping memberships: %s', error)
            except Exception:
                # A timer that died of an error would let a healthy service
                # look down.
                LOG.exception('Unexpected error while keeping memberships')
            with self._lock:
                if not more and started == self._started:
                    self._started = 0
                    return
