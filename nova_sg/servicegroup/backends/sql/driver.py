# SPDX-License-Identifier: Apache-2.0

"""The ``db`` driver: records and liveness in the ``services`` table."""

from collections.abc import Sequence
import time
from typing import Any

from oslo_config import cfg
import sqlalchemy as sa

from nova_sg import context as sg_context
from nova_sg.db import beats
from nova_sg.db import clock
from nova_sg.db import engine
from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import driver
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.sql import membership as sql_membership
from nova_sg.servicegroup.backends.sql import records as sql_records
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.records import base as records_base

#: Rows that are worked on at once: they stay in the caches of a processor.
PART = 1000


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
    remote_beats           yes: a beat is a statement anybody may issue
    =====================  ==============================================
    """

    default_records = 'sql'
    needs_records = 'sql'
    remote_beats = True
    uses_database = True
    novas_scheme = True

    def __init__(
        self, conf: cfg.ConfigOpts, records: records_base.RecordStore
    ) -> None:
        super().__init__(conf, records)
        self._database = engine.get(conf)
        self._membership = sql_membership.SqlMembership(conf)

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
            doubt=doubt.bounds_of(
                options.report_interval, options.service_down_time
            ).limit,
        )

    def list(
        self,
        context: sg_context.RequestContext,
        *,
        host: str | None = None,
        binary: str | None = None,
        topic: str | None = None,
        disabled: bool | None = None,
    ) -> tuple[Sequence[record.Record], driver.Alive]:
        """Read the rows once: they hold both, of the same moment."""
        down_time = self.conf.servicegroup.service_down_time
        statement = sql_records.listing(
            beats.seen_within(down_time),
            clock.epoch(),
            host=host,
            binary=binary,
            topic=topic,
            disabled=disabled,
        )
        known_at = time.monotonic()
        records, alive, now = self._database.read(
            lambda connection: _records_and_verdicts(
                connection.execute(statement), known_at
            )
        )
        if now is not None:
            self._membership.note_clock(now, known_at)
        return records, alive


def _records_and_verdicts(
    result: sa.Result[Any], known_at: float
) -> tuple[list[record.Record], dict[str, liveness.Liveness], float | None]:
    """Return what rows say: a verdict each, before the columns of a record.

    :param known_at: ``time.monotonic()`` before they were asked for
    :returns: besides, the database's time; None without any row
    """
    now: float | None = None
    records: list[record.Record] = []
    alive: dict[str, liveness.Liveness] = {}
    make_record = record.Record.from_row
    make_verdict = liveness.of_values
    for rows in result.partitions(PART):
        for row in rows:
            made = make_record(row[2:])
            records.append(made)
            alive[made.uuid] = make_verdict(
                (bool(row[0]), made.last_seen_up, known_at, (), None)
            )
        now = tuple(rows[-1])[1]
    return records, alive, now
