# SPDX-License-Identifier: Apache-2.0

"""The session with ZooKeeper: requests, transactions and signs of life.

There is one per process and configuration, shared by records, membership and
mirror.
"""

import atexit
from collections.abc import Sequence
import os
import threading
import time
from typing import Any
import weakref

from kazoo import exceptions
from kazoo.handlers import threading as kazoo_threading
from oslo_config import cfg
from oslo_log import log as logging

from nova_sg import concurrency
from nova_sg import exception
from nova_sg import instruments
from nova_sg.servicegroup import loop
from nova_sg.servicegroup.backends.zookeeper import client as sg_client
from nova_sg.servicegroup.backends.zookeeper import connection
from nova_sg.servicegroup.backends.zookeeper import credentials
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.records import change

LOG = logging.getLogger(__name__)

#: What this backend is called in metrics.
_KIND = 'zookeeper'

#: Requests sent before their answers are waited for.
WINDOW = 500

#: The share of the session timeout from one sign of life, which a reader asks
#: of the ensemble, to the next. It notices a standstill by it before it sees
#: what others have lost, and knows how old its mirror may be.
WATCH_EVERY = 1 / 8

#: The share of it after which a process asks that only holds memberships.
KEEP_AFTER = 5 / 12

Results = list[Any]


class Session(connection.Connection):
    """Requests and transactions, sent and answered.

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

    def ask(
        self, asked: Sequence[requests.Request], deadline: float | None = None
    ) -> Results:
        """Send requests that may be repeated, and return the answers.

        They are sent one behind the other, and all again where the
        connection fails. An error about a znode is an answer.

        :param deadline: ``time.monotonic()`` until when to try; None for the
            request timeout from now
        :raises ServiceGroupUnavailable: they were not answered in time
        """
        if deadline is None:
            deadline = self.deadline()
        with instruments.request(_KIND):
            return self._ask(asked, deadline)

    def _ask(
        self, asked: Sequence[requests.Request], deadline: float
    ) -> Results:
        while True:
            client = self.wait_until_connected(deadline)
            try:
                return self._exchange(client, asked)
            except errors.Trouble as trouble:
                if time.monotonic() >= deadline:
                    raise self.unavailable(str(trouble)) from trouble

    def commit(
        self,
        operations: Sequence[requests.Operation],
        deadline: float | None = None,
    ) -> Results:
        """Do all operations, or none of them.

        :returns: their results
        :raises TransactionFailed: ZooKeeper refused, and did nothing
        :raises OutcomeUnknown: the connection failed meanwhile
        :raises ServiceGroupUnavailable: nothing was sent
        """
        (done,) = self.commit_many([operations], deadline)
        if isinstance(done, errors.TransactionFailed):
            raise done
        return done

    def commit_many(
        self,
        transactions: Sequence[Sequence[requests.Operation]],
        deadline: float | None = None,
    ) -> list[Results | errors.TransactionFailed]:
        """Do several transactions, each in whole or not at all.

        :returns: for each the results of its operations, or why it failed
        :raises OutcomeUnknown: the connection failed meanwhile; some may
            have been done
        :raises ServiceGroupUnavailable: nothing was sent
        """
        asked = [requests.transaction(each) for each in transactions]
        with instruments.request(_KIND):
            client = self.wait_until_connected(deadline or self.deadline())
            try:
                answers = self._exchange(client, asked)
            except errors.Trouble as trouble:
                raise exception.OutcomeUnknown(
                    backend=self.name, reason=trouble
                ) from trouble
        return [
            self._outcome(operations, results)
            for operations, results in zip(transactions, answers, strict=True)
        ]

    def make_directories(self, paths: Sequence[str]) -> None:
        """Create what is missing of znodes that hold others.

        :param paths: in the order in which they are created; what is above
            all of them is created as well
        :raises ServiceGroupUnavailable: they could not be created
        """
        wanted = [*self.layout.parents(), *paths]
        there = self.ask([requests.exists(path) for path in wanted])
        missing = [
            path
            for path, stat in zip(wanted, there, strict=True)
            if stat is None
        ]
        answers = self.ask([requests.make_directory(each) for each in missing])
        for path, answer in zip(missing, answers, strict=True):
            if not isinstance(answer, exceptions.NodeExistsError | str):
                raise self.unavailable(f'{path} is not created: {answer!r}')

    def keep(self) -> None:
        """See :meth:`Lease.keep`.

        Half of the timeout passes from one sign of life to the next. A crash
        shows when the session timeout has passed since the last of them, and
        what the ensemble rounds it up to: signs more often than needed make
        it show later. A process that reads gives them more often, see
        :meth:`watch`.

        kazoo sends pings by itself, but tells nobody when one was answered,
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

    def deadline(self) -> float:
        """Return until when a call that begins now may take."""
        return time.monotonic() + self.request_timeout

    def change(self, what: str) -> change.Change:
        """Return a change to be tried within the bounds of ``[zookeeper]``.

        :param what: what is changed, for messages
        """
        return change.Change(
            what,
            self.request_timeout,
            self.options.max_retries + 1,
            self.unavailable,
        )

    def no_access(self) -> exception.ServiceGroupUnavailable:
        """Return the error of a request that an access list forbids."""
        if credentials.configured(self.options):
            reason = (
                'it denies access to the user of [zookeeper] username, or '
                'does not accept [zookeeper] password'
            )
        else:
            reason = (
                'it denies access where there is no credential: see '
                '[zookeeper] username, password and auth_scheme'
            )
        return exception.CredentialRefused(backend=self.name, reason=reason)

    def _outcome(
        self, operations: Sequence[requests.Operation], results: Any
    ) -> Results | errors.TransactionFailed:
        if isinstance(results, exceptions.ZookeeperError):
            results = [results]
        failed = errors.failure(operations, results)
        if failed and isinstance(failed.error, errors.DENIED):
            raise self.no_access()
        return failed or results

    def _exchange(
        self,
        client: sg_client.Client,
        asked: Sequence[requests.Request],
        patience: float | None = None,
    ) -> Results:
        """Send requests and return the answers, in their order.

        :param patience: seconds to wait for an answer; None for the request
            timeout
        :raises Silence: there was no answer in time
        :raises Trouble: the connection failed
        """
        answers: Results = []
        for start in range(0, len(asked), WINDOW):
            sent_at = time.monotonic()
            pending = [
                request(client.kazoo)
                for request in asked[start : start + WINDOW]
            ]
            until = sent_at + (patience or self.request_timeout)
            try:
                answers += [self._answer(each, until) for each in pending]
            except client.kazoo.handler.timeout_exception as error:
                self._suspect(sent_at)
                raise errors.Silence('it does not answer') from error
            self._note_heard(sent_at)
        return answers

    def _answer(self, pending: Any, until: float) -> Any:
        try:
            return pending.get(timeout=max(0.001, until - time.monotonic()))
        except errors.CONNECTION as error:
            raise errors.Trouble('the connection was lost') from error
        except errors.DENIED as error:
            raise self.no_access() from error
        except exceptions.ZookeeperError as error:
            return error

    def _suspect(self, sent_at: float) -> None:
        """Give up a connection without an answer since a request was sent.

        kazoo would not, as long as requests go out: it takes each for a sign
        of life.
        """
        heard_at = self.heard_at or 0.0
        if heard_at <= sent_at < time.monotonic() - self.timeout * 2 / 3:
            self.drop()


_sessions: weakref.WeakValueDictionary[
    tuple[tuple[str, str], ...], Session
] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def get(conf: cfg.ConfigOpts) -> Session:
    """Return this process's session with the configured ensemble.

    :param conf: a loaded configuration
    :raises InvalidConfiguration: an option of ``[zookeeper]`` is no use
    """
    key = tuple(sorted((k, str(v)) for k, v in conf.zookeeper.items()))
    with _lock:
        session = _sessions.get(key)
        if session is None:
            session = _sessions[key] = Session(conf, _new_handler)
        return session


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
    for session in list(_sessions.values()):
        session.close()


def _after_fork() -> None:
    global _lock
    # Another thread of the parent may have held it.
    _lock = threading.Lock()
    for session in list(_sessions.values()):
        session.forget()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(close_all)
