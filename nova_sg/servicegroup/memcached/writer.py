# SPDX-License-Identifier: Apache-2.0

"""How records of a cell are written, so that a crash leaves nothing behind.

A new record is written *pending* and expires unless it is finished; then its
names are claimed, it is put into the index, and one compare-and-set makes it
live. Destroying it is one compare-and-set, too: it turns into its own
tombstone, and what led to it leads nowhere from then on.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import secrets
from typing import Any
import uuid as uuid_

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.memcached import cell as cell_
from nova_sg.servicegroup.memcached import index
from nova_sg.servicegroup.memcached import names as names_

#: Seconds after which a record that was not finished is gone.
PENDING_TTL = 4

#: Seconds for which a destroyed service is remembered, and its id with it.
TOMBSTONE_TTL = 7 * 86400


def random_ids() -> Iterator[int]:
    """Return ids to try, at random: there is no counter to lose."""
    while True:
        yield secrets.randbelow(record.MAX_ID) + 1


class Writer:
    """Writes records of a cell.

    :param cell: the cell
    :cvar new_ids: makes the ids to try for a new record
    """

    new_ids = staticmethod(random_ids)

    def __init__(self, cell: cell_.Cell) -> None:
        self._cell = cell
        self._live = index.Index(cell, index.LIVE)
        self._gone = index.Index(cell, index.GONE)

    def create(self, values: Mapping[str, Any]) -> record.Record:
        """See ``RecordStore.create``."""
        fields = {'topic': None, 'uuid': str(uuid_.uuid4()), **values}
        for _attempt in self._cell.attempts():
            made = record.Record(
                id=self._take_id(fields['uuid']),
                created_at=cell_.now(),
                **fields,
            )
            by = uuid_.uuid4().hex
            if not self._cell.add(made, PENDING_TTL, {cell_.PENDING: by}):
                self._cell.drop(self._cell.keys.id(made.id), made.uuid)
                raise exception.ServiceExists(service_id='new', uuid=made.uuid)
            if self._finish(made, by):
                return made
            # It expired before it was finished: this process was stopped, or
            # the server was.
            self._cell.drop(self._cell.keys.id(made.id), made.uuid)
        raise AssertionError

    def restore(
        self,
        restored: record.Record,
        unknown: Mapping[str, Any] | None = None,
    ) -> None:
        """See ``RecordStore.restore``.

        :param unknown: fields beside those of the record
        """
        id_key = self._cell.keys.id(restored.id)
        exists = exception.ServiceExists(
            service_id=restored.id, uuid=restored.uuid
        )
        for _attempt in self._cell.attempts():
            found = self._cell.find(restored.uuid)
            if found is not None:
                if cell_.PENDING in found.unknown:
                    continue
                if found.record != restored:
                    raise exists
                return
            mine = self._cell.lead(id_key, restored.uuid)
            if not mine and self._cell.owner(id_key)[0] != restored.uuid:
                raise exists
            if self._restore(restored, unknown or {}, mine):
                return

    def update(self, uuid: str, changes: Mapping[str, Any]) -> record.Record:
        """See ``RecordStore.update``."""
        for _attempt in self._cell.attempts():
            found = self._found(uuid)
            changed = found.record._replace(updated_at=cell_.now(), **changes)
            before = names_.Names(self._cell, found.record)
            after = names_.Names(self._cell, changed)
            new = [key for key in after.keys if key not in before.keys]
            after.claim(besides=before)
            if not self._cell.replace(found, changed):
                continue
            lost = after.confirm(new)
            if lost is not None:
                self._take_back(found.record, changed)
                raise after.taken(lost)
            before.release(key for key in before.keys if key not in after.keys)
            return changed
        raise AssertionError

    def destroy(self, uuid: str) -> None:
        """See ``RecordStore.destroy``."""
        by = uuid_.uuid4().hex
        for _attempt in self._cell.attempts():
            found = self._cell.find(uuid)
            if found is None:
                raise exception.ServiceNotFound(service_id=uuid)
            if found.unknown.get(cell_.DESTROYED_BY) == by:
                # By us: the answer to the first attempt was lost.
                break
            if not found.live:
                raise exception.ServiceNotFound(service_id=uuid)
            gone = found.record._replace(
                deleted=found.record.id, deleted_at=cell_.now()
            )
            unknown = {**found.unknown, cell_.DESTROYED_BY: by}
            if self._cell.replace(found, gone, TOMBSTONE_TTL, unknown):
                break
        else:
            raise AssertionError
        self._bury(found.record)

    def purge(self, uuid: str) -> None:
        """See ``RecordStore.purge``."""
        for _attempt in self._cell.attempts():
            found = self._cell.find(uuid)
            if found is None:
                return
            if self._cell.replace(found, found.record, -1):
                self._clear(found.record)
                return

    def _found(self, uuid: str) -> cell_.Found:
        found = self._cell.find(uuid)
        if found is None or not found.live:
            raise exception.ServiceNotFound(service_id=uuid)
        return found

    def _take_id(self, uuid: str) -> int:
        """Take an id nobody has."""
        return next(
            service_id
            for service_id in self.new_ids()
            if self._cell.lead(self._cell.keys.id(service_id), uuid)
        )

    def _begin(self, made: record.Record, by: str) -> bool:
        """Write a pending record.

        :param by: tells it from those of others
        :returns: False where there is a record of this uuid
        """
        if self._cell.add(made, PENDING_TTL, {cell_.PENDING: by}):
            return True
        # It may have been written, and the answer lost.
        found = self._cell.find(made.uuid)
        return found is not None and found.unknown.get(cell_.PENDING) == by

    def _finish(
        self,
        made: record.Record,
        by: str,
        unknown: Mapping[str, Any] | None = None,
    ) -> bool:
        """Make a pending record live.

        :param by: what it was written with
        :param unknown: fields beside those of the record
        :returns: False where it has expired
        :raises ServiceBinaryExists, ServiceTopicExists: a name is taken
        """
        names = names_.Names(self._cell, made)
        try:
            names.claim()
        except exception.Conflict:
            self._abandon(made, by)
            raise
        self._live.add(made.uuid)
        found = self._cell.find(made.uuid)
        if found is None or found.unknown.get(cell_.PENDING) != by:
            return False
        if self._cell.replace(found, made, unknown=unknown or {}):
            return True
        # It may have been written, and the answer lost.
        return self._cell.live(made.uuid) == made

    def _restore(
        self,
        restored: record.Record,
        unknown: Mapping[str, Any],
        mine: bool,
    ) -> bool:
        """Write a record that is not there; return whether it was written.

        :param mine: its id was taken for it here
        """
        if restored.deleted:
            if not self._cell.add(restored, unknown=unknown):
                return False
            self._gone.add(restored.uuid)
            return True
        by = uuid_.uuid4().hex
        if not self._begin(restored, by):
            return False
        try:
            return self._finish(restored, by, unknown)
        except exception.Conflict:
            if mine:
                self._cell.drop(self._cell.keys.id(restored.id), restored.uuid)
            raise

    def _abandon(self, made: record.Record, by: str) -> None:
        """Take a pending record away, instead of waiting until it expires."""
        found = self._cell.find(made.uuid)
        if found is not None and found.unknown.get(cell_.PENDING) == by:
            self._cell.replace(found, made, -1)

    def _take_back(
        self, before: record.Record, changed: record.Record
    ) -> None:
        """Give a record its names back whose new ones were lost."""
        old = {
            field: getattr(before, field)
            for field in ('host', 'binary', 'topic')
            if getattr(before, field) != getattr(changed, field)
        }
        for _attempt in self._cell.attempts():
            found = self._found(changed.uuid)
            again = found.record._replace(**old)
            if self._cell.replace(found, again):
                return

    def _clear(self, gone: record.Record) -> None:
        """Take away all that led to a record which is not there any more."""
        names = names_.Names(self._cell, gone)
        names.release(names.keys)
        self._cell.drop(self._cell.keys.id(gone.id), gone.uuid)
        self._gone.discard(gone.uuid)
        self._live.discard(gone.uuid)

    def _bury(self, gone: record.Record) -> None:
        """Take away what led to a record that is destroyed.

        None of it leads there any more: a crash here leaves a few bytes.
        """
        names = names_.Names(self._cell, gone)
        names.release(names.keys)
        id_key = self._cell.keys.id(gone.id)
        self._cell.server.set(
            {id_key: cell_.leads_to(gone.uuid)}, TOMBSTONE_TTL
        )
        self._gone.add(gone.uuid)
        self._live.discard(gone.uuid)
