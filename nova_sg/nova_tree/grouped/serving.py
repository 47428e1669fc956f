# SPDX-License-Identifier: Apache-2.0

"""The RPC server for heartbeats, beside the one of nova's conductor.

It lives as long as nova's, in each worker, on a topic of its own. That saves
most of what a heartbeat costs a conductor:

* oslo.messaging wakes up at least once for each message, and then looks for
  the next one after 1 ms, 2 ms, 4 ms and so on. Where messages are 20 ms
  apart, those looks cost several times what the message does. So this server
  rests, and then reads all that came meanwhile. nova's own messages cannot
  wait for that.
* nova's server hands each message to a thread, which makes a context of nova's
  and looks for the endpoint. A heartbeat that is cast needs neither: the
  thread that reads from the broker notes it.
"""

from collections.abc import Callable
from collections.abc import Iterator
import time
from typing import Any

from nova import conf as nova_conf
from nova import context as nova_context
from nova import rpc as nova_rpc
from nova import service as nova_service
from nova.conductor import rpcapi as nova_rpcapi
import oslo_messaging as messaging
from oslo_messaging.rpc import server as rpc_server

from nova_sg import private
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import takeover
from nova_sg.nova_tree.grouped import client
from nova_sg.nova_tree.grouped import endpoint

CONF = nova_conf.CONF

#: Of the report interval: how long messages gather. Half a second at nova's
#: default, far less than a call waits for its answer.
REST = 0.05

#: By what a message is known as a heartbeat that is cast.
_METHOD = {
    'method': 'post',
    'namespace': client.NAMESPACE,
    'version': client.BEATS,
}


class RestingServer(rpc_server.RPCServer):  # type: ignore[misc]
    """Reads messages in bursts, and notes heartbeats that are cast.

    A heartbeat that has not waited says that no more of them wait: the server
    rests. So it never rests while it is behind. What comes while it rests is
    not acknowledged: if the conductor dies, the broker hands it to another
    one.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        (self._beats,) = self.dispatcher.endpoints
        self._rest = REST * CONF.report_interval

    def _on_incoming(self, incoming: Any) -> None:
        (arrived,) = incoming
        message = arrived.message
        if any(message.get(each) != _METHOD[each] for each in _METHOD):
            # Among them is what this conductor refuses.
            super()._on_incoming(incoming)
        elif self._beats.intake.note(**message['args']):
            time.sleep(self._rest)


class Both:
    """nova's RPC server, and one beside it that ends with it.

    :param novas: nova's
    :param ours: the other
    """

    def __init__(self, novas: Any, ours: Any) -> None:
        self._novas = novas
        self._ours = ours

    def __getattr__(self, name: str) -> Any:
        return getattr(self._novas, name)

    def stop(self, *args: Any, **kwargs: Any) -> None:
        self._ours.stop()
        self._novas.stop(*args, **kwargs)

    def wait(self, *args: Any, **kwargs: Any) -> None:
        self._ours.wait()
        self._novas.wait(*args, **kwargs)


def own_context() -> Any:
    """Return a context of nova's that leads to this conductor's database."""
    return nova_context.get_admin_context()


def server(host: str) -> Any:
    """Return what serves heartbeats in a conductor, not started yet."""
    return messaging.get_rpc_server(
        nova_rpc.TRANSPORT,
        messaging.Target(topic=client.TOPIC, server=host),
        [endpoint.Endpoint(own_context())],
        serializer=client.NoContext(),
        access_policy=messaging.DefaultRPCAccessPolicy,
        server_cls=RestingServer,
    )


class ConductorBeats(takeover.Takeover):
    """One more RPC server of nova's conductor."""

    name = "the RPC server of nova's conductor"

    def wrapped(self) -> Iterator[takeover.Wrapped]:
        yield takeover.Wrapped(
            nova_service.Service, 'start', ('self',), _start
        )

    def check(self) -> None:
        super().check()
        private.check('beats')
        self.expect_attribute(nova_rpcapi, 'RPC_TOPIC')
        self.expect_attribute(nova_rpc, 'TRANSPORT')


def _start(novas: Callable[[Any], None], service: Any) -> None:
    novas(service)
    if service.topic == nova_rpcapi.RPC_TOPIC and owner.has_novas_scheme():
        ours = server(service.host)
        ours.start()
        service.rpcserver = Both(service.rpcserver, ours)
