# SPDX-License-Identifier: Apache-2.0

"""Liveness by ephemeral znodes, under the session of the member's process."""

from oslo_config import cfg

from nova_sg.servicegroup import marker
from nova_sg.servicegroup.backends.zookeeper import feeds
from nova_sg.servicegroup.backends.zookeeper import marker as zookeeper_marker
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.backends.zookeeper import znodes
from nova_sg.servicegroup.leased import membership as leased
from nova_sg.servicegroup.mirror import mirror as sg_mirror
from nova_sg.servicegroup.records import known


class ZooKeeperMembership(leased.LeasedMembership):
    """An ephemeral znode for each worker.

    :param conf: a loaded configuration
    :param records: where the records are; None where they cannot be asked
        from here
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        records: known.KnownRecords | None = None,
    ) -> None:
        self.session = sg_session.get(conf)
        mirror = None
        if records is not None:
            mirror = records.mirror_over(self.session)
        if mirror is None:
            mirror = sg_mirror.Mirror(
                self.session, feeds.ZooKeeperSource(self.session)
            )
        down_time = conf.servicegroup.service_down_time
        keys = znodes.MemberZnodes(self.session, records, down_time)
        super().__init__(conf, self.session, keys, mirror, records)

    @property
    def marker_store(self) -> marker.MarkerStore:
        return zookeeper_marker.ZooKeeperMarkerStore(self.session)
