# SPDX-License-Identifier: Apache-2.0

"""How fields of a record are changed, its names among them."""

from collections.abc import Mapping
import contextlib
import dataclasses
from typing import Any

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import cell as cell_
from nova_sg.servicegroup.backends.memcached import names as names_
from nova_sg.servicegroup.backends.memcached import once as once_


class Update:
    """An update of one record, however often it is tried.

    :param cell: the cell of the record
    :param once: the change
    :param changes: the fields that change
    """

    def __init__(
        self, cell: cell_.Cell, once: once_.Once, changes: Mapping[str, Any]
    ) -> None:
        self._cell = cell
        self._once = once
        self._changes = changes
        self._before: record.Record | None = None

    def attempt(self) -> record.Record:
        """Look for the change, and make it where it is not there.

        :raises Conflict: another writer has changed the record
        :raises ServiceBinaryExists, ServiceTopicExists: a new name is taken
        """
        there = self._once.look()
        changed = self._once.made(there)
        if changed is None:
            found = self._once.live(there)
            self._before = found.record
            changed = found.record._replace(
                updated_at=cell_.now(), **self._changes
            )
            names_.Names(self._cell, changed).claim(
                besides=names_.Names(self._cell, found.record)
            )
            self._once.commit(found, changed)
        if self._before is not None and not changed.deleted:
            self._rename(self._before, changed)
        return changed

    def _rename(self, before: record.Record, changed: record.Record) -> None:
        """Keep the new names of a record, and give back the old ones.

        :raises OutcomeUnknown: the new ones may be lost
        """
        old = names_.Names(self._cell, before)
        new = names_.Names(self._cell, changed)
        try:
            lost = new.confirm(key for key in new.keys if key not in old.keys)
            if lost is not None:
                self._take_back(before)
        except exception.ServiceGroupUnavailable as error:
            raise exception.OutcomeUnknown(**error.kwargs) from error
        except exception.DeploymentMismatch as error:
            raise self._once.unknown(error) from error
        if lost is not None:
            raise new.taken(lost)
        # What is left leads to a record that does not bear it.
        with contextlib.suppress(exception.ServiceGroupUnavailable):
            old.release(key for key in old.keys if key not in new.keys)

    def _take_back(self, before: record.Record) -> None:
        """Give the record the names back that it had."""
        old = {
            field: getattr(before, field)
            for field in ('host', 'binary', 'topic')
            if field in self._changes
        }
        for _attempt in self._cell.attempts():
            found = self._once.live(self._once.look())
            again = dataclasses.replace(
                found.stored.without(self._once.token),
                record=found.record._replace(**old),
            )
            if self._cell.replace(found, again):
                return
