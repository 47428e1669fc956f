# SPDX-License-Identifier: Apache-2.0

"""Records written to ZooKeeper, each change in one transaction.

A transaction whose answer is lost may have been done. So each leaves a token
in the record, and who tries again looks for its own.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import secrets
from typing import Any

from kazoo import exceptions
from oslo_utils import uuidutils

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.zookeeper import changelog
from nova_sg.servicegroup.zookeeper import errors
from nova_sg.servicegroup.zookeeper import ids
from nova_sg.servicegroup.zookeeper import layout
from nova_sg.servicegroup.zookeeper import lookup
from nova_sg.servicegroup.zookeeper import members
from nova_sg.servicegroup.zookeeper import multiread
from nova_sg.servicegroup.zookeeper import requests
from nova_sg.servicegroup.zookeeper import retry
from nova_sg.servicegroup.zookeeper import session as sg_session
from nova_sg.servicegroup.zookeeper import stored


class Writer:
    """Writes records, with their entries and their change in the log.

    Every method raises ``ServiceGroupUnavailable`` where ZooKeeper cannot be
    asked.

    :param session: the session to write over
    """

    def __init__(self, session: sg_session.Session) -> None:
        self._session = session
        self._lookup = lookup.Lookup(session)
        self._made: set[str] = set()
        self._latest: dict[str, int] = {}

    def latest(self, cell: layout.CellLayout) -> int:
        """Return the number of the latest change made here, -1 for none."""
        return self._latest.get(cell.path, -1)

    def create(
        self, cell: layout.CellLayout, values: Mapping[str, Any]
    ) -> record.Record:
        """See :meth:`RecordStore.create`."""
        uuid = values.get('uuid') or uuidutils.generate_uuid()
        path = cell.service(uuid)
        token = _token()
        change = retry.Change(self._session, path)

        def attempt() -> record.Record:
            if change.unsure:
                mine = self._lookup.get(path, change.deadline)
                if mine is not None and token in mine.stored.writes:
                    return mine.record
            new_id, now = ids.take(self._session, cell, change.deadline)
            made = record.Record(
                **{
                    'topic': None,
                    **values,
                    'uuid': uuid,
                    'id': new_id,
                    'created_at': stored.time_of(now),
                }
            )
            value = stored.encode(stored.Stored(made, writes=(token,)))
            try:
                self._create(cell, made, value, change)
            except errors.TransactionFailed as failed:
                if failed.path == cell.id(new_id):
                    raise errors.Conflict from failed
                raise self._refusal(cell, made, failed) from failed
            return made

        return change.run(attempt)

    def update(
        self, cell: layout.CellLayout, uuid: str, changes: Mapping[str, Any]
    ) -> record.Record:
        """See :meth:`RecordStore.update`."""
        path = cell.service(uuid)
        token = _token()
        change = retry.Change(self._session, path)

        def attempt() -> record.Record:
            found = self._lookup.get(path, change.deadline)
            if found is None:
                raise exception.ServiceNotFound(service_id=uuid)
            if change.unsure and token in found.stored.writes:
                return found.record
            after = found.record._replace(**changes)
            value = stored.encode(
                stored.rewritten(found.stored, after, token),
                stamp='updated_at',
            )
            operations = [
                requests.change(path, value, found.version),
                *_difference(cell.entries(found.record), cell.entries(after)),
                changelog.changed(cell, value),
            ]
            self._make_directories(cell, after)
            try:
                results = self._commit(cell, operations, change)
            except errors.TransactionFailed as failed:
                raise self._refusal(cell, after, failed) from failed
            now = stored.time_of(results[0].mtime)
            return after._replace(updated_at=now)

        return change.run(attempt)

    def destroy(self, cell: layout.CellLayout, uuid: str) -> None:
        """See :meth:`RecordStore.destroy`; a trace remains."""
        path = cell.service(uuid)
        token = _token()
        change = retry.Change(self._session, path)

        def attempt() -> None:
            found = self._lookup.get(path, change.deadline)
            if found is None:
                if change.unsure:
                    return
                raise exception.ServiceNotFound(service_id=uuid)
            gone = found.record._replace(deleted=found.record.id)
            trace = stored.encode(
                stored.rewritten(found.stored, gone, token),
                stamp='deleted_at',
            )
            operations = [
                requests.delete(path, found.version),
                requests.create(cell.trace(uuid), trace),
                *_difference(cell.entries(found.record), _entries(cell, gone)),
                changelog.destroyed(cell, uuid),
            ]
            try:
                self._commit(cell, operations, change)
            except errors.TransactionFailed as failed:
                raise self._refusal(cell, gone, failed) from failed

        change.run(attempt)
        members.remove(self._session, uuid)

    def restore(
        self, cell: layout.CellLayout, restored: record.Record
    ) -> None:
        """See :meth:`RecordStore.restore`."""
        path = _place(cell, restored)
        value = stored.encode(stored.Stored(restored))
        change = retry.Change(self._session, path)

        def attempt() -> None:
            ids.skip(self._session, cell, restored.id, change.deadline)
            try:
                self._create(cell, restored, value, change)
            except errors.TransactionFailed as failed:
                there = self._lookup.get(path, change.deadline)
                if there is None or there.record != restored:
                    raise self._refusal(cell, restored, failed) from failed

        change.run(attempt)

    def purge(self, cell: layout.CellLayout, uuids: Sequence[str]) -> None:
        """See :meth:`RecordStore.purge`."""
        places = [
            place
            for uuid in uuids
            for place in (cell.service(uuid), cell.trace(uuid))
        ]
        change = retry.Change(self._session, cell.path)

        def attempt() -> None:
            values = multiread.read(self._session, places, change.deadline)
            outcomes = self._session.commit_many(
                [
                    _removal(cell, place, value)
                    for place, value in zip(places, values, strict=True)
                    if value is not None
                ],
                change.deadline,
            )
            if any(isinstance(e, errors.TransactionFailed) for e in outcomes):
                raise errors.Conflict

        change.run(attempt)

    def _create(
        self,
        cell: layout.CellLayout,
        made: record.Record,
        value: bytes,
        change: retry.Change,
    ) -> None:
        place = _place(cell, made)
        # A uuid is in one of these places, and once.
        other = {cell.service(made.uuid), cell.trace(made.uuid)} - {place}
        operations = [requests.create(place, value)]
        for path in other:
            operations += [requests.create(path), requests.delete(path)]
        operations += _difference({}, _entries(cell, made))
        if not made.deleted:
            self._make_directories(cell, made)
            operations.append(changelog.changed(cell, value))
        self._commit(cell, operations, change)

    def _commit(
        self,
        cell: layout.CellLayout,
        operations: list[requests.Operation],
        change: retry.Change,
    ) -> list[Any]:
        results = self._session.commit(operations, change.deadline)
        if operations[-1].path.startswith(f'{cell.log}/'):
            number = layout.number_of(results[-1])
            self._latest[cell.path] = max(number, self.latest(cell))
            changelog.trim(self._session, cell, number)
        return results

    def _make_directories(
        self, cell: layout.CellLayout, of: record.Record
    ) -> None:
        """Make the znodes that are made only once somebody needs them."""
        if of.binary is None:
            return
        version = cell.version(of.binary, of.version)
        if version not in self._made:
            self._session.make_directories(
                [cell.versions_of(of.binary), version]
            )
            self._made.add(version)

    def _refusal(
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
            return errors.Conflict()
        # Somebody tidied up: make it again next time.
        self._made.clear()
        return self._session.unavailable(str(failed))


def _token() -> str:
    return secrets.token_hex(4)


def _place(cell: layout.CellLayout, of: record.Record) -> str:
    """Return where a record belongs."""
    return cell.trace(of.uuid) if of.deleted else cell.service(of.uuid)


def _entries(cell: layout.CellLayout, of: record.Record) -> dict[str, bytes]:
    """Return what stands beside a record: of a trace, only its id."""
    if of.deleted:
        return {cell.id(of.id): of.uuid.encode()}
    return cell.entries(of)


def _removal(
    cell: layout.CellLayout, place: str, value: multiread.Value
) -> list[requests.Operation]:
    """Return what takes a record away, and all that stands beside it."""
    gone = stored.decode(value.data, value.stat.mtime, place).record
    operations = [
        requests.delete(place, value.stat.version),
        *_difference(_entries(cell, gone), {}),
    ]
    if not gone.deleted:
        operations.append(changelog.destroyed(cell, gone.uuid))
    return operations


def _difference(
    before: Mapping[str, bytes], after: Mapping[str, bytes]
) -> list[requests.Operation]:
    """Return what turns the entries of a record into others."""
    return [
        *(requests.delete(path) for path in before if path not in after),
        *(
            requests.create(path, value)
            for path, value in after.items()
            if path not in before
        ),
    ]
