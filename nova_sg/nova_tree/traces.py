# SPDX-License-Identifier: Apache-2.0

"""Notes of how services of nova's own table came and went.

What they are for is said in :mod:`.reasons`, which reads them. Each is made in
the transaction that changes the row of the service.
"""

from collections.abc import Mapping
import datetime
from typing import Any

from nova.db.main import api as db
from oslo_db import exception as db_exc
from oslo_log import log as logging
from oslo_utils import timeutils
import sqlalchemy as sa

from nova_sg.db import beats
from nova_sg.db import departures
from nova_sg.db import refusals
from nova_sg.nova_tree import tables
from nova_sg.servicegroup import member as sg_member
from nova_sg.servicegroup import reasons

LOG = logging.getLogger(__name__)

#: Whether the log of this process says that nothing can be noted.
_told = False


def has_table(context: Any) -> bool:
    """Return whether the database of a context keeps reasons."""
    return tables.has(context, departures.TABLE)


def note_join(session: Any, uuid: str) -> None:
    """Remove what was noted of a service that joins.

    :param session: of a database that keeps reasons
    """
    _note(session, departures.removal([uuid]))


def _note(session: Any, statement: Any) -> None:
    """Execute a statement for the reasons, if that is allowed.

    To come and go needs none: an upgrade may have made their table without
    the rights to it. The log says so once, and not for each service that
    comes or goes.
    """
    global _told
    try:
        with session.begin_nested():
            session.execute(statement)
    except (db_exc.DBError, sa.exc.DBAPIError) as error:
        if not refusals.keeps_out(error):
            # Such as a deadlock, which has rolled back all.
            raise
        if not _told:
            _told = True
            LOG.warning(
                'Not noting why services are down: %s',
                refusals.reason_of(error),
            )


def leaves(values: Mapping[str, Any]) -> bool:
    """Return whether a change of a row is the leave of its service."""
    moment = sg_member.time(values, 'last_seen_up')
    if moment is None or 'report_count' in values:
        return False
    half_a_day = datetime.timedelta(seconds=beats.A_DAY // 2)
    now: datetime.datetime = timeutils.utcnow(with_timezone=True)
    return moment < now - half_a_day


def note_leave(context: Any, condition: sa.ColumnElement[bool]) -> None:
    """Note that a service whose row was aged has stopped.

    In the transaction of its context; its database keeps reasons.

    :param condition: on the row
    """
    with db.get_context_manager(context).writer.using(context):
        session = context.session
        session.flush()
        _note(
            session,
            departures.left(
                session.connection().dialect.name,
                reasons.STOPPED,
                condition,
                reasons.this_process(),
            ),
        )


def note_wedged(
    session: Any,
    condition: sa.ColumnElement[bool],
    seconds: int,
    noted_by: str,
) -> None:
    """Note that the timer of a service hangs, whose process lives.

    :param session: of a database that keeps reasons
    :param condition: on the row
    :param seconds: within which nobody has beaten for it
    :param noted_by: the process that says so
    """
    dialect = session.connection().dialect.name
    _note(
        session,
        departures.stuck(
            dialect, reasons.WEDGED, condition, seconds, noted_by
        ),
    )


def note_crash(session: Any, condition: sa.ColumnElement[bool]) -> None:
    """Note when a service was seen, before its row is aged.

    :param session: of a database that keeps reasons
    :param condition: on the row
    """
    dialect = session.connection().dialect.name
    _note(session, departures.missed(dialect, reasons.SILENT, condition))
