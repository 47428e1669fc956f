# SPDX-License-Identifier: Apache-2.0

"""Requests and transactions, sent over the connection and answered."""

from collections.abc import Sequence
import time
from typing import Any

from kazoo import exceptions

from nova_sg import exception
from nova_sg import instruments
from nova_sg import sequences
from nova_sg.servicegroup.backends.zookeeper import client as sg_client
from nova_sg.servicegroup.backends.zookeeper import connection
from nova_sg.servicegroup.backends.zookeeper import credentials
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.records import change

#: What this backend is called in metrics.
_KIND = 'zookeeper'

#: Requests sent before their answers are waited for.
WINDOW = 500

Results = list[Any]


class Exchange(connection.Connection):
    """Sends requests, and again where they may be repeated.

    Parameters and errors are those of :class:`connection.Connection`.
    """

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
            while True:
                client = self.wait_until_connected(deadline)
                try:
                    return self._exchange(client, asked)
                except errors.Trouble as trouble:
                    if time.monotonic() >= deadline:
                        raise self._why_not(trouble) from trouble

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
        answers = self.ask([requests.make(each) for each in missing])
        for path, answer in zip(missing, answers, strict=True):
            if not isinstance(answer, exceptions.NodeExistsError | str):
                raise self.unavailable(f'{path} is not created: {answer!r}')

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
        for window in sequences.batched(asked, WINDOW):
            sent_at = time.monotonic()
            pending = [request(client.kazoo) for request in window]
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
