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


def old(days: int) -> Any:
    """Return a statement that selects the keys of rows that may go.

    Those that are older than some days, but for the newest one of a service
    that is registered.
    """
    later = TABLE.alias('later')
    superseded = sa.exists().where(
        later.c.uuid == ROWS.uuid, later.c.sequence > ROWS.sequence
    )
    services = models.services.c
    registered = sa.exists().where(
        services.uuid == ROWS.uuid, services.deleted == 0
    )
    return (
        sa.select(ROWS.uuid, ROWS.sequence)
        .where(
            ROWS.time < clock.ago(days * SECONDS_OF_A_DAY),
            sa.or_(superseded, ~registered),
        )
        .limit(PART)
    )


def deletion() -> Any:
    """Return a statement that deletes a row.

    :returns: with the parameters ``of_uuid`` and ``number``
    """
    return TABLE.delete().where(
        ROWS.uuid == sa.bindparam('of_uuid'),
        ROWS.sequence == sa.bindparam('number'),
    )
