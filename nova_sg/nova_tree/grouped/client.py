# SPDX-License-Identifier: Apache-2.0

"""The endpoint for heartbeats in nova's conductors, as its callers see it.

It has a topic of its own, which only conductors with nova_sg consume. So a
conductor without nova_sg never gets a heartbeat that it does not know, and
any conductor with nova_sg takes what another one left in the queue when it
died.
"""

from typing import Any
from typing import TypedDict

from nova import rpc
import oslo_messaging as messaging

#: The topic, and the name of the queue.
TOPIC = 'nova_sg_beats'

NAMESPACE = 'nova_sg.beats'

#: Version 1.0: beat, post, leave, database_time
#: Version 1.1: note_wedged
VERSION = '1.1'

#: The version that heartbeats are sent with, and the one from which on a
#: conductor knows of a timer that hangs.
BEATS = '1.0'
KNOWS_WEDGED = '1.1'

#: How often a broker that is not there is tried again: a heartbeat has its
#: next interval.
RETRIES = 1


class Answer(TypedDict):
    """What a conductor answers to a heartbeat.

    :ivar written: it is committed
    :ivar there: the service has a row; without ``written`` it left, and has
        to join again
    :ivar now: the database's time, in seconds since 1970
    """

    written: bool
    there: bool
    now: float


class NoContext(messaging.NoOpSerializer):  # type: ignore[misc]
    """Sends no context of nova's.

    To send one costs more than the rest of a heartbeat. A conductor has one
    of its own, which leads to its database.
    """

    def serialize_context(self, context: Any) -> dict[str, Any]:
        return {}


def client() -> Any:
    """Return a client of the endpoint, in any conductor of the cell.

    What is sent where no conductor ever had nova_sg raises
    ``MessageUndeliverable``.
    """
    return messaging.get_rpc_client(
        rpc.TRANSPORT,
        messaging.Target(topic=TOPIC, namespace=NAMESPACE, version=BEATS),
        serializer=NoContext(),
        transport_options=messaging.TransportOptions(at_least_once=True),
    ).prepare(retry=RETRIES)
