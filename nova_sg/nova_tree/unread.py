# SPDX-License-Identifier: Apache-2.0

"""A compute that could not be read along with the servers on its host.

nova reads a server with the compute of its host, and takes any error for a
cell that is down::

    t=0  the ensemble has no quorum
    t=1  a user lists servers with details: every cell fails. The answer is
         200 and has no server; since 2.69 it has their ids alone.

So a server has a *stand-in*, of which only the host is known. It is neither up
nor down: ``service_is_up`` raises, and ``host_status`` is ``UNKNOWN``. Its
uuid says what it is, wherever nova sends the server.
"""

import time
from typing import Any

from nova_sg import exception
from nova_sg.inventory import base as inventory_base
from nova_sg.nova_tree import rows
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import member
from nova_sg.servicegroup import record

#: The uuid of every stand-in. Those of services are random.
UUID = '00000000-0000-0000-0000-000000000000'

#: The topic of computes.
_TOPIC = 'compute'


def compute(host: str, error: Exception) -> rows.Row:
    """Return a stand-in for the compute of a host.

    :param error: why it cannot be read
    """
    return rows.Row(
        record.Record(0, UUID, host, inventory_base.COMPUTE_BINARY, _TOPIC),
        liveness.Liveness(False, None, time.monotonic(), (), str(error)),
    )


def is_one(service: Any) -> bool:
    """Whether a row, or an object made of it, is a stand-in."""
    return bool(member.field(service, 'uuid') == UUID)


def unavailable(service: Any) -> exception.ServiceGroupUnavailable:
    """Return the error for a caller that asks whether a stand-in is up."""
    text = f'The compute of host {service.host} could not be read'
    read: liveness.Liveness | None = getattr(service, 'liveness', None)
    # A server that came from another process has lost the reason.
    if read is not None and read.unknown is not None:
        text = f'{text}: {read.unknown}'
    return exception.ServiceGroupUnavailable(text)
