# SPDX-License-Identifier: Apache-2.0

"""The transactions of records: what they write, and why they are refused."""

from collections.abc import Sequence
import datetime
from typing import Any

from kazoo import exceptions

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import changelog
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import lookup
from nova_sg.servicegroup.backends.zookeeper import operations
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.records import change as sg_change
from nova_sg.servicegroup.records import codec


class Transactions:
    """Writes a record with its entries and its change in the log.

    :param session: the session to write over
    :param reader: is told how far the log goes
    """

    def __init__(
        self, session: sg_session.Session, reader: lookup.Lookup
    ) -> None:
        self._session = session
        self._lookup = reader
        self._made: set[str] = set()

    def create(
        self,
        cell: layout.CellLayout,
        value: codec.Stored,
        change: sg_change.Change,
        guard: Sequence[requests.Operation] = (),
        stamp: str | None = None,
    ) -> datetime.datetime:
        """Create a record, or the trace of one.

        :param stamp: see :func:`codec.encode`
        :returns: when, by ZooKeeper's clock
        """
        self.make_directories(cell, value.record)
        made = [*guard, *operations.creation(cell, value, stamp)]
        results = self.commit(cell, made, change)
        return codec.time_of(results[len(guard) + 1].mtime)

    def commit(
        self,
        cell: layout.CellLayout,
        made: list[requests.Operation],
        change: sg_change.Change,
    ) -> list[Any]:
        """Do what a change is made of, and note its place in the log.

        :returns: the results
        """
        results = self._session.commit(made, change.deadline)
        if made[-1].path.startswith(f'{cell.log}/'):
            number = layout.number_of(results[-1])
            self._lookup.positions.note(cell.uuid, number + 1)
            changelog.trim(self._session, cell, number)
        return results

    def make_directories(
        self, cell: layout.CellLayout, of: record.Record
    ) -> None:
        """Make the znodes above those of a record, where they are not."""
        below = cell.directories()
        if of.binary is not None and not of.deleted:
            version = cell.version(of.binary, of.version)
            below += [cell.versions_of(of.binary), version]
        if below[-1] not in self._made:
            self._session.make_directories(
                [self._session.layout.cells, *below]
            )
            self._made.add(below[-1])

    def refusal(
        self,
        cell: layout.CellLayout,
        of: record.Record,
        failed: errors.TransactionFailed,
    ) -> Exception:
        """Return the error that a failed transaction means."""
        if isinstance(failed.error, exceptions.NodeExistsError):
            if failed.path.startswith(cell.names):
                return exception.ServiceBinaryExists(
                    host=of.host, binary=of.binary
                )
            if failed.path.startswith(cell.topics):
                return exception.ServiceTopicExists(
                    host=of.host, topic=of.topic
                )
            return exception.ServiceExists(service_id=of.id, uuid=of.uuid)
        if isinstance(failed.error, exceptions.BadVersionError) or (
            failed.path == cell.service(of.uuid)
        ):
            return sg_change.Conflict()
        # A znode above it is gone: make it again next time.
        self._made.clear()
        return self._session.unavailable(str(failed))
