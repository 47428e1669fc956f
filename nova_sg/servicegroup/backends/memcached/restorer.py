# SPDX-License-Identifier: Apache-2.0

"""How copies of records are written and taken away, as they are.

Both may be repeated: a copy that is there is as good as one written now.
"""

from collections.abc import Mapping
from typing import Any
import uuid as uuid_

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import cell as cell_
from nova_sg.servicegroup.backends.memcached import going_live
from nova_sg.servicegroup.backends.memcached import index
from nova_sg.servicegroup.backends.memcached import names as names_
from nova_sg.servicegroup.records import change


class Restorer:
    """Restores and purges records of a cell.

    :param cell: the cell
    """

    def __init__(self, cell: cell_.Cell) -> None:
        self._cell = cell
        self._live = index.Index(cell, index.LIVE)
        self._gone = index.Index(cell, index.GONE)

    def restore(
        self,
        restored: record.Record,
        unknown: Mapping[str, Any] | None = None,
    ) -> None:
        """See ``RecordStore.restore``.

        :param unknown: fields beside those of the record
        """
        by = uuid_.uuid4().hex
        self._cell.change(f'service {restored.uuid}').run(
            lambda: self._restore(restored, unknown or {}, by)
        )

    def purge(self, uuid: str) -> None:
        """See ``RecordStore.purge``."""
        self._cell.change(f'service {uuid}').run(lambda: self._purge(uuid))

    def _restore(
        self, restored: record.Record, unknown: Mapping[str, Any], by: str
    ) -> None:
        """Try once to write a record.

        :param by: tells a pending record of this call from those of others
        :raises Conflict: to be tried again
        """
        id_key = self._cell.keys.id(restored.id)
        exists = exception.ServiceExists(
            service_id=restored.id, uuid=restored.uuid
        )
        found = self._cell.find(restored.uuid)
        pending = found is not None and found.unknown.get(cell_.PENDING)
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
            if not self._cell.add(restored, unknown=unknown):
                raise change.Conflict
            self._gone.add(restored.uuid)
            return
        if not pending and not self._cell.add(
            restored, going_live.PENDING_TTL, {cell_.PENDING: by}
        ):
            raise change.Conflict
        try:
            self._finish(restored, unknown, by)
        except exception.Conflict:
            if mine:
                self._cell.drop(id_key, restored.uuid)
            raise

    def _finish(
        self, restored: record.Record, unknown: Mapping[str, Any], by: str
    ) -> None:
        """Make a pending record live; see :func:`going_live.finish`."""

        def write(found: cell_.Found) -> None:
            if not self._cell.replace(found, restored, unknown=unknown):
                raise change.Conflict

        def look() -> cell_.Found | None:
            return self._cell.find(restored.uuid)

        if not going_live.finish(self._cell, restored, by, look, write):
            raise change.Conflict

    def _purge(self, uuid: str) -> None:
        found = self._cell.find(uuid)
        if found is None:
            return
        if not self._cell.replace(found, found.record, -1):
            raise change.Conflict
        names = names_.Names(self._cell, found.record)
        names.release(names.keys)
        self._cell.drop(self._cell.keys.id(found.record.id), uuid)
        self._gone.discard(uuid)
        self._live.discard(uuid)
