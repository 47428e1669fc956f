# SPDX-License-Identifier: Apache-2.0

"""Which runs of units have workers of a service, where a row is all it has.

``services`` has one row for all workers of a service, and a beat does not say
whose it is. A table beside it counts the workers by their invocation (see
``servicegroup.invocation``), so that it can be told whether a run of a unit
that has ended was the only one::

    t=0  invocation A joins; no worker has beaten lately: A is all there is
    t=1  it is killed; the command takes A out, nothing is left: the row is
         aged, and the service is down
    t=2  invocation B joins

A process without an invocation counts under the empty one. What a crash left
here, and no command took out, goes when a worker joins before which none
has beaten lately.

These are statements alone: in a nova tree they run in nova's own sessions.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from nova_sg.db import beats
from nova_sg.db import dialects
from nova_sg.db import models

TABLE = models.invocations

INVOCATIONS = TABLE.c

#: What a worker without an invocation counts under.
NAMELESS = ''

#: Why a service stays up after its run has ended.
SHARED = (
    'other processes of it have joined or beaten, and driver = db has one row '
    'for all: it is down when it is missed'
)

_ROW = {
    'service_uuid': sa.bindparam('its_uuid'),
    'invocation': sa.bindparam('its_invocation'),
    'workers': 1,
}

#: No parameter: PyMySQL takes none behind the values of many rows.
_MORE = INVOCATIONS.workers + sa.literal_column('1')


def values(uuids: Sequence[str], invocation: str | None) -> list[Any]:
    """Return the parameters of :func:`one_more` and :func:`one_less`.

    In the same order always, so that two processes do not deadlock.
    """
    return [
        {'its_uuid': uuid, 'its_invocation': invocation or NAMELESS}
        for uuid in sorted(uuids)
    ]


def one_more(dialect: str) -> Any:
    """Return a statement that counts one worker more."""
    insertion = dialects.insert(dialect, TABLE).values(_ROW)
    if dialect in ('mysql', 'mariadb'):
        return insertion.on_duplicate_key_update(workers=_MORE)
    return insertion.on_conflict_do_update(
        index_elements=list(TABLE.primary_key), set_={'workers': _MORE}
    )


def one_less() -> Any:
    """Return a statement that counts one worker less."""
    return (
        TABLE.update()
        .where(
            INVOCATIONS.service_uuid == sa.bindparam('its_uuid'),
            INVOCATIONS.invocation == sa.bindparam('its_invocation'),
        )
        .values(workers=INVOCATIONS.workers - 1)
    )


def empty(uuids: Sequence[str]) -> Any:
    """Return a statement that removes invocations without a worker."""
    return TABLE.delete().where(
        INVOCATIONS.service_uuid.in_(sorted(uuids)),
        INVOCATIONS.workers <= 0,
    )


def removal(uuids: Sequence[str], invocation: str | None = None) -> Any:
    """Return a statement that removes an invocation of services, or all."""
    among = INVOCATIONS.service_uuid.in_(sorted(uuids))
    statement = TABLE.delete().where(among)
    if invocation is not None:
        statement = statement.where(INVOCATIONS.invocation == invocation)
    return statement


def workers(uuid: str, invocation: str) -> Any:
    """Return a statement that selects how many workers an invocation has.

    :returns: with ``report_count`` of the service, in one row or none
    """
    return sa.select(INVOCATIONS.workers, beats.SERVICES.report_count).where(
        INVOCATIONS.service_uuid == uuid,
        INVOCATIONS.invocation == invocation,
        beats.SERVICES.uuid == INVOCATIONS.service_uuid,
        beats.LIVE,
    )


def alone(uuid: str, count: int) -> sa.ColumnElement[bool]:
    """Return the condition that a row is of a service without workers.

    :param count: ``report_count`` when there was a worker: with another one
        a worker has beaten since
    """
    return sa.and_(
        beats.SERVICES.uuid == uuid,
        beats.SERVICES.report_count == count,
        ~sa.exists().where(INVOCATIONS.service_uuid == uuid),
    )
