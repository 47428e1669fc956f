# SPDX-License-Identifier: Apache-2.0

"""The ``db`` driver: records and liveness in the ``services`` table."""

from collections.abc import Hashable
from collections.abc import Sequence
from typing import TypeVar
from typing import Unpack

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg.inventory import base as inventory_base
from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import driver
from nova_sg.servicegroup import listed
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.records import known

T = TypeVar('T')


class DbDriver(driver.Driver):
    """nova's own scheme, with the database's clock as the only clock.

    =====================  ==============================================
    characteristic         value
    =====================  ==============================================
    durable                yes
    linearizable           yes: reads go to the server that is written to
    per_worker             no: workers of one service share one row
    monotonic_reads        yes, for the same reason
    staleness              none
    crash_detection        ``service_down_time``
    doubt                  three report intervals, and two seconds more
                           where an interval is shorter than two
    member_details         no: the table has no column for them
    remote_beats           yes: a beat is a statement of any process
    reasons                yes
    wedged                 yes: another thread notes it, before the row is
                           too old
    =====================  ==============================================
    """

    default_records = 'sql'
    needs_records = 'sql'
    remote_beats = True
    uses_database = True
    novas_scheme = True

    def __init__(
        self, conf: cfg.ConfigOpts, records: known.KnownRecords
    ) -> None:
        super().__init__(conf, records)
        # Imported here: the options are read where there is no database.
        from nova_sg.servicegroup.backends.sql import listing
        from nova_sg.servicegroup.backends.sql import membership
        from nova_sg.servicegroup.backends.sql import showing

        self._membership = membership.SqlMembership(conf)
        self._listing = listing.Listing(conf, self._membership)
        self._showing = showing.Showing(conf, self._membership)

    @property
    def membership(self) -> membership_base.Membership:
        return self._membership

    @property
    def characteristics(self) -> driver.Characteristics:
        options = self.conf.servicegroup
        return driver.Characteristics(
            durable=True,
            linearizable=True,
            per_worker=False,
            crash_detection=options.service_down_time,
            member_details=False,
            remote_beats=self.remote_beats,
            monotonic_reads=True,
            invocations=True,
            reasons=True,
            wedged=True,
            doubt=doubt.bounds_of(
                options.report_interval, options.service_down_time
            ).limit,
        )

    def list(
        self,
        context: sg_context.RequestContext,
        **filters: Unpack[record.Filters],
    ) -> tuple[Sequence[record.Record], liveness.Answer]:
        """Read the rows once: they hold both, of the same moment."""
        return self._listing.read(**filters)

    def renders(
        self, key: Hashable, **filters: Unpack[record.Filters]
    ) -> bool:
        return True

    def render(
        self,
        context: sg_context.RequestContext,
        judge: liveness.Judge,
        zoning: inventory_base.Zoning,
        render: listed.Render[T],
        key: Hashable,
        **filters: Unpack[record.Filters],
    ) -> listed.Rendered[T]:
        parts = self._showing.render(judge, zoning, render, **filters)
        return listed.Rendered(lambda: parts)
