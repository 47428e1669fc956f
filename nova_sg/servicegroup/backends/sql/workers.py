# SPDX-License-Identifier: Apache-2.0

"""The workers behind a row, as they come and go; and why the last one went.

Functions of a connection, each for a transaction of its own, and of whether
it keeps a trace. To come and go needs none: see :class:`Writer`.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import functools
from typing import Any
from typing import TypeVar

from oslo_log import log as logging
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import beats
from nova_sg.db import departures
from nova_sg.db import engine
from nova_sg.db import invocations
from nova_sg.db import refusals
from nova_sg.servicegroup import reasons

LOG = logging.getLogger(__name__)

T = TypeVar('T')

_AGING = beats.age(
    sa.and_(
        beats.SERVICES.uuid == sa.bindparam('left_uuid'),
        beats.SERVICES.report_count == sa.bindparam('left_count'),
    )
)


class Writer:
    """Does what comes, goes and leaves a trace; without it where it must.

    An upgrade may have made the table of the traces without the rights to it.

    :param database: where to
    """

    def __init__(self, database: engine.Database) -> None:
        self._database = database
        self._told = False

    def write(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run one of the functions here in a transaction.

        Where the traces cannot be written it is run once more, without them:
        the first attempt has left nothing.

        :raises ServiceGroupUnavailable: the database cannot be asked
        """
        whole = functools.partial(work, *arguments)
        try:
            return self._database.write(functools.partial(whole, traced=True))
        except (
            exception.SchemaNotReady,
            exception.ServiceGroupUnavailable,
        ) as error:
            cause = error.__cause__
            if cause is None or not refusals.keeps_out(cause):
                raise
            done = self._database.write(functools.partial(whole, traced=False))
            if not self._told:
                self._told = True
                LOG.warning('Not noting why services are down: %s', error)
            return done


def appear(
    uuids: Sequence[str],
    dead: Sequence[str],
    invocation: str | None,
    connection: sa.Connection,
    traced: bool,
) -> None:
    """Note that an invocation has a worker of each service.

    :param dead: of which no worker has beaten lately: all are no more
    """
    if dead:
        connection.execute(invocations.removal(dead))
    connection.execute(
        invocations.one_more(connection.dialect.name),
        invocations.values(uuids, invocation),
    )
    # Last, as where a worker leaves: two transactions do not deadlock.
    if traced:
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
    values: Sequence[Mapping[str, Any]],
    connection: sa.Connection,
    traced: bool,
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
    if traced:
        dialect = connection.dialect.name
        leaving = departures.leaving(dialect, reasons.STOPPED)
        connection.execute(leaving, values)


def hang(
    uuids: Sequence[str],
    seconds: int,
    noted_by: str,
    connection: sa.Connection,
    traced: bool,
) -> None:
    """Note that the loops of services hang, whose processes live.

    :param seconds: within which no worker has beaten
    :param noted_by: the process that says so
    """
    if not traced:
        return
    for batch in beats.batches(uuids):
        connection.execute(
            departures.stuck(
                connection.dialect.name,
                reasons.WEDGED,
                beats.SERVICES.uuid.in_(batch),
                seconds,
                noted_by,
            )
        )


def miss(
    uuid: str,
    count: int,
    invocation: str,
    connection: sa.Connection,
    traced: bool,
) -> bool:
    """Take out an invocation that crashed, and note when it was seen.

    :param count: ``report_count`` of the row when it had workers
    :returns: whether the row was aged: the invocation was the only one
    """
    connection.execute(invocations.removal([uuid], invocation))
    alone = invocations.alone(uuid, count)
    if traced:
        dialect = connection.dialect.name
        connection.execute(departures.missed(dialect, reasons.SILENT, alone))
    return bool(connection.execute(beats.age(alone)).rowcount)


def forget(uuid: str, connection: sa.Connection, traced: bool) -> None:
    """Forget the workers of a service that is destroyed."""
    connection.execute(invocations.removal([uuid]))
    if traced:
        connection.execute(departures.removal([uuid]))
