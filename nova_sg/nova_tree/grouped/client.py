# SPDX-License-Identifier: Apache-2.0

"""The endpoint for heartbeats in nova's conductor, as its callers see it.

Its namespace and version are its own, so nova's pinned versions have no part
in it. A conductor without nova_sg refuses a call of it and drops a cast.
"""

from typing import Any
from typing import TypedDict

from nova import rpc
from nova.conductor import rpcapi as nova_rpcapi
from nova.objects import base as objects_base
import oslo_messaging as messaging

NAMESPACE = 'nova_sg.beats'

#: Version 1.0: beat, post, leave, database_time
VERSION = '1.0'

#: How often a broker that is not there is tried again: a heartbeat has its
#: next interval.
RETRIES = 1


class Answer(TypedDict):
    """What a conductor answers to a heartbeat.

    :ivar written: it is committed
    :ivar there: the service has a row; without ``written`` it left, and has
        to join again
    :ivar server: the conductor that answered
    :ivar now: the database's time, in seconds since 1970
    """

    written: bool
    there: bool
    server: str
    now: float


def client() -> Any:
    """Return a client of the endpoint, in any conductor of the cell."""
    return rpc.get_client(
        messaging.Target(
            topic=nova_rpcapi.RPC_TOPIC, namespace=NAMESPACE, version=VERSION
        ),
        serializer=objects_base.NovaObjectSerializer(),
    ).prepare(retry=RETRIES)
