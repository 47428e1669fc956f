# SPDX-License-Identifier: Apache-2.0

"""A heartbeat in nova's way, where no conductor has nova_sg.

It is two calls of nova's own: one reads the service, one saves it. nova waits
for an answer for ``rpc_response_timeout``, by default as long as it takes
until a service is down::

    t=0   the broker is restarted, and has none of its queues
    t=1   c1 calls, and the broker drops the message
    t=2   the conductors declare their queues again
    t=11  c1 gives up; its next heartbeat is due, and a conductor answers
    t=61  nova's own call would give up

So these calls wait until the next heartbeat is due, and no longer. Nor do
they wait longer for a broker.
"""

import time
from typing import Any

from nova.conductor import rpcapi
from oslo_versionedobjects import base as ovo_base

from nova_sg.nova_tree.grouped import client

#: Seconds for which an answer is waited for in any case.
LEAST = 0.1

#: The service object, as nova's conductors know it.
_OBJECT = 'Service'


def beat(context: Any, uuid: str, until: float) -> int:
    """Save a service with a higher count.

    nova stamps only where the count has grown since. It has grown by what
    conductors with nova_sg wrote, and by what workers of this service wrote,
    so that it is read first.

    :param context: nova's, which leads to the cell
    :param until: when it has to be over, by ``time.monotonic()``
    :returns: the count
    """
    service = _conductor(until).object_class_action_versions(
        context,
        _OBJECT,
        'get_by_uuid',
        ovo_base.obj_tree_get_versions(_OBJECT),
        (uuid,),
        {},
    )
    service.report_count += 1
    _conductor(until).object_action(context, service, 'save', (), {})
    count: int = service.report_count
    return count


def _conductor(until: float) -> Any:
    """Return nova's client of its conductors, which waits no longer."""
    found = rpcapi.ConductorAPI()
    found.client = found.client.prepare(
        timeout=max(LEAST, until - time.monotonic()), retry=client.RETRIES
    )
    return found
