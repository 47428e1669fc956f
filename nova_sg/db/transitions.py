# SPDX-License-Identifier: Apache-2.0

"""The history in the database: one row for each transition of a service.

The primary key is the service and the number of the entry. Of two watchers
that insert the same number one inserts nothing.

These are statements alone: in a nova tree they run on nova's own connections.
"""

from collections.abc import Collection
import datetime
from typing import Any

import sqlalchemy as sa

from nova_sg.db import clock
from nova_sg.db import dialects
from nova_sg.db import models

TABLE = models.transitions
ROWS = TABLE.c

#: Services, or rows, that one statement names at most.
PART = 500

SECONDS_OF_A_DAY = 86400


def now() -> Any:
    """Return a statement that selects the database's time."""
    return sa.select(clock.utcnow())


def newest(uuids: Collection[str]) -> Any:
    """Return a statement that selects the newest row of each service."""
    number = sa.func.max(ROWS.sequence).label('newest')
    numbers = (
        sa.select(ROWS.uuid, number)
        .where(ROWS.uuid.in_(sorted(uuids)))
        .group_by(ROWS.uuid)
        .subquery()
    )
    return sa.select(TABLE).join(
        numbers,
        sa.and_(
            ROWS.uuid == numbers.c.uuid, ROWS.sequence == numbers.c.newest
        ),
    )


def matching(
    host: str | None,
    uuids: Collection[str] | None,
    since: datetime.datetime | None,
    limit: int,
) -> Any:
    """Return a statement that selects rows, the newest first."""
    statement = sa.select(TABLE)
    if host is not None:
        statement = statement.where(ROWS.host == host)
    if uuids is not None:
        statement = statement.where(ROWS.uuid.in_(sorted(uuids)))
    if since is not None:
        statement = statement.where(ROWS.time >= since)
    return statement.order_by(
        ROWS.time.desc(), ROWS.uuid.desc(), ROWS.sequence.desc()
    ).limit(limit)


def insertion(dialect: str) -> Any:
    """Return a statement that inserts rows, but for those that are there."""
    return dialects.insert_new(dialect, TABLE)


def overflow() -> Any:
    """Return a statement that deletes the oldest rows of a service.

    :returns: with the parameters ``of_uuid`` and ``up_to``, the number of
        the newest row that goes
    """
    return TABLE.delete().where(
        ROWS.uuid == sa.bindparam('of_uuid'),
        ROWS.sequence <= sa.bindparam('up_to'),
    )


def superseded(days: int) -> Any:
    """Return a statement that selects keys of old rows with later ones.

    At most :data:`PART` of them.

    :param days: after which a row is old
    """
    return (
        sa.select(ROWS.uuid, ROWS.sequence)
        .where(_is_old(days), _has_later())
        .limit(PART)
    )


def last_ones(days: int) -> Any:
    """Return a statement that selects the keys of old rows without later ones.

    The caller has to leave out those of registered services. The ``services``
    table of a nova on MySQL has another character set, so that a join would
    compare each row with all of that table.

    :param days: after which a row is old
    """
    return sa.select(ROWS.uuid, ROWS.sequence).where(
        _is_old(days), ~_has_later()
    )


def _is_old(days: int) -> sa.ColumnElement[bool]:
    return ROWS.time < clock.ago(days * SECONDS_OF_A_DAY)


def _has_later() -> sa.ColumnElement[bool]:
    later = TABLE.alias('later')
    return sa.exists().where(
        later.c.uuid == ROWS.uuid, later.c.sequence > ROWS.sequence
    )


def deletion() -> Any:
    """Return a statement that deletes a row.

    :returns: with the parameters ``of_uuid`` and ``number``
    """
    return TABLE.delete().where(
        ROWS.uuid == sa.bindparam('of_uuid'),
        ROWS.sequence == sa.bindparam('number'),
    )
