# SPDX-License-Identifier: Apache-2.0

"""The ``zk`` driver: records and liveness in ZooKeeper."""

from collections.abc import Hashable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Unpack

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.inventory import base as inventory_base
from nova_sg.servicegroup import driver
from nova_sg.servicegroup import lease
from nova_sg.servicegroup import listed
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import options
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.records import known


class ZooKeeperDriver(driver.Driver):
    """Persistent znodes for records, ephemeral ones for living workers.

    =====================  ==============================================
    characteristic         value
    =====================  ==============================================
    durable                yes
    linearizable           no: a mirror follows by milliseconds
    monotonic_reads        yes: a process never reads backwards, and sees
                           what it has written itself
    staleness              the longer of ``session_timeout`` and
                           ``request_timeout``
    per_worker             yes: a znode for each
    crash_detection        the session timeout and one tick of the
                           ensemble, which is at most half of it
    doubt                  three session timeouts, where the connection was
                           lost
    member_details         yes: they are in the name of the znode
    remote_beats           no: the session of the member is the beat
    reasons                yes, in a persistent znode
    wedged                 yes: another thread holds the session
    =====================  ==============================================

    With ``[servicegroup] records = sql`` only the living workers are in
    ZooKeeper: nova's historical pairing.
    """

    default_records = 'zookeeper'

    def __init__(
        self, conf: cfg.ConfigOpts, records: known.KnownRecords
    ) -> None:
        super().__init__(conf, records)
        # Imported here: the options are read where there is no kazoo.
        from nova_sg.servicegroup.backends.zookeeper import membership
        from nova_sg.servicegroup.leased import rendered

        self._membership = membership.ZooKeeperMembership(conf, records)
        self._lists = rendered.Lists()

    @classmethod
    def list_opts(cls) -> Mapping[cfg.OptGroup, Sequence[cfg.Opt]]:
        return options.list_opts()

    @property
    def membership(self) -> membership_base.Membership:
        return self._membership

    def list(
        self,
        context: sg_context.RequestContext,
        **filters: Unpack[record.Filters],
    ) -> tuple[Sequence[record.Record], liveness.Answer]:
        """Return records and verdicts; from the mirror, without asking."""
        records = self.records.list(context, **filters)
        uuids = [each.uuid for each in records]
        try:
            living = self._membership.living(uuids)
        except exception.ServiceGroupUnavailable as error:
            return records, error
        return records, living.verdicts(uuids)

    def renders(
        self, key: Hashable, **filters: Unpack[record.Filters]
    ) -> bool:
        return key is not None and not any(
            each is not None for each in filters.values()
        )

    def render(
        self,
        context: sg_context.RequestContext,
        judge: liveness.Judge,
        zoning: inventory_base.Zoning,
        render: listed.Render[Any],
        key: Hashable,
        **filters: Unpack[record.Filters],
    ) -> listed.Rendered[Any] | None:
        """Render what the mirror has; where it has not all, none of it."""
        view = self.records.view(context)
        if view is None:
            return None
        try:
            living = self._membership.living(view.uuids)
        except exception.ServiceGroupUnavailable:
            # The list tells what stands meanwhile.
            return None
        made = self._lists.of(
            getattr(context, 'cell_uuid', None), view, living, zoning, judge
        )
        return None if made is None else made(render, key)

    @property
    def characteristics(self) -> driver.Characteristics:
        timeout = self._membership.session.timeout
        return driver.Characteristics(
            durable=True,
            linearizable=False,
            per_worker=True,
            crash_detection=1.5 * timeout,
            member_details=True,
            remote_beats=self.remote_beats,
            monotonic_reads=True,
            invocations=True,
            reasons=True,
            wedged=True,
            # Records elsewhere are not mirrored.
            staleness=self._membership.mirror.staleness
            if self.one_backend
            else 0.0,
            doubt=lease.LONGEST_DOUBT * timeout,
        )
