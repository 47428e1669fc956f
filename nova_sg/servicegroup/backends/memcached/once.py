# SPDX-License-Identifier: Apache-2.0

"""One change of one record: looked for, and made where it is not there.

A change is one compare-and-set of the record's value, and its token is in the
value it writes. If the answer to an attempt was lost, its token is looked for
before the next attempt. A later attempt cannot repeat the first: that one was
for another value.
"""

from collections.abc import Callable
import time
from typing import TypeVar

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import cell as cell_
from nova_sg.servicegroup.backends.memcached import fence as fence_
from nova_sg.servicegroup.records import change
from nova_sg.servicegroup.records import codec

T = TypeVar('T')

#: How many tokens a record keeps however old they are by the clocks of
#: the writers, one of which may be wrong; and how many at most: every list
#: reads them all.
FEWEST = 8
MOST = 64


class Once:
    """A change, however often it is tried.

    :param cell: the cell of the record
    :param fence: what this change sees of the deployment marker
    :param uuid: of the record
    :param token: of the change
    """

    def __init__(
        self, cell: cell_.Cell, fence: fence_.Fence, uuid: str, token: str
    ) -> None:
        self._cell = cell
        self._fence = fence
        self.uuid = uuid
        self.token = token

    def run(self, attempt: Callable[[], T]) -> T:
        """Try the change until it is known to be made or refused.

        :param attempt: looks for the change and, where it is not there,
            makes it
        :raises DeploymentMismatch: the deployment has moved, and nothing was
            done
        :raises ServiceNotFound: there is no such record
        :raises OutcomeUnknown: it may have been made, and cannot be looked
            for any more
        """
        tried = self._cell.change(f'service {self.uuid}')
        try:
            return tried.run(attempt)
        except _Vanished as error:
            not_found = exception.ServiceNotFound(service_id=self.uuid)
            if tried.unsure is None:
                raise not_found from None
            raise self.unknown(not_found) from error
        except exception.DeploymentMismatch as error:
            if tried.unsure is None:
                raise
            raise self.unknown(error) from error

    def look(self) -> cell_.Found | None:
        """Return the record in whatever state it is, and see the marker.

        The change is looked for in it first (:meth:`made`): neither a record
        that is destroyed by now nor a move of the deployment undoes it.
        """
        key = self._cell.keys.service(self.uuid)
        return self._cell.found(key, self._fence.gets([key]))

    def live(self, found: cell_.Found | None) -> cell_.Found:
        """Return what was found, if it may be changed.

        :raises DeploymentMismatch: the deployment has moved
        :raises ServiceNotFound: it is not live
        """
        self._fence.check()
        if found is None:
            raise _Vanished
        if not found.live:
            raise exception.ServiceNotFound(service_id=self.uuid)
        return found

    def made(self, found: cell_.Found | None) -> record.Record | None:
        """Return the record as it is, if the change was made already.

        :param found: by :meth:`look`
        :returns: also a record that was destroyed since; None where the
            change is not in it
        :raises OutcomeUnknown: it is, and the deployment has moved since:
            it cannot be told whether the move took it along
        """
        if found is None or not found.stored.holds(self.token):
            return None
        try:
            self._fence.check()
        except exception.DeploymentMismatch as error:
            raise self.unknown(error) from error
        return found.record

    def commit(
        self,
        found: cell_.Found,
        by: record.Record,
        ttl: int = 0,
        *,
        first: bool = False,
    ) -> None:
        """Write the record where it is as it was found.

        :param first: nothing of what was found beside it stays: it goes live
        :raises DeploymentMismatch: the deployment had moved when it was found
        :raises Conflict: it is not
        :raises OutcomeUnknown: it may have been written, or was when the
            deployment had moved
        """
        self._fence.check()
        before = codec.Stored(by) if first else found.stored
        after = before.changed(
            self.token,
            by,
            most=MOST,
            fewest=FEWEST,
            now=int(time.time() * 1000),
        )
        if not self._cell.replace(found, after, ttl):
            raise change.Conflict
        self._fence.check_written()

    def unknown(self, error: Exception) -> exception.OutcomeUnknown:
        """Return the error of a change that may have been made.

        :param error: why it cannot be told
        """
        return exception.OutcomeUnknown(
            backend=f'memcached {self._cell.server.name}',
            reason=str(error).rstrip('.'),
        )


class _Vanished(Exception):
    """There is no trace of a service: memcached may have lost it."""
