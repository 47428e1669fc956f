# SPDX-License-Identifier: Apache-2.0

"""How copies of records are written and taken away, as they are.

Both may be repeated: a copy that is there is as good as one written now.
"""

import uuid as uuid_

from nova_sg import exception
from nova_sg.servicegroup.backends.memcached import cell as cell_
from nova_sg.servicegroup.backends.memcached import going_live
from nova_sg.servicegroup.backends.memcached import index
from nova_sg.servicegroup.backends.memcached import names as names_
from nova_sg.servicegroup.records import change
from nova_sg.servicegroup.records import codec


class Restorer:
    """Restores and purges records of a cell.

    :param cell: the cell
    """

    def __init__(self, cell: cell_.Cell) -> None:
        self._cell = cell
        self._live = index.Index(cell, index.LIVE)
        self._gone = index.Index(cell, index.GONE)

    def restore(self, stored: codec.Stored) -> None:
        """See ``RecordStore.restore``; writes also what is beside a record."""
        by = uuid_.uuid4().hex
        self._cell.change(f'service {stored.record.uuid}').run(
            lambda: self._restore(stored, by)
        )

    def purge(self, uuid: str) -> None:
        """See ``RecordStore.purge``."""
        self._cell.change(f'service {uuid}').run(lambda: self._purge(uuid))

    def _restore(self, stored: codec.Stored, by: str) -> None:
        """Try once to write a record.

        :param by: tells a pending record of this call from those of others
        :raises Conflict: to be tried again
        """
        restored = stored.record
        id_key = self._cell.keys.id(restored.id)
        exists = exception.ServiceExists(
            service_id=restored.id, uuid=restored.uuid
        )
        found = self._cell.find(restored.uuid)
        pending = None if found is None else found.pending
        if pending and pending != by:
            raise change.Conflict
        if found is not None and not pending:
            if found.record != restored:
                raise exists
            return
        mine = self._cell.lead(id_key, restored.uuid)
        if not mine and self._cell.owner(id_key)[0] != restored.uuid:
            raise exists
        if restored.deleted:
            if not self._cell.add(stored):
                raise change.Conflict
            self._gone.add(restored.uuid)
            return
        if not pending and not self._cell.add_pending(
            restored, by, going_live.PENDING_TTL
        ):
            raise change.Conflict
        try:
            self._finish(stored, by)
        except exception.Conflict:
            if mine:
                self._cell.drop(id_key, restored.uuid)
            raise

    def _finish(self, stored: codec.Stored, by: str) -> None:
        """Make a pending record live; see :func:`going_live.finish`."""

        def write(found: cell_.Found) -> None:
            if not self._cell.replace(found, stored):
                raise change.Conflict

        def look() -> cell_.Found | None:
            return self._cell.find(stored.record.uuid)

        if not going_live.finish(self._cell, stored.record, by, look, write):
            raise change.Conflict

    def _purge(self, uuid: str) -> None:
        found = self._cell.find(uuid)
        if found is None:
            return
        if not self._cell.replace(found, ttl=-1):
            raise change.Conflict
        names = names_.Names(self._cell, found.record)
        names.release(names.keys)
        self._cell.drop(self._cell.keys.id(found.record.id), uuid)
        self._gone.discard(uuid)
        self._live.discard(uuid)
