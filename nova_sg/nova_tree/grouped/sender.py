# SPDX-License-Identifier: Apache-2.0

"""The heartbeats of one service of this process.

A process with a database writes them itself. One without sends them to the
conductors: most heartbeats are casts, and every so often one is a call.
"""

import abc
from collections.abc import Sequence
import random
import time
from typing import Any

from nova import conf as nova_conf
from nova import objects
from oslo_log import log as logging
import oslo_messaging as messaging

from nova_sg import exception
from nova_sg import instruments
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import errors
from nova_sg.nova_tree.grouped import client
from nova_sg.nova_tree.grouped import written
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.membership import watchdog

CONF = nova_conf.CONF
LOG = logging.getLogger(__name__)

#: Of the report interval: how long an answer is waited for, and how often a
#: conductor is asked in one interval. Together less than an interval.
PATIENCE = 0.4
ATTEMPTS = 2

#: Seconds within which a service learns that it was deleted.
LEARNS_WITHIN = 60


def beats_per_call(interval: float, down_time: float) -> int:
    """Return which of the heartbeats is a call: every first, second, ...

    A call that finds no conductor is followed by a heartbeat in nova's way
    within its interval. Between two heartbeats that were written for sure
    there is less than the service down time, with an interval to spare.

    :param interval: seconds between two heartbeats
    :param down_time: seconds without one until a service is down
    """
    within = min(down_time - 2 * interval, LEARNS_WITHIN)
    return max(1, int(within / interval))


def first_casts(per_call: int) -> int:
    """Return how many heartbeats are cast after the call that joins.

    Where all computes start at once, one interval would else have the calls
    of all of them, and the next ones none.

    :param per_call: see :func:`beats_per_call`
    """
    return random.randrange(per_call)  # noqa: S311


class NoConductor(Exception):
    """No conductor with nova_sg answers."""


class Sender(abc.ABC):
    """Beats for a service. Never raises from :meth:`beat`.

    :param service: nova's, with a ``service_ref``
    """

    def __init__(self, service: Any) -> None:
        self._service = service
        self._joining = True
        self._gone = False
        self._trouble = heartbeat.trouble()
        # What report_count is at most unless another process beats.
        self._count: int = service.service_ref.report_count or 0
        self._watchdog = watchdog.Watchdog[Sender](
            service.report_interval or 0,
            CONF.service_down_time,
            lambda sender: sender._service.service_ref,
            self._stopped,
        )

    @property
    def _uuid(self) -> str:
        uuid: str = self._service.service_ref.uuid
        return uuid

    @property
    def _context(self) -> Any:
        return self._service.service_ref._context

    def beat(self, *_args: Any) -> None:
        """Beat once; a timer calls it with what it was given."""
        self._watchdog.beating([self])
        if self._gone:
            return
        try:
            with instruments.beats(1), errors.as_ours():
                self._beat()
        except exception.ServiceNotFound:
            self._unwritten(there=False)
            return
        except Exception as error:
            self._trouble.failed(error)
            return
        self._trouble.over()

    def leave(self) -> None:
        """Make the service down at once; it will not beat again.

        :raises ServiceGroupUnavailable: it will be down when its last beat is
            too old
        :raises NoConductor: nova's way is left
        """
        self._gone = True
        self.unwatch()
        with errors.as_ours():
            self._leave()

    def watch(self) -> None:
        """Notice from now on where the timer stops."""
        self._watchdog.joined([self])

    def unwatch(self) -> None:
        """Notice that no more: the service stops, and its timer with it."""
        self._watchdog.left([self])

    def _stopped(self, _mine: Sequence['Sender']) -> None:
        """Note that the timer of this service has stopped."""
        with errors.as_ours():
            self._note_wedged()

    @abc.abstractmethod
    def _beat(self) -> None:
        """Beat once.

        :raises Exception: it did not work
        """

    @abc.abstractmethod
    def _leave(self) -> None:
        """See :meth:`leave`."""

    @abc.abstractmethod
    def _note_wedged(self) -> None:
        """Note why the service will be down, in another thread."""

    def _unwritten(self, there: bool) -> None:
        """Go on after a heartbeat that was not written.

        :param there: the service has a row
        """
        self._joining = True
        if there:
            return
        self._gone = True
        self._watchdog.left([self])
        mine = self._service.service_ref
        heartbeat.log_gone(mine.binary, mine.host)


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

    def _note_wedged(self) -> None:
        # The session of the other context may be in use.
        written.note_wedged(
            cells.administrator_in(self._context),
            self._uuid,
            reasons.this_process(),
        )


class Caller(Sender):
    """Has a conductor write."""

    def __init__(self, service: Any) -> None:
        super().__init__(service)
        self._interval = service.report_interval
        self._client = client.client().prepare(
            timeout=min(CONF.rpc_response_timeout, PATIENCE * self._interval)
        )
        self._per_call = beats_per_call(self._interval, CONF.service_down_time)
        # How many heartbeats are cast until the next call, and how far the
        # database's clock was ahead of ours with the last one.
        self._casts = 0
        self._ahead = 0.0
        # How many heartbeats go nova's way until conductors are asked again.
        self._novas = 0
        # Whether the last answer was of a conductor with nova_sg.
        self._grouped: bool | None = None

    def _beat(self) -> None:
        if self._novas:
            self._novas -= 1
            self._beat_as_nova()
        elif self._joining or not self._casts or not self._cast():
            self._call()

    def _cast(self) -> bool:
        """Beat without an answer; returns whether there is a queue for it."""
        casts, self._casts = self._casts, 0
        now = time.monotonic() + self._ahead
        try:
            self._client.cast(
                {},
                'post',
                uuid=self._uuid,
                sent=now,
                until=now + self._interval,
            )
        except messaging.MessageUndeliverable:
            return False
        self._count += 1
        self._casts = casts - 1
        return True

    def _call(self) -> None:
        failure: Exception | None = None
        for _ in range(ATTEMPTS):
            try:
                answer = self._ask()
            except messaging.MessageDeliveryFailure:
                # There is no broker.
                raise
            except messaging.MessagingTimeout:
                LOG.debug('No conductor with nova_sg answers')
                continue
            except messaging.MessageUndeliverable:
                LOG.debug('No conductor has nova_sg')
                break
            except Exception as error:
                # Another conductor may reach the database.
                failure = error
                continue
            self._goes(grouped=True)
            if answer['written']:
                self._casts = self._per_call - 1
                if self._joining:
                    self._casts = first_casts(self._per_call)
                self._joining = False
                return
            self._unwritten(answer['there'])
            if self._gone:
                return
        if failure is not None:
            raise failure
        self._goes(grouped=False)
        self._novas = self._per_call - 1
        self._beat_as_nova()

    def _goes(self, *, grouped: bool) -> None:
        """Log once which way heartbeats go from now on."""
        if grouped is self._grouped:
            return
        self._grouped = grouped
        mine = self._service.service_ref
        name = {'binary': mine.binary, 'host': mine.host}
        if grouped:
            LOG.info(
                'Heartbeats of %(binary)s on host %(host)s are grouped by '
                'conductors with nova_sg.',
                name,
            )
        else:
            LOG.warning(
                "Heartbeats of %(binary)s on host %(host)s go nova's way: no "
                'conductor with nova_sg answers. They are asked again every '
                '%(seconds)d s.',
                {**name, 'seconds': self._per_call * self._interval},
            )

    def _ask(self) -> client.Answer:
        self._count += 1
        answer: client.Answer = self._client.call(
            {}, 'beat', uuid=self._uuid, joining=self._joining
        )
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
        try:
            self._client.call({}, 'leave', uuid=self._uuid, count=self._count)
        except (
            messaging.MessagingTimeout,
            messaging.MessageUndeliverable,
        ) as error:
            raise NoConductor from error

    def _note_wedged(self) -> None:
        try:
            self._client.prepare(version=client.KNOWS_WEDGED).call(
                *({}, 'note_wedged'),
                uuid=self._uuid,
                noted_by=reasons.this_process(),
            )
        except messaging.MessagingException as error:
            # No conductor answers, or one that is older.
            LOG.debug('Not noting that a timer has stopped: %s', error)
