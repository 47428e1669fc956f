# SPDX-License-Identifier: Apache-2.0

"""Service records in ZooKeeper, each changed by compare-and-set."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import plugins
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import feeds
from nova_sg.servicegroup.backends.zookeeper import fence
from nova_sg.servicegroup.backends.zookeeper import history
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import lookup
from nova_sg.servicegroup.backends.zookeeper import marker as zookeeper_marker
from nova_sg.servicegroup.backends.zookeeper import restorer
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.backends.zookeeper import transactions
from nova_sg.servicegroup.backends.zookeeper import writer
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.leased import store
from nova_sg.servicegroup.mirror import mirror as sg_mirror
from nova_sg.servicegroup.records import change

Context = sg_context.RequestContext


class ZooKeeperRecordStore(store.MirroredRecordStore):
    """Persistent znodes under ``[zookeeper] chroot``.

    A record, the entries that make it unique and findable, and its change
    in the log are written in one transaction.

    :param conf: a loaded configuration
    :raises InvalidConfiguration: an option of ``[zookeeper]`` is no use
    """

    #: The transaction of each change checks the marker.
    fence = 0.0

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self.session = sg_session.get(conf)
        mirror = sg_mirror.Mirror(
            self.session, feeds.ZooKeeperSource(self.session)
        )
        reader = lookup.Lookup(self.session, mirror.positions)
        super().__init__(conf, mirror, reader)
        writing = transactions.Transactions(self.session, reader)
        self._fence = fence.Fence(self.session, plugins.our_marker(conf))
        self._writer = writer.Writer(
            self.session, reader, writing, self._fence
        )
        self._restorer = restorer.Restorer(self.session, reader, writing)

    @property
    def marker_store(self) -> marker.MarkerStore:
        return zookeeper_marker.ZooKeeperMarkerStore(self.session)

    @property
    def history(self) -> history.ZooKeeperHistory:
        return history.ZooKeeperHistory(
            self.session,
            self.paths,
            history_base.Limits.of(self.conf),
            self._fence,
        )

    def paths(self, context: Context) -> layout.CellLayout:
        """Return the paths of the cell that a call is for."""
        return self.session.layout.cell(self.cell(context))

    def guard(self, context: Context, uuid: str, lease: object) -> str | None:
        if lease is not self.session:
            return None
        return self.paths(context).service(uuid)

    def create(
        self, context: Context, values: Mapping[str, Any]
    ) -> record.Record:
        return self._writer.create(
            self.paths(context), change.token_of(context), values
        )

    def update(
        self, context: Context, uuid: str, changes: Mapping[str, Any]
    ) -> record.Record:
        return self._writer.update(
            self.paths(context), change.token_of(context), uuid, changes
        )

    def destroy(self, context: Context, uuid: str) -> None:
        self._writer.destroy(
            self.paths(context), change.token_of(context), uuid
        )

    def made(
        self, context: Context, uuid: str | None = None
    ) -> record.Record | None:
        return self._writer.made(
            self.paths(context), change.token_of(context), uuid
        )

    def restore(self, context: Context, restored: record.Record) -> None:
        self._restorer.restore(self.paths(context), restored)

    def purge(self, context: Context, uuids: Sequence[str]) -> None:
        self._restorer.purge(self.paths(context), uuids)
