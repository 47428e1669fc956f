# SPDX-License-Identifier: Apache-2.0

"""How records of a cell are created, changed and destroyed, once each.

Destroying a record is one change of its value: it turns into its own
tombstone, and what led to it leads nowhere from then on.
"""

from collections.abc import Mapping
from typing import Any
import uuid as uuid_

from oslo_log import log as logging

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import cell as cell_
from nova_sg.servicegroup.backends.memcached import fence as fence_
from nova_sg.servicegroup.backends.memcached import going_live
from nova_sg.servicegroup.backends.memcached import index
from nova_sg.servicegroup.backends.memcached import names as names_
from nova_sg.servicegroup.backends.memcached import once as once_
from nova_sg.servicegroup.backends.memcached import update as update_
from nova_sg.servicegroup.records import change

LOG = logging.getLogger(__name__)

#: Seconds for which a destroyed service is remembered, and its id with it.
TOMBSTONE_TTL = 7 * 86400

#: Under it the uuid of a new service is made of the token of its creation, so
#: that a second conductor which gets the call finds what the first has made.
_NEW = uuid_.UUID('1f0c43a4-6d9f-4a8e-9a53-4f2a3c1c7b5e')


def _uuid_of(token: str) -> str:
    return str(uuid_.uuid5(_NEW, token))


class Writer:
    """Makes one change of the records of a cell.

    :param cell: the cell
    :param fence: what this change sees of the deployment marker
    """

    def __init__(self, cell: cell_.Cell, fence: fence_.Fence) -> None:
        self._cell = cell
        self._fence = fence
        self._live = index.Index(cell, index.LIVE)
        self._gone = index.Index(cell, index.GONE)

    def create(self, values: Mapping[str, Any], token: str) -> record.Record:
        """See ``RecordStore.create``.

        :param token: of the change
        """
        uuid = values.get('uuid') or _uuid_of(token)
        fields = {'topic': None, **values, 'uuid': uuid}
        once = self._once(uuid, token)
        return once.run(lambda: self._create(once, fields))

    def update(
        self, uuid: str, changes: Mapping[str, Any], token: str
    ) -> record.Record:
        """See ``RecordStore.update``.

        :param token: of the change
        """
        once = self._once(uuid, token)
        return once.run(update_.Update(self._cell, once, changes).attempt)

    def destroy(self, uuid: str, token: str) -> None:
        """See ``RecordStore.destroy``.

        :param token: of the change
        """
        once = self._once(uuid, token)
        gone = once.run(lambda: self._destroy(once))
        try:
            self._bury(gone)
        except exception.ServiceGroupUnavailable as error:
            LOG.warning(
                'Service %(uuid)s is destroyed, but some of its keys could '
                'not be deleted: %(error)s',
                {'uuid': uuid, 'error': error},
            )

    def made(self, uuid: str | None, token: str) -> record.Record | None:
        """See ``RecordStore.made``.

        :param token: of the change
        """
        once = self._once(uuid or _uuid_of(token), token)
        return once.made(once.look())

    def _once(self, uuid: str, token: str) -> once_.Once:
        return once_.Once(self._cell, self._fence, uuid, token)

    def _create(
        self, once: once_.Once, fields: Mapping[str, Any]
    ) -> record.Record:
        found = once.look()
        before = once.made(found)
        if before is not None:
            return before
        self._fence.check()
        if found is None:
            made = self._begin(once, fields)
        elif found.pending == once.token:
            made = found.record
        elif found.pending is not None:
            raise change.Conflict
        else:
            raise exception.ServiceExists(service_id='new', uuid=once.uuid)
        if going_live.finish(
            self._cell,
            made,
            once.token,
            once.look,
            lambda found: once.commit(found, made, first=True),
        ):
            return made
        if self._cell.find(once.uuid) is None:
            # It expired before it was finished: this process was stopped, or
            # the server was.
            self._cell.drop(self._cell.keys.id(made.id), once.uuid)
        raise change.Conflict

    def _begin(
        self, once: once_.Once, fields: Mapping[str, Any]
    ) -> record.Record:
        """Write a pending record, with an id that is free.

        :raises Conflict: there is a record with this uuid by now
        """
        taken = next(
            service_id
            for service_id in record.ids_to_try()
            if self._takes(self._cell.keys.id(service_id), once.uuid)
        )
        made = record.Record(id=taken, created_at=cell_.now(), **fields)
        if self._cell.add_pending(made, once.token, going_live.PENDING_TTL):
            return made
        self._cell.drop(self._cell.keys.id(taken), once.uuid)
        raise change.Conflict

    def _takes(self, id_key: str, uuid: str) -> bool:
        """Take an id, if it is free; also if the answer to that is lost."""
        return (
            self._cell.lead(id_key, uuid)
            or self._cell.owner(id_key)[0] == uuid
        )

    def _destroy(self, once: once_.Once) -> record.Record:
        there = once.look()
        before = once.made(there)
        if before is not None and before.deleted:
            return before
        found = once.live(there)
        gone = found.record._replace(
            deleted=found.record.id, deleted_at=cell_.now()
        )
        once.commit(found, gone, TOMBSTONE_TTL)
        return found.record

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
