# SPDX-License-Identifier: Apache-2.0

"""Records and verdicts in one statement."""

from collections.abc import Mapping
import time
from typing import Any
from typing import Unpack

from oslo_config import cfg
import sqlalchemy as sa

from nova_sg.db import beats
from nova_sg.db import clock
from nova_sg.db import engine
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.sql import membership as sql_membership
from nova_sg.servicegroup.backends.sql import roll
from nova_sg.servicegroup.backends.sql import rows as sql_rows

#: Rows that are worked on at once: they stay in the caches of a processor.
PART = 1000

#: What a list may be filtered by, and is of use to ask again for all of it.
_WHOLE = {'binary', 'disabled'}

#: What the last fields of a live record are: when it was deleted, and that.
_LIVE = (None, 0)


class Listing:
    """Lists services, up or down.

    :param conf: a loaded configuration
    :param membership: is told the database's time
    """

    def __init__(
        self, conf: cfg.ConfigOpts, membership: sql_membership.SqlMembership
    ) -> None:
        self._database = engine.get(conf)
        self._rows = sql_rows.Listing(
            beats.seen_within(conf.servicegroup.service_down_time),
            clock.epoch(),
            columns=sql_rows.COLUMNS[: -len(_LIVE)],
        )
        self._membership = membership

    def read(
        self, **filters: Unpack[record.Filters]
    ) -> tuple[list[record.Record], Mapping[str, liveness.Liveness]]:
        """Return live records by id, and their verdicts by uuid.

        :param filters: see ``RecordStore.list``
        :raises ServiceGroupUnavailable: the database cannot be asked
        """
        known_at = time.monotonic()
        records, alive, now = self._database.read(
            lambda connection: _records_and_verdicts(
                self._rows.execute(connection, **filters), known_at
            )
        )
        if now is not None:
            self._membership.note_clock(now, known_at)
        given = {k: v for k, v in filters.items() if v is not None}
        if given.keys() <= _WHOLE:
            ids = [each.id for each in records]
            self._membership.roll_call.note(
                roll.Roll(
                    given,
                    alive.keys(),
                    len(ids),
                    sum(ids),
                    max(ids, default=0),
                )
            )
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
            made = make_record((*row[2:], *_LIVE))
            records.append(made)
            alive[made.uuid] = make_verdict(
                (bool(row[0]), made.last_seen_up, known_at, (), None)
            )
        now = tuple(rows[-1])[1]
    return records, alive, now
