# SPDX-License-Identifier: Apache-2.0

"""The ``mc`` driver: liveness is in memcached."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Unpack

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import driver
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import options
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.records import known


class MemcachedDriver(driver.Driver):
    """Memberships which memcached lets expire; records wherever they are.

    =====================  ==============================================
    characteristic         value
    =====================  ==============================================
    durable                yes with ``records = sql``; no with ``records =
                           memcached``
    linearizable           yes: a key lies on one server, and never moves
    per_worker             yes
    crash_detection        ``service_down_time`` and a second
    member_details         yes
    remote_beats           no: a membership is its own process's
    monotonic_reads        yes: there is one copy of each record
    staleness              0.0
    reasons                yes
    wedged                 yes: another thread notes it, before the key
                           expires
    doubt                  see :func:`..memcached.epoch.longest_doubt`
    =====================  ==============================================
    """

    default_records = 'sql'

    def __init__(
        self, conf: cfg.ConfigOpts, records: known.KnownRecords
    ) -> None:
        super().__init__(conf, records)
        # Imported here: the options are read where there is no pymemcache.
        from nova_sg.servicegroup.backends.memcached import membership

        self._membership = membership.MemcachedMembership(conf, records)

    @classmethod
    def list_opts(cls) -> Mapping[cfg.OptGroup, Sequence[cfg.Opt]]:
        return options.list_opts()

    @property
    def membership(self) -> membership_base.Membership:
        return self._membership

    @property
    def characteristics(self) -> driver.Characteristics:
        return driver.Characteristics(
            durable=self.records.durable,
            linearizable=True,
            per_worker=True,
            crash_detection=self._membership.ttl,
            member_details=True,
            remote_beats=self.remote_beats,
            monotonic_reads=True,
            invocations=True,
            reasons=True,
            wedged=True,
            staleness=0.0,
            doubt=self._membership.longest_doubt,
        )

    @property
    def one_backend(self) -> bool:
        """See the base class; a cell's records are on one of the servers."""
        servers = self.conf.memcached.servers
        return super().one_backend and len(servers) == 1

    def list(
        self,
        context: sg_context.RequestContext,
        **filters: Unpack[record.Filters],
    ) -> tuple[Sequence[record.Record], liveness.Answer]:
        """See the base class; one request for records, one for liveness.

        :raises ServiceGroupUnavailable: also where there is no record, and no
            server has answered this process yet: it cannot tell an empty
            deployment from one that it does not see
        """
        records = self.records.list(context, **filters)
        try:
            alive = self._membership.verdicts(each.uuid for each in records)
        except exception.ServiceGroupUnavailable as error:
            if not records and not self._membership.heard:
                raise
            return records, error
        return records, alive
