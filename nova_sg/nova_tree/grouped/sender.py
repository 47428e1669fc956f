# SPDX-License-Identifier: Apache-2.0

"""The heartbeats of one service of this process.

A process with a database writes them itself. One without asks a conductor:
most heartbeats are casts to the conductor that answered last, and every so
often one is a call.
"""

import abc
import time
from typing import Any

from nova import conf as nova_conf
from nova import objects
from oslo_log import log as logging
import oslo_messaging as messaging

from nova_sg import exception
from nova_sg.nova_tree import endpoint
from nova_sg.nova_tree import errors
from nova_sg.nova_tree.grouped import client
from nova_sg.nova_tree.grouped import written
from nova_sg.servicegroup import heartbeat

CONF = nova_conf.CONF
LOG = logging.getLogger(__name__)

#: Of the report interval: how long the conductor that answered last is waited
#: for, and then any other. Together less than an interval.
NAMED_PATIENCE = 0.4
ANY_PATIENCE = 0.5

#: Seconds within which a service learns that it was deleted.
LEARNS_WITHIN = 60

#: How many conductors are asked for one that has nova_sg.
ATTEMPTS = 3


def beats_per_call(interval: float, down_time: float) -> int:
    """Return which of the heartbeats is a call: every first, second, ...

    A call that finds its conductor dead is answered by another one within its
    interval. Between two heartbeats that were written for sure there is less
    than the service down time, with an interval to spare.

    :param interval: seconds between two heartbeats
    :param down_time: seconds without one until a service is down
    """
    within = min(down_time - 2 * interval, LEARNS_WITHIN)
    return max(1, int(within / interval))


class Sender(abc.ABC):
    """Beats for a service. Never raises from :meth:`beat`.

    :param service: nova's, with a ``service_ref``
    """

    def __init__(self, service: Any) -> None:
        self._service = service
        self._joining = True
        self._gone = False
        self._log = heartbeat.BeatLog()
        # What report_count is at most where nobody else beats.
        self._count: int = service.service_ref.report_count or 0

    @property
    def _uuid(self) -> str:
        uuid: str = self._service.service_ref.uuid
        return uuid

    @property
    def _context(self) -> Any:
        return self._service.service_ref._context

    def beat(self, *_args: Any) -> None:
        """Beat once; a timer calls it with what it was given."""
        if self._gone:
            return
        try:
            with errors.as_ours():
                self._beat()
        except exception.ServiceNotFound:
            self._unwritten(there=False)
            return
        except Exception as error:
            self._log.failed(error)
            return
        self._log.reported()

    def leave(self) -> None:
        """Make the service down at once; it will not beat again.

        :raises ServiceGroupUnavailable: it will be down when its last beat is
            too old
        """
        self._gone = True
        with errors.as_ours():
            self._leave()

    @abc.abstractmethod
    def _beat(self) -> None:
        """Beat once.

        :raises Exception: it did not work
        """

    @abc.abstractmethod
    def _leave(self) -> None:
        """See :meth:`leave`."""

    def _unwritten(self, there: bool) -> None:
        """Go on after a heartbeat that was not written.

        :param there: the service has a row
        """
        self._joining = True
        if there:
            return
        self._gone = True
        mine = self._service.service_ref
        self._log.gone(mine.binary, mine.host)


class Writer(Sender):
    """Writes into the database of this process."""

    def _beat(self) -> None:
        # A second attempt where the service had left.
        for _ in range(2):
            self._count += 1
            joining, self._joining = self._joining, False
            try:
                unwritten = written.write(
                    self._context, [self._uuid], joining=joining
                )
            except BaseException:
                self._joining = joining
                raise
            if not unwritten:
                return
            self._unwritten(written.is_there(self._context, self._uuid))
            if self._gone:
                return

    def _leave(self) -> None:
        written.leave(self._context, self._uuid, self._count)


class Caller(Sender):
    """Has a conductor write."""

    def __init__(self, service: Any) -> None:
        super().__init__(service)
        self._client = client.client()
        self._interval = service.report_interval
        self._per_call = beats_per_call(self._interval, CONF.service_down_time)
        # The conductor that answered last, how many casts it gets until it is
        # called again, and how far its database's clock is ahead of ours.
        self._server: str | None = None
        self._casts = 0
        self._ahead = 0.0
        # How many heartbeats go nova's way until conductors are asked again.
        self._novas = 0

    def _beat(self) -> None:
        if self._novas:
            self._novas -= 1
            self._beat_as_nova()
        elif self._server is not None and self._casts and not self._joining:
            self._casts -= 1
            self._cast(self._server)
        else:
            self._call()

    def _cast(self, server: str) -> None:
        self._count += 1
        until = time.monotonic() + self._ahead + self._interval
        try:
            self._client.prepare(server=server).cast(
                self._context, 'post', uuid=self._uuid, until=until
            )
        except Exception:
            self._server = None
            raise

    def _call(self) -> None:
        for _ in range(ATTEMPTS):
            answer = self._ask()
            if answer is None:
                continue
            if answer['written']:
                self._joining = False
                return
            self._unwritten(answer['there'])
            if self._gone:
                return
        self._novas = self._per_call - 1
        self._beat_as_nova()

    def _ask(self) -> client.Answer | None:
        """Call the conductor that answered last, or any.

        :returns: None where another one may answer
        """
        server, self._server = self._server, None
        patience = ANY_PATIENCE if server is None else NAMED_PATIENCE
        timeout = min(CONF.rpc_response_timeout, patience * self._interval)
        prepared = self._client.prepare(server=server, timeout=timeout)
        self._count += 1
        try:
            answer: client.Answer = prepared.call(
                self._context, 'beat', uuid=self._uuid, joining=self._joining
            )
        except messaging.MessagingTimeout:
            if server is None:
                raise
            LOG.debug('Conductor %s is silent, asking another one', server)
            return None
        except Exception as error:
            if not endpoint.is_unknown(error):
                raise
            LOG.debug('A conductor without nova_sg: %s', error)
            return None
        self._server, self._casts = answer['server'], self._per_call - 1
        self._ahead = answer['now'] - time.monotonic()
        return answer

    def _beat_as_nova(self) -> None:
        """Save the service object, where no conductor has nova_sg.

        nova stamps only where the count has grown since. It has grown by what
        was written here, and by what workers of this service wrote, so that
        it is read first.
        """
        mine = self._service.service_ref
        there = objects.Service.get_by_uuid(self._context, self._uuid)
        mine.report_count = there.report_count + 1
        self._count = mine.report_count
        mine.save()
        self._joining = False

    def _leave(self) -> None:
        self._client.prepare(
            timeout=min(
                CONF.rpc_response_timeout, ANY_PATIENCE * self._interval
            )
        ).call(self._context, 'leave', uuid=self._uuid, count=self._count)
