# SPDX-License-Identifier: Apache-2.0

"""Records and verdicts in one statement."""

from collections.abc import Sequence
import operator
import time
from typing import Any
from typing import Unpack

from oslo_config import cfg
import sqlalchemy as sa

from nova_sg.db import beats
from nova_sg.db import clock
from nova_sg.db import engine
from nova_sg.db import types
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.sql import membership as sql_membership
from nova_sg.servicegroup.backends.sql import roll
from nova_sg.servicegroup.backends.sql import rows as sql_rows

#: Rows that are worked on at once: they stay in the caches of a processor.
PART = 1000

#: What a list may be filtered by, and is of use to ask again for all of it.
#: Nothing that an operator changes: see :mod:`.roll`.
_WHOLE = {'binary'}

#: What a row has first.
_is_up = operator.itemgetter(0)

#: What is kept of the records of a list.
_id, _uuid, _last_seen_up = (
    operator.itemgetter(record.FIELDS.index(name))
    for name in ('id', 'uuid', 'last_seen_up')
)

#: The columns that are read of a live record: when it was deleted, and that
#: it was, are the last two of all. Times are read as text.
_COLUMNS = [
    clock.text(each) if isinstance(each.type, types.UtcDateTime) else each
    for each in sql_rows.COLUMNS[:-2]
]


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
            columns=_COLUMNS,
        )
        self._membership = membership

    def read(
        self, **filters: Unpack[record.Filters]
    ) -> tuple[list[record.Record], liveness.Listed]:
        """Return live records by id, and which of them are not up.

        :param filters: see ``RecordStore.list``
        :raises ServiceGroupUnavailable: the database cannot be asked
        """
        known_at = time.monotonic()
        records, but, now = self._database.read(
            lambda connection: _records_and_verdicts(
                self._rows.execute(connection, **filters), known_at
            )
        )
        if now is not None:
            self._membership.note_clock(now, known_at)
        services = liveness.Roster(
            list(map(_uuid, records)), list(map(_last_seen_up, records))
        )
        given = {k: v for k, v in filters.items() if v is not None}
        if given.keys() <= _WHOLE:
            self._membership.roll_call.note(
                roll.Roll(
                    given,
                    services,
                    len(records),
                    sum(map(_id, records)),
                    # They are in this order.
                    _id(records[-1]) if records else 0,
                )
            )
        return records, liveness.Listed(services, but, known_at)


def _records_and_verdicts(
    result: sa.CursorResult[Any], known_at: float
) -> tuple[list[record.Record], dict[str, liveness.Liveness], float | None]:
    """Return what rows say: two values each, before the columns of a record.

    :param known_at: ``time.monotonic()`` before they were asked for
    :returns: the records, verdicts of those that are not up, and the
        database's time; None without any row
    """
    now: float | None = None
    records: list[record.Record] = []
    but: dict[str, liveness.Liveness] = {}
    for rows in sql_rows.fetched(result, PART):
        made = _records(rows)
        if not all(map(_is_up, rows)):
            for row, down in zip(rows, made, strict=True):
                if not _is_up(row):
                    but[down.uuid] = liveness.Liveness(
                        False, down.last_seen_up, known_at
                    )
        records += made
        now = rows[-1][1]
    return records, but, now


def _records(rows: Sequence[tuple[Any, ...]]) -> list[record.Record]:
    """Return the records of rows that no type of SQLAlchemy's has seen."""
    make = record.of_values
    # As types.moment does it, which takes half as long again to call.
    from_text, utc = types.from_text, types.UTC
    return [
        make(
            (
                id_,
                uuid,
                host,
                binary,
                topic,
                report_count,
                # A number in some databases.
                disabled != 0,
                disabled_reason,
                forced_down != 0,
                version,
                last_seen_up and from_text(last_seen_up + utc),
                created_at and from_text(created_at + utc),
                updated_at and from_text(updated_at + utc),
                None,
                0,
            )
        )
        for (
            _up,
            _now,
            id_,
            uuid,
            host,
            binary,
            topic,
            report_count,
            disabled,
            disabled_reason,
            forced_down,
            version,
            last_seen_up,
            created_at,
            updated_at,
        ) in rows
    ]
