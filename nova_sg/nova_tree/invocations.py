# SPDX-License-Identifier: Apache-2.0

"""Which run of a unit a service of nova's belongs to, and its end.

With ``zk`` and ``mc`` the members themselves say it. With ``db`` the workers
are counted in a table of nova_sg's own beside nova's (see
``nova_sg.db.invocations``), by the process itself or, where it has no
database, by its conductor. A database without that table goes without: a
crash then shows when the service is missed.
"""

from typing import Any

from nova import conf as nova_conf
from nova import objects
from nova import rpc
from nova.db.main import api as db
from nova.objects import base as objects_base
from oslo_log import log as logging
import oslo_messaging as messaging
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.conductor import novas
from nova_sg.db import beats
from nova_sg.db import invocations
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import tables
from nova_sg.nova_tree import traces
from nova_sg.servicegroup import invocation as sg_invocation

CONF = nova_conf.CONF
LOG = logging.getLogger(__name__)

#: Seconds for a call at the start of a service, which can do without.
_PATIENCE = 10

NO_TABLE = (
    'the database has no table for that: run "nova-manage service prepare"'
)


def note(service: Any) -> None:
    """Count this process among the workers of its service; never raises.

    Before its first heartbeat: a call that takes out another run must not age
    the row after that.

    :param service: nova's, with its ``service_ref``
    """
    mine = service.service_ref
    invocation = sg_invocation.current()
    try:
        if objects_base.NovaObject.indirection_api is None:
            joined(mine._context, mine.uuid, invocation)
            return
        client = rpc.get_client(
            messaging.Target(
                topic=novas.TOPIC,
                namespace=novas.NAMESPACE,
                version=novas.VERSION,
            )
        )
        client.prepare(timeout=_PATIENCE).call(
            mine._context,
            'join_invocation',
            uuid=mine.uuid,
            invocation=invocation,
        )
    except Exception as error:
        LOG.info(
            'A crash of %(binary)s will show only when its heartbeats are '
            'missed, since its start cannot be recorded: %(error)s',
            {'binary': mine.binary, 'error': error},
        )


def joined(context: Any, uuid: str, invocation: str | None) -> None:
    """Count a worker of a service in the database of a context."""
    if owner.get() is not None or not tables.has(context, invocations.TABLE):
        return
    keeps_reasons = traces.has_table(context)
    with db.get_context_manager(context).writer.using(context):
        session = context.session
        lately = sa.and_(
            beats.SERVICES.last_seen_up.is_not(None),
            beats.seen_within(CONF.service_down_time),
            beats.SERVICES.uuid == uuid,
        )
        if not session.scalar(sa.select(beats.SERVICES.id).where(lately)):
            # The workers of other runs are no more.
            session.execute(invocations.removal([uuid]))
        if keeps_reasons:
            traces.note_join(session, uuid)
        dialect = session.connection().dialect.name
        session.execute(
            invocations.one_more(dialect),
            invocations.values([uuid], invocation),
        )


def leave(
    context: Any, host: str, binary: str, invocation: str
) -> sg_invocation.Removal | None:
    """Take out the members of a service that one run of a unit left.

    :returns: None where the service is not registered
    """
    service = objects.Service.get_by_host_and_binary(context, host, binary)
    if service is None:
        return None
    try:
        invocation = sg_invocation.normal(invocation)
    except ValueError as error:
        raise exception.InvalidInput(
            reason='an invocation has 32 hexadecimal digits'
        ) from error
    api = owner.get()
    if api is None:
        return _leave_row(context, service.uuid, invocation)
    return api.leave_invocation(
        cells.Context(context), service.uuid, invocation
    )


def _leave_row(
    context: Any, uuid: str, invocation: str
) -> sg_invocation.Removal:
    if not tables.has(context, invocations.TABLE):
        return sg_invocation.Removal(0, NO_TABLE)
    keeps_reasons = traces.has_table(context)
    with db.get_context_manager(context).writer.using(context):
        session = context.session
        found = session.execute(invocations.workers(uuid, invocation)).first()
        if found is None:
            return sg_invocation.Removal(0)
        session.execute(invocations.removal([uuid], invocation))
        alone = invocations.alone(uuid, found.report_count)
        if keeps_reasons:
            traces.note_crash(session, alone)
        aged = session.execute(beats.age(alone))
        kept = None if aged.rowcount else invocations.SHARED
        return sg_invocation.Removal(max(1, found.workers), kept)
