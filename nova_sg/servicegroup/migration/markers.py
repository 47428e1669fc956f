# SPDX-License-Identifier: Apache-2.0

"""To which deployment the backends of a migration belong, and when.

The marker of a backend names the deployment that it belongs to. While
services move, and after they have moved away, the marker of a backend that
holds copies names the driver that has the originals. So no process can start
on a copy. Records in a backend with such a marker are not in use, and may be
replaced::

    t=0   db to zk: the marker of the database says db, that of ZooKeeper is
          not there
    t=1   begin: ZooKeeper is marked db, too. A process with driver = zk cannot
          start; the records are copied
    t=5   conductor A disables c1 in the database
    t=9   source_closed: the database is marked "moving to zk". A can write no
          more; what it changed meanwhile is copied: c1 is disabled in
          ZooKeeper
    t=10  both hold the same: the database is marked zk
    t=10+ open_target: ZooKeeper is marked zk. Conductors with driver = zk
          start

The operator's power fails at t=5: all is as before but for the copies, and the
next run replaces them. A failure at t=9 marks the database db again. The power
fails at t=9: neither side starts. The same command goes on; one from zk to db
is refused, since it would put the copy, in which c1 is enabled, in the place
of the original. From t=10 on it does not matter which of the two is run.
"""

from collections.abc import Iterator
import contextlib

from oslo_log import log as logging

from nova_sg import exception
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.migration import side as sg_side

LOG = logging.getLogger(__name__)


class Markers:
    """The markers of the backends of both sides.

    :param load: loads the configuration of this process
    :param source: where services are
    :param target: where they go
    """

    def __init__(
        self, load: sg_side.Load, source: sg_side.Side, target: sg_side.Side
    ) -> None:
        self._load = load
        self._from = source.ours
        self._to = target.ours
        # The marker of the source while nothing may be written to it.
        self._closed = target.ours.moving()
        # A process that is configured for the source looks at this one first.
        self._first, *self._others = source.stores
        self._target = [
            store for store in target.stores if store.name not in source.names
        ]
        self._target_names = target.names
        self._target_records = target.records.marker_store
        # Whether the target was open before: other cells may be there.
        self._target_was_open: bool | None = None

    def check(self) -> bool:
        """Refuse backends that belong to another deployment.

        :returns: whether records that are in the target may be replaced
        :raises MigrationRefused: naming the backend and its deployment; or
            another run of this move has opened the target
        :raises ServiceGroupUnavailable: a backend cannot be asked, or a part
            of it whose marker is to be moved
        """
        ours = {self._from, self._to}
        for theirs in self._first.read_all() - ours - {self._closed}:
            raise self._refusal(self._first, theirs)
        for store in self._others:
            for theirs in self._read_all(store) - ours:
                raise self._refusal(store, theirs)
        for store in self._target:
            for theirs in store.read_all() - ours:
                if self._is_in_use(store, theirs):
                    raise self._refusal(store, theirs)
        found = self._target_records.read_all()
        is_open = self._to in found
        if is_open and self._target_was_open is False:
            raise self._refusal(self._target_records, self._to)
        self._target_was_open = is_open
        return bool(found) and not is_open

    def source_is_unused(self) -> bool:
        """Return whether the source has no marker yet."""
        return self._first.read() is None

    def moved(self) -> bool:
        """Return whether the deployment is in the target already."""
        return all(
            store.read_all() == {self._to}
            for store in (self._first, *self._target)
        ) and all(
            self._read_all(store) <= {self._to} for store in self._others
        )

    def begin(self) -> None:
        """Mark the target as a part of the source's deployment.

        From now on only processes of the source can start on it.

        :raises MigrationRefused: somebody else marks it at the same time
        """
        self._first.claim(self._from)
        for store in self._target:
            theirs = store.claim(self._from)
            if theirs not in (self._from, self._to):
                self._move(store, theirs, self._from)
        # Another run may have been faster.
        self.check()

    @contextlib.contextmanager
    def source_closed(self) -> Iterator[None]:
        """Close the source, and mark it as left when it is copied.

        No process may write there any more; those which run notice within
        :data:`marker.TRUSTED` seconds. Should what is done meanwhile fail, the
        source is as it was.

        :raises MigrationRefused: another command moves services elsewhere
        """
        source_was_open = self._first.read() not in (self._closed, self._to)
        try:
            # What is not ours to close is not ours to mark as left.
            self._first.move(self._from, self._closed)
            yield
            self._move(self._first, self._closed, self._to)
        except BaseException:
            if source_was_open:
                self._reopen()
            raise

    def _reopen(self) -> None:
        """Mark the source as it was; a failure does not hide the first one."""
        try:
            self._first.move(self._closed, self._from)
            is_closed = self._first.read() in (self._closed, self._to)
        except exception.ServiceGroupUnavailable as error:
            LOG.debug('%s', error)
            is_closed = True
        if is_closed:
            LOG.warning(
                'The source is closed: run the same command again when '
                '%s answers.',
                self._first.name,
            )

    def open_target(self) -> None:
        """Mark the target: from now on the deployment is there."""
        for store in self._target:
            self._move(store, self._from, self._to)
        for store in self._others:
            try:
                if store.read() is not None:
                    self._move(store, self._from, self._to)
            except exception.ServiceGroupUnavailable as error:
                if store.name in self._target_names:
                    raise
                # Often the reason for a deployment to move.
                LOG.warning('The source is not marked as left: %s', error)

    def _move(
        self,
        store: marker.MarkerStore,
        before: marker.Marker,
        after: marker.Marker,
    ) -> None:
        # One that lost its memory is marked anew.
        if store.move(before, after) or store.claim(after) == after:
            return
        raise self._refusal(store, store.read())

    def _read_all(self, store: marker.MarkerStore) -> set[marker.Marker]:
        """Return what a store of the source says besides the first."""
        if store.name in self._target_names:
            return store.read_all()
        try:
            theirs = store.read()
        except exception.ServiceGroupUnavailable:
            # Services can do without a backend that held only liveness.
            theirs = None
        return set() if theirs is None else {theirs}

    def _is_in_use(
        self, store: marker.MarkerStore, theirs: marker.Marker
    ) -> bool:
        """Return whether the deployment of a marker is in this backend.

        Else the marker only says where services went from here. That they
        are still to be copied from here is in use, too.
        """
        if theirs.is_moving:
            return True
        place = sg_side.Place.of(theirs)
        try:
            return store.name in sg_side.Side.load(self._load, place).names
        except exception.InvalidConfiguration:
            return True

    def _refusal(
        self, store: marker.MarkerStore, theirs: marker.Marker | None
    ) -> exception.MigrationRefused:
        reason = f'the backend {store.name} is in use with {theirs}'
        if theirs == self._from.moving():
            source = sg_side.Place.of(self._to)
            target = sg_side.Place.of(self._from)
            command = exception.DeploymentMismatch.move_command
            reason = (
                f'a move from {source} to {target} was cut off: finish that '
                f'one first, with "{command} --from {source} --to {target}"'
            )
        return exception.MigrationRefused(
            source=self._from, target=self._to, reason=reason
        )
