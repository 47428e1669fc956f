# SPDX-License-Identifier: Apache-2.0

"""The records of a cell, as its changes make them."""

from collections.abc import Callable

from oslo_log import log as logging

from nova_sg import exception
from nova_sg import instruments
from nova_sg.servicegroup import lease as sg_lease
from nova_sg.servicegroup import view as sg_view
from nova_sg.servicegroup.mirror import feed
from nova_sg.servicegroup.mirror import part

LOG = logging.getLogger(__name__)

#: How often in a row a reader that has fallen back reads all records.
LOADS = 3


class CellRecords(part.Part):
    """The records of a cell, kept fresh by its change feed.

    :param lease: what the feed is read over
    :param wake: see :class:`part.Part`
    :param source: opens the feed
    :param cell: the uuid of the cell
    """

    def __init__(
        self,
        lease: sg_lease.Lease,
        wake: Callable[[], None],
        source: feed.Source,
        cell: str,
    ) -> None:
        super().__init__(lease, wake)
        self._cell = cell
        self._feed = source.records(cell, self.mark)
        self._audit = False
        self._view: sg_view.View | None = None

    @property
    def latest(self) -> sg_view.View | None:
        """The records as they were read last, None before the first time."""
        return self._view

    def view(self, seen: int, timeout: float) -> sg_view.View | None:
        """Return the records, or None where they are not here yet.

        :param seen: the position that they must have come to
        :param timeout: seconds to wait for it
        """

        def is_there() -> bool:
            return self._view is not None and self._view.following >= seen

        return self._view if self.wait(is_there, timeout) else None

    def audit(self) -> None:
        with self._changed:
            self._audit = True
        super().audit()

    def refresh(self) -> None:
        view = self._view
        with self._changed:
            audit, self._audit = self._audit, False
        if view is not None:
            try:
                if audit:
                    self._feed.check(view.following)
                self._view = self._catch_up(view)
                return
            except (feed.FallenBack, exception.RecordUnreadable) as error:
                # The records themselves may well be readable.
                LOG.debug('Listing cell %s again: %s', self._cell, error)
        for _ in range(LOADS):
            records, position = self._feed.snapshot()
            instruments.current.mirror_rebuilt()
            try:
                self._view = self._catch_up(sg_view.View(records, position))
                return
            except feed.FallenBack as error:
                LOG.debug('Listing cell %s again: %s', self._cell, error)
        raise self.lease.unavailable(
            f'cell {self._cell} changes faster than it can be read'
        )

    def _catch_up(self, view: sg_view.View) -> sg_view.View:
        """Return the view with all changes since.

        :raises FallenBack: some of them are not there any more
        """
        changes, position = self._feed.changes(view.following)
        records = dict(view.by_uuid)
        for each in changes:
            if each.record is None:
                records.pop(each.uuid, None)
            else:
                records[each.uuid] = each.record
        return sg_view.View(records, position)
