# SPDX-License-Identifier: Apache-2.0

"""Records written to ZooKeeper, each change in one transaction.

The transaction checks that the deployment is still here, and leaves the token
of the change in the record: a change that is sent again finds its token.
"""

from collections.abc import Callable
from collections.abc import Mapping
import time
from typing import Any
import uuid as sg_uuid

from oslo_log import log as logging

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import fence as sg_fence
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import lookup
from nova_sg.servicegroup.backends.zookeeper import members
from nova_sg.servicegroup.backends.zookeeper import operations
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.backends.zookeeper import transactions
from nova_sg.servicegroup.records import change as sg_change
from nova_sg.servicegroup.records import codec

LOG = logging.getLogger(__name__)

#: Makes the uuid of a service of the token of the change that creates it.
_UUIDS = sg_uuid.UUID('5a0c4c1e-5f0e-4d8e-9a51-8a8f0d3a9b1c')


class Writer:
    """Makes the changes of operators, and of services that register.

    Every method raises ``ServiceGroupUnavailable`` where ZooKeeper cannot be
    asked, ``OutcomeUnknown`` where it cannot be asked whether the change was
    made, and ``DeploymentMismatch`` where the deployment is elsewhere.

    :param session: the session to write over
    :param reader: reads records over the same session
    :param transactions: writes records over it
    :param fence: keeps changes out once the deployment has moved
    """

    def __init__(
        self,
        session: sg_session.Session,
        reader: lookup.Lookup,
        transactions: transactions.Transactions,
        fence: sg_fence.Fence,
    ) -> None:
        self._session = session
        self._lookup = reader
        self._transactions = transactions
        self._fence = fence

    def create(
        self,
        cell: layout.CellLayout,
        token: str,
        values: Mapping[str, Any],
    ) -> record.Record:
        """See :meth:`RecordStore.create`.

        :param token: of this change
        """
        # The same for a change that is sent again, so that it is found.
        uuid = values.get('uuid') or _uuid_of(token)
        change, look = self._begin(cell, uuid, token)

        def attempt() -> record.Record:
            mine = look()
            if mine is not None:
                return mine
            guard = self._fence.guard(change.deadline)
            # The changes of the cell were counted by looking.
            first = self._lookup.positions.seen(cell.uuid) + 1
            for service_id in record.ids_to_try(first):
                made = record.Record(
                    **{
                        'topic': None,
                        **values,
                        'uuid': uuid,
                        'id': service_id,
                    }
                )
                value = operations.written(codec.Stored(made), made, token)
                try:
                    now = self._transactions.create(
                        cell, value, change, guard, 'created_at'
                    )
                except errors.TransactionFailed as failed:
                    self._fence.check(failed)
                    taken = failed.path == cell.id(service_id)
                    if taken and time.monotonic() < change.deadline:
                        continue
                    # The same call may be served elsewhere at the same time.
                    mine = look()
                    if mine is not None:
                        return mine
                    if taken:
                        # No service that there is was asked for.
                        raise self._session.unavailable(
                            'others took each id that was tried in time'
                        ) from failed
                    raise self._transactions.refusal(
                        cell, made, failed
                    ) from failed
                return made._replace(created_at=now)
            raise sg_change.Conflict

        return change.run(attempt, look)

    def update(
        self,
        cell: layout.CellLayout,
        token: str,
        uuid: str,
        changes: Mapping[str, Any],
    ) -> record.Record:
        """See :meth:`RecordStore.update`.

        :param token: of this change
        """
        change, look = self._begin(cell, uuid, token)

        def attempt() -> record.Record:
            found = self._lookup.latest(cell, uuid, change.deadline)
            if found is not None and found.stored.holds(token):
                return found.record
            if found is None or found.record.deleted:
                raise exception.ServiceNotFound(service_id=uuid)
            guard = self._fence.guard(change.deadline)
            after = found.record._replace(**changes)
            value = operations.written(found.stored, after, token)
            made = [*guard, *operations.rewriting(cell, found, value)]
            self._transactions.make_directories(cell, after)
            results = self._commit(cell, after, made, change)
            now = codec.time_of(results[len(guard)].mtime)
            return after._replace(updated_at=now)

        return change.run(attempt, look)

    def destroy(self, cell: layout.CellLayout, token: str, uuid: str) -> None:
        """See :meth:`RecordStore.destroy`; a trace remains.

        :param token: of this change
        """
        change, look = self._begin(cell, uuid, token)

        def attempt() -> record.Record:
            found = self._lookup.latest(cell, uuid, change.deadline)
            if found is None or found.record.deleted:
                if found is not None and found.stored.holds(token):
                    return found.record
                raise exception.ServiceNotFound(service_id=uuid)
            gone = found.record._replace(deleted=found.record.id)
            trace = operations.written(found.stored, gone, token)
            made = [
                *self._fence.guard(change.deadline),
                *operations.destruction(cell, found, trace),
            ]
            self._commit(cell, gone, made, change)
            return gone

        change.run(attempt, look)
        self._remove_members(uuid)

    def made(
        self, cell: layout.CellLayout, token: str, uuid: str | None
    ) -> record.Record | None:
        """See :meth:`RecordStore.made`.

        :param token: of the change
        """
        _change, look = self._begin(cell, uuid or _uuid_of(token), token)
        return look()

    def _commit(
        self,
        cell: layout.CellLayout,
        after: record.Record,
        made: list[requests.Operation],
        change: sg_change.Change,
    ) -> list[Any]:
        """Do what a change is made of, or raise why it is refused.

        :param after: the record after the change
        :returns: the results
        """
        try:
            return self._transactions.commit(cell, made, change)
        except errors.TransactionFailed as failed:
            self._fence.check(failed)
            raise self._transactions.refusal(cell, after, failed) from failed

    def _begin(
        self, cell: layout.CellLayout, uuid: str, token: str
    ) -> tuple[sg_change.Change, Callable[[], record.Record | None]]:
        """Return a change, and what looks for it in a record or its trace."""
        change = self._session.change(cell.service(uuid))

        def look() -> record.Record | None:
            found = self._lookup.latest(cell, uuid, change.deadline)
            if found is None or not found.stored.holds(token):
                return None
            return found.record

        return change, look

    def _remove_members(self, uuid: str) -> None:
        """Take members out that have joined before their record went.

        It is destroyed by now, so that this may fail: the next beat of such
        a member finds that its record is gone.
        """
        try:
            members.remove(self._session, uuid)
        except exception.ServiceGroupUnavailable as error:
            LOG.warning(
                'Members of the destroyed service %(uuid)s stay until they '
                'beat: %(error)s',
                {'uuid': uuid, 'error': error},
            )


def _uuid_of(token: str) -> str:
    return str(sg_uuid.uuid5(_UUIDS, token))
