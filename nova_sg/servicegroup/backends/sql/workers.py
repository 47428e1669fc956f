# SPDX-License-Identifier: Apache-2.0

"""The workers behind a row, as they come and go; and why the last one went.

Functions of a connection, each for a transaction of its own.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from nova_sg.db import beats
from nova_sg.db import departures
from nova_sg.db import invocations
from nova_sg.servicegroup import reasons

_AGING = beats.age(
    sa.and_(
        beats.SERVICES.uuid == sa.bindparam('left_uuid'),
        beats.SERVICES.report_count == sa.bindparam('left_count'),
    )
)


def appear(
    uuids: Sequence[str],
    dead: Sequence[str],
    invocation: str | None,
    connection: sa.Connection,
) -> None:
    """Note that an invocation has a worker of each service.

    :param dead: of which nobody has beaten lately: others are no more
    """
    if dead:
        connection.execute(invocations.removal(dead))
    connection.execute(
        invocations.one_more(connection.dialect.name),
        invocations.values(uuids, invocation),
    )
    # Last, as where a worker leaves: two transactions do not deadlock.
    connection.execute(departures.removal(uuids))


def disappear(
    uuids: Sequence[str], invocation: str | None, connection: sa.Connection
) -> None:
    """Note that an invocation has a worker less of each service."""
    connection.execute(
        invocations.one_less(), invocations.values(uuids, invocation)
    )
    connection.execute(invocations.empty(uuids))


def leave(
    values: Sequence[Mapping[str, Any]], connection: sa.Connection
) -> None:
    """Age rows that no other worker beats for, and note that all have left.

    :param values: parameters of ``departures.leaving``, sorted as beats are
    """
    # Rows are locked first, so that two workers that leave do not deadlock.
    aging = [
        each for each in values if each['left_count'] != departures.NO_COUNT
    ]
    if aging:
        connection.execute(_AGING, aging)
    dialect = connection.dialect.name
    connection.execute(departures.leaving(dialect, reasons.STOPPED), values)


def miss(
    uuid: str, count: int, invocation: str, connection: sa.Connection
) -> bool:
    """Take out an invocation that crashed, and note when it was seen.

    :param count: ``report_count`` of the row when it had workers
    :returns: whether the row was aged: the invocation was the only one
    """
    connection.execute(invocations.removal([uuid], invocation))
    alone = invocations.alone(uuid, count)
    dialect = connection.dialect.name
    connection.execute(departures.missed(dialect, reasons.SILENT, alone))
    return bool(connection.execute(beats.age(alone)).rowcount)


def forget(uuid: str, connection: sa.Connection) -> None:
    """Forget the workers of a service that is destroyed."""
    connection.execute(invocations.removal([uuid]))
    connection.execute(departures.removal([uuid]))
