# SPDX-License-Identifier: Apache-2.0

"""The heartbeats that were cast to a conductor and are not written yet.

The thread that reads from the broker notes them, and one writer writes all
that were noted::

    t=0     the reading thread notes c1, and starts the writer
    t=0.01  the reading thread notes c2 and c3
    t=0.1   the writer adds all three to the group of heartbeats that call
    t=0.2   the group is written

A sender counts on from the time that its last call was answered with. Where
the clock of the database is set forward, what it casts seems to be old::

    t=0     the clock is set forward by an hour
    t=1     c1 casts, by the time before: that counts
    t=30    c1 calls, and has the new time

The reading thread waits neither for the database nor for the writer.
"""

import math
import threading
import time
from typing import Any

from nova import conf as nova_conf
from oslo_log import log as logging

from nova_sg import forks
from nova_sg.nova_tree.grouped import caller
from nova_sg.nova_tree.grouped import reader
from nova_sg.nova_tree.grouped import written
from nova_sg.servicegroup import clockwatch

CONF = nova_conf.CONF
LOG = logging.getLogger(__name__)

#: Of the report interval: a heartbeat that is older was not sent just now. So
#: much of what was sent last stays unread when a server rests. It is far more
#: than an answer needs to its sender, for which the sender's idea of the
#: database's time is late.
FRESH = 0.02

#: Of the report interval: one that seems to come from so far ahead was sent by
#: a clock of the database which has been set back since. Its age is unknown.
AHEAD = 0.2


class Intake:
    """Notes heartbeats, and has them written.

    :param context: nova's, which leads to the database
    :param group: where heartbeats wait for others
    """

    def __init__(self, context: Any, group: written.Group) -> None:
        self._context = context
        self._group = group
        self._lock = forks.renewed(self, '_lock', threading.Lock)
        # Service, worthless after, noted at.
        self._noted: list[tuple[str, float, float]] = []
        # Whether a thread writes, or is about to.
        self._writing = False
        # How far the database's clock is ahead of the monotonic one.
        self._ahead = math.inf
        # By how much it was set forward, and when all senders know.
        self._step = 0.0
        self._learned_at = 0.0
        # What lasts is logged once.
        self._failing = False

    def note(self, uuid: str, sent: float, until: float) -> bool:
        """Have a heartbeat written soon.

        :param sent: when it was sent, by the time of the database
        :param until: the time of the database after which it is worthless
        :returns: whether it was sent just now
        """
        now = time.monotonic()
        with self._lock:
            if len(self._noted) >= written.LIMIT:
                self._lost(f'{written.LIMIT} of them wait in this conductor')
                return False
            self._noted.append((uuid, until, now))
            starts, self._writing = not self._writing, True
        if starts:
            self._start()
        age = now + self._ahead - sent
        interval = CONF.report_interval
        return -AHEAD * interval < age < FRESH * interval

    def _start(self) -> None:
        writer = threading.Thread(
            target=self._run, name='nova_sg-beats', daemon=True
        )
        try:
            writer.start()
        except RuntimeError as error:
            # The limit of threads. The next heartbeat tries again.
            self._writing = False
            self._lost(error)

    def _run(self) -> None:
        while True:
            # By then heartbeats that call have opened a group, which is open
            # for twice that time.
            time.sleep(written.SPACING * CONF.report_interval / 2)
            with self._lock:
                noted, self._noted = self._noted, []
                if not noted:
                    self._writing = False
                    return
            try:
                self._write(noted)
            except Exception as error:
                self._lost(error)

    def _write(self, noted: list[tuple[str, float, float]]) -> None:
        now = reader.of(self._context).database_time()
        now -= self._set_forward(now - time.monotonic())
        received = [(uuid, at) for uuid, until, at in noted if now <= until]
        if len(received) < len(noted):
            LOG.debug(
                '%d heartbeats came too late', len(noted) - len(received)
            )
        if received:
            self._group.post_received(received)
        self._failing = False

    def _set_forward(self, ahead: float) -> float:
        """Return by how much the clock of the database was set lately.

        :param ahead: how far it is ahead of the monotonic one
        """
        now = time.monotonic()
        if now >= self._learned_at:
            self._step = 0.0
        step, self._ahead = ahead - self._ahead, ahead
        if step > clockwatch.TOLERANCE:
            self._step += step
            # By then each sender has had an answer with the new time.
            grace = caller.LEARNS_WITHIN + 2 * CONF.report_interval
            self._learned_at = now + grace
        return self._step

    def _lost(self, reason: object) -> None:
        if not self._failing:
            LOG.warning('Heartbeats are lost: %s', reason)
        self._failing = True
