# SPDX-License-Identifier: Apache-2.0

"""nova's conductor, as a command calls it that has no nova around it.

A compute has no database, and to import nova takes seconds that a crash
should not go unseen. So ``service leave`` reads nova.conf for the message bus
alone, and calls what :mod:`nova_sg.nova_tree.endpoint` serves.
"""

from typing import Any

from oslo_config import cfg
import oslo_messaging as messaging

from nova_sg import broker
from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import rpc
from nova_sg.servicegroup import invocation as sg_invocation

#: Where nova's conductors listen, and on which exchange where nova.conf says
#: nothing of it: nova's, and not ours.
TOPIC = 'conductor'
EXCHANGE = 'nova'

#: The endpoint of nova_sg there, and from when on it serves this.
NAMESPACE = 'nova_sg'
VERSION = '1.1'

METHOD = 'leave_invocation'


def leave_invocation(
    conf: cfg.ConfigOpts,
    host: str,
    binary: str,
    invocation: str,
    patience: float,
) -> sg_invocation.Removal | None:
    """Have a conductor of nova take out what a run of a unit left.

    :param conf: a loaded configuration, with nova's ``transport_url``
    :param patience: seconds to wait for the answer
    :returns: None where the service is not registered
    :raises ServiceGroupUnavailable: no conductor answers
    :raises ConductorTooOld: it does not know nova_sg, or is older
    """
    transport = rpc.transport(conf)
    name = f"nova's conductor over {broker.name(conf)}"
    client = messaging.get_rpc_client(
        transport,
        messaging.Target(
            exchange=_exchange(conf),
            topic=TOPIC,
            namespace=NAMESPACE,
            version=VERSION,
        ),
        serializer=rpc.ContextSerializer(messaging.NoOpSerializer()),
        timeout=patience,
        retry=0,
        # A broker drops what no queue takes, unless it is to be told.
        transport_options=messaging.TransportOptions(at_least_once=True),
    )
    try:
        broker.check(conf)
        with rpc.errors(name, METHOD):
            answer: dict[str, Any] | None = client.call(
                sg_context.get_admin_context(),
                METHOD,
                host=host,
                binary=binary,
                invocation=invocation,
            )
    except OSError as error:
        raise exception.ServiceGroupUnavailable(
            backend=name, reason=error
        ) from error
    finally:
        transport.cleanup()
    if answer is None:
        return None
    return sg_invocation.Removal(answer['members'], answer['kept'])


def _exchange(conf: cfg.ConfigOpts) -> str:
    found = conf.get_location('control_exchange')
    if found is not None and found.location.is_user_controlled:
        return str(conf.control_exchange)
    return EXCHANGE
