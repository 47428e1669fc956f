# SPDX-License-Identifier: Apache-2.0

"""Records that come from elsewhere, and records that have gone there."""

from collections.abc import Sequence

from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import lookup
from nova_sg.servicegroup.backends.zookeeper import multiread
from nova_sg.servicegroup.backends.zookeeper import operations
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.backends.zookeeper import transactions
from nova_sg.servicegroup.records import change as sg_change
from nova_sg.servicegroup.records import codec


class Restorer:
    """Writes and removes records as a move does, whatever the marker says.

    Every method raises ``ServiceGroupUnavailable`` where ZooKeeper cannot be
    asked, and ``OutcomeUnknown`` where it cannot be asked whether the change
    was made.

    :param session: the session to write over
    :param reader: reads records over the same session
    :param transactions: writes records over it
    """

    def __init__(
        self,
        session: sg_session.Session,
        reader: lookup.Lookup,
        transactions: transactions.Transactions,
    ) -> None:
        self._session = session
        self._lookup = reader
        self._transactions = transactions

    def restore(
        self, cell: layout.CellLayout, restored: record.Record
    ) -> None:
        """See :meth:`RecordStore.restore`."""
        path = operations.place_of(cell, restored)
        change = self._session.change(path)

        def attempt() -> None:
            try:
                self._transactions.create(cell, codec.Stored(restored), change)
            except errors.TransactionFailed as failed:
                there = self._lookup.latest(
                    cell, restored.uuid, change.deadline
                )
                if there is None or there.record != restored:
                    raise self._transactions.refusal(
                        cell, restored, failed
                    ) from failed

        change.run(attempt)

    def purge(self, cell: layout.CellLayout, uuids: Sequence[str]) -> None:
        """See :meth:`RecordStore.purge`."""
        places = [
            place
            for uuid in uuids
            for place in (cell.service(uuid), cell.trace(uuid))
        ]
        change = self._session.change(cell.path)

        def attempt() -> None:
            values = multiread.read(self._session, places, change.deadline)
            outcomes = self._session.commit_many(
                [
                    operations.removal(cell, place, value)
                    for place, value in zip(places, values, strict=True)
                    if value is not None
                ],
                change.deadline,
            )
            if any(isinstance(e, errors.TransactionFailed) for e in outcomes):
                raise sg_change.Conflict

        change.run(attempt)
