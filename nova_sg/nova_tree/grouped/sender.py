# SPDX-License-Identifier: Apache-2.0

"""The heartbeats of one service of this process.

A process with a database writes them itself, and one without has a conductor
write them (:mod:`.caller`).
"""

import abc
from collections.abc import Sequence
from typing import Any

from nova import conf as nova_conf

from nova_sg import exception
from nova_sg import instruments
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import errors
from nova_sg.nova_tree.grouped import written
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.membership import watchdog

CONF = nova_conf.CONF


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
