# SPDX-License-Identifier: Apache-2.0

"""Why services are down, in a table beside ``services``.

A row of ``services`` that is aged by a leave looks like one of a service that
fell silent a day ago. So a process that takes the last worker out writes a
trace in the same transaction: the reason, and when by the database's clock.
It counts until a worker beats again::

    t=0   A leaves: its trace is "stopped", and its row is aged
    t=9   A joins: its trace is removed
    t=20  A is killed; it beat last at t=19, and there is no trace: "silent"

    t=0   B leaves, and its other worker C, which is not noted, beats at t=1
    t=2   C is killed; the trace of t=0 is older than the beat: "silent"

No heartbeat writes here. These are statements alone: in a nova tree they run
in nova's own sessions.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from nova_sg.db import beats
from nova_sg.db import clock
from nova_sg.db import dialects
from nova_sg.db import invocations
from nova_sg.db import models

TABLE = models.departures

DEPARTURES = TABLE.c

#: ``report_count`` of no row.
NO_COUNT = -1

#: That a row was aged by a leave, or is of a service that was silent for long.
AGED = beats.SERVICES.last_seen_up < clock.ago(beats.A_DAY // 2)

_NONE_LEFT = ~sa.exists().where(
    invocations.INVOCATIONS.service_uuid == beats.SERVICES.uuid,
    invocations.INVOCATIONS.workers > 0,
)


def leaving(dialect: str, reason: str) -> Any:
    """Return a statement that writes the trace of a service that left.

    Where no other worker beats for it: ``report_count`` is what the leaving
    worker has counted itself, or no other worker is noted.

    Its parameters: ``left_uuid``; ``left_count``, :data:`NO_COUNT` where the
    worker cannot tell; ``left_by``, the process that says so.

    :param reason: one of ``servicegroup.reasons``
    """
    condition = sa.and_(
        beats.SERVICES.uuid == sa.bindparam('left_uuid'),
        sa.or_(
            beats.SERVICES.report_count == sa.bindparam('left_count'),
            _NONE_LEFT,
        ),
    )
    return _upsert(dialect, reason, condition, sa.bindparam('left_by'))


def left(
    dialect: str,
    reason: str,
    condition: sa.ColumnElement[bool],
    left_by: str,
) -> Any:
    """Return a statement that writes the trace of a row that was just aged.

    :param reason: one of ``servicegroup.reasons``
    :param condition: on the row
    :param left_by: the process that says so
    """
    aged = sa.and_(condition, AGED)
    return _upsert(dialect, reason, aged, sa.literal(left_by))


def stuck(
    dialect: str,
    reason: str,
    condition: sa.ColumnElement[bool],
    seconds: int,
    noted_by: str,
) -> Any:
    """Return a statement that writes the trace of services that hang.

    Before they are down; of those that have left, or that another worker
    beats for, it writes none.

    :param reason: one of ``servicegroup.reasons``
    :param condition: on the rows
    :param seconds: within which nobody has beaten
    :param noted_by: the process that says so: it lives
    """
    hanging = sa.and_(condition, ~AGED, ~beats.seen_within(seconds))
    return _upsert(dialect, reason, hanging, sa.literal(noted_by))


def missed(
    dialect: str, reason: str, condition: sa.ColumnElement[bool]
) -> Any:
    """Return a statement that writes the trace of a service that crashed.

    Before its row is aged, which hides when it beat last. A row that is aged
    already has left.

    :param reason: one of ``servicegroup.reasons``
    :param condition: on the row
    """
    missing = sa.and_(condition, ~AGED)
    seen = beats.SERVICES.last_seen_up
    return _upsert(dialect, reason, missing, sa.null(), seen)


def removal(uuids: Sequence[str]) -> Any:
    """Return a statement that removes the traces of services."""
    return TABLE.delete().where(DEPARTURES.service_uuid.in_(sorted(uuids)))


#: What ``servicegroup.reasons.of_row`` takes, for services ``uuids``.
READ = (
    sa.select(
        beats.SERVICES.uuid,
        beats.SERVICES.last_seen_up,
        DEPARTURES.reason,
        DEPARTURES.noted_at,
        DEPARTURES.last_seen,
        DEPARTURES.seen_by,
    )
    .select_from(
        models.services.outerjoin(
            TABLE, DEPARTURES.service_uuid == beats.SERVICES.uuid
        )
    )
    .where(beats.LIVE, beats.SERVICES.uuid.in_(beats.SOME))
)


def _upsert(
    dialect: str,
    reason: str,
    condition: sa.ColumnElement[bool],
    seen_by: Any,
    last_seen: Any = None,
) -> Any:
    """Return a statement that writes the trace of rows.

    :param last_seen: when the service was seen; None for now
    """
    now = clock.utcnow()
    columns = ['service_uuid', 'reason', 'noted_at', 'last_seen', 'seen_by']
    insertion = dialects.insert(dialect, TABLE).from_select(
        columns,
        sa.select(
            beats.SERVICES.uuid,
            sa.literal_column(f"'{reason}'"),
            now,
            now if last_seen is None else last_seen,
            seen_by,
        ).where(condition, beats.LIVE),
    )
    if dialect in ('mysql', 'mariadb'):
        return insertion.on_duplicate_key_update(
            {name: insertion.inserted[name] for name in columns[1:]}
        )
    return insertion.on_conflict_do_update(
        index_elements=list(TABLE.primary_key),
        set_={name: insertion.excluded[name] for name in columns[1:]},
    )
