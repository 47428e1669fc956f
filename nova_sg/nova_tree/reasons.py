# SPDX-License-Identifier: Apache-2.0

"""Why services of nova's are down.

With ``zk`` and ``mc`` their backend tells. With ``db`` a row of nova's own
table is aged by a day when its service leaves, and looks then like one of a
service that fell silent a day ago. So whatever ages it, which is a process
with a database, notes why in a table of nova_sg's own beside it (see
``nova_sg.db.departures``)::

    t=0   nova-compute on c1 stops: its conductor ages the row, and notes
          "stopped" in the same transaction
    t=9   a nova-compute without nova_sg is stopped on c2: it never leaves
    t=70  c2 is down, and nothing is noted: it is "silent" since t=9

A database without that table keeps no reasons: they are unknown.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import datetime
from typing import Any

from nova.db.main import api as db
from oslo_db import exception as db_exc
from oslo_log import log as logging
from oslo_utils import timeutils
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import beats
from nova_sg.db import departures as db_departures
from nova_sg.db import refusals
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import owner
from nova_sg.servicegroup import departures
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import member as sg_member
from nova_sg.servicegroup import reasons

LOG = logging.getLogger(__name__)


def has_table(context: Any) -> bool:
    """Return whether the database of a context keeps reasons.

    MySQL shows a table only to those with a right to it.
    """
    engine = db.get_engine(context=context)
    try:
        with engine.connect() as connection:
            return sa.inspect(connection).has_table(db_departures.TABLE.name)
    except (db_exc.DBError, sa.exc.DBAPIError) as error:
        if not refusals.keeps_out(error):
            raise
        return False


def note_join(session: Any, uuid: str) -> None:
    """Remove what was noted of a service that joins.

    :param session: of a database that keeps reasons
    """
    _note(session, db_departures.removal([uuid]))


def _note(session: Any, statement: Any) -> None:
    """Execute a statement for the reasons, if that is allowed.

    To come and go needs none: an upgrade may have made their table without
    the rights to it.
    """
    try:
        with session.begin_nested():
            session.execute(statement)
    except (db_exc.DBError, sa.exc.DBAPIError) as error:
        if not refusals.keeps_out(error):
            # Such as a deadlock, which has rolled back all.
            raise
        LOG.warning(
            'Not noting why services are down: %s', refusals.reason_of(error)
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
            db_departures.left(
                session.connection().dialect.name,
                reasons.STOPPED,
                condition,
                reasons.this_process(),
            ),
        )


def note_crash(session: Any, condition: sa.ColumnElement[bool]) -> None:
    """Note when a service was seen, before its row is aged.

    :param session: of a database that keeps reasons
    :param condition: on the row
    """
    dialect = session.connection().dialect.name
    _note(session, db_departures.missed(dialect, reasons.SILENT, condition))


def of(
    services: Sequence[Any], known: Mapping[str, liveness.Liveness]
) -> dict[str, reasons.Departure]:
    """Return why services are up or down, by uuid; it never fails.

    :param services: objects of nova's, each with the context of its cell
    :param known: what is known of their liveness
    """
    down = [
        each
        for each in services
        if each.uuid in known and known[each.uuid].state == liveness.DOWN
    ]
    traces: dict[str, reasons.Departure] = {}
    for context, some in _by_cell(down):
        try:
            with errors.as_ours():
                traces |= traces_in(context, [each.uuid for each in some])
        except exception.ServiceGroupUnavailable as error:
            LOG.debug('Nothing is known of why services are down: %s', error)
    return {
        each.uuid: departures.why(
            bool(each.forced_down),
            known.get(each.uuid),
            traces.get(each.uuid),
        )
        for each in services
    }


def _by_cell(services: Sequence[Any]) -> list[tuple[Any, list[Any]]]:
    """Return services with the context of their cell, or of any with none."""
    found: dict[Any, tuple[Any, list[Any]]] = {}
    for each in services:
        context = each._context
        key = getattr(context, 'cell_uuid', None)
        found.setdefault(key, (context, []))[1].append(each)
    return list(found.values())


def traces_in(
    context: Any, uuids: Sequence[str]
) -> Mapping[str, reasons.Departure]:
    """Return the traces of services, by uuid.

    :param context: leads to the cell of the services
    """
    api = owner.get()
    if api is not None:
        return api.traces(cells.Context(context), uuids)
    if not has_table(context):
        return {}
    found = {}
    with db.get_context_manager(context).reader.using(context):
        for start in range(0, len(uuids), beats.BATCH):
            some = sorted(uuids[start : start + beats.BATCH])
            rows = context.session.execute(db_departures.READ, {'uuids': some})
            for uuid, *row in rows:
                why = reasons.of_row(*row)
                if why is not None:
                    found[uuid] = why
    return found
