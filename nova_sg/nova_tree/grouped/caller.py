# SPDX-License-Identifier: Apache-2.0

"""The heartbeats of a service whose process has no database.

It sends them to the conductors: most are casts, and every so often one is a
call.
"""

import random
import time
from typing import Any

from nova import conf as nova_conf
from oslo_log import log as logging
import oslo_messaging as messaging

from nova_sg.nova_tree.grouped import client
from nova_sg.nova_tree.grouped import novas_way
from nova_sg.nova_tree.grouped import sender
from nova_sg.servicegroup import reasons

CONF = nova_conf.CONF
LOG = logging.getLogger(__name__)

#: Of the report interval: how long an answer is waited for, and how often a
#: conductor is asked in one interval. Together less than an interval: what is
#: left is for a heartbeat in nova's way.
PATIENCE = 0.4
ATTEMPTS = 2

#: Of the report interval: how much of it a heartbeat takes where it is not
#: answered. The timer logs each that outlasts the interval.
WITHIN = 0.95

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


class Caller(sender.Sender):
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
        until = time.monotonic() + WITHIN * self._interval
        if self._novas:
            self._novas -= 1
            self._beat_as_nova(until)
        elif self._joining or not self._casts or not self._cast():
            self._call(until)

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

    def _call(self, until: float) -> None:
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
        self._beat_as_nova(until)

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

    def _beat_as_nova(self, until: float) -> None:
        """Save the service object, where no conductor has nova_sg.

        :param until: see :func:`.novas_way.beat`
        """
        self._count = novas_way.beat(self._context, self._uuid, until)
        mine = self._service.service_ref
        mine.report_count = self._count
        mine.obj_reset_changes(['report_count'])
        self._joining = False

    def _leave(self) -> None:
        try:
            self._client.call({}, 'leave', uuid=self._uuid, count=self._count)
        except (
            messaging.MessagingTimeout,
            messaging.MessageUndeliverable,
        ) as error:
            raise sender.NoConductor from error

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
