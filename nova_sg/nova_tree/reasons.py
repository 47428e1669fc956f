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

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from nova.db.main import api as db
from oslo_log import log as logging

from nova_sg import exception
from nova_sg.db import beats
from nova_sg.db import departures as db_departures
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import traces
from nova_sg.servicegroup import departures
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons

LOG = logging.getLogger(__name__)


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
    found: dict[str, reasons.Departure] = {}
    for context, some in _by_cell(down):
        found |= traces_in(context, [each.uuid for each in some])
    return explain(services, known, found)


def explain(
    services: Iterable[Any],
    known: Mapping[str, liveness.Liveness],
    found: Mapping[str, reasons.Departure],
) -> dict[str, reasons.Departure]:
    """Return why services are up or down, by uuid.

    :param known: what is known of their liveness
    :param found: their traces
    """
    return {
        each.uuid: departures.why(
            bool(each.forced_down),
            known.get(each.uuid),
            found.get(each.uuid),
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
    """Return the traces of services, by uuid; none where nothing answers.

    :param context: leads to the cell of the services
    """
    try:
        with errors.as_ours():
            return _read(context, uuids)
    except exception.ServiceGroupUnavailable as error:
        LOG.debug('Nothing is known of why services are down: %s', error)
        return {}


def _read(
    context: Any, uuids: Sequence[str]
) -> Mapping[str, reasons.Departure]:
    api = owner.get()
    if api is not None:
        return api.traces(cells.Context(context), uuids)
    if not traces.has_table(context):
        return {}
    found = {}
    with db.get_context_manager(context).reader.using(context):
        for batch in beats.batches(uuids):
            some = sorted(batch)
            rows = context.session.execute(db_departures.READ, {'uuids': some})
            for uuid, *row in rows:
                why = reasons.of_row(*row)
                if why is not None:
                    found[uuid] = why
    return found
