# SPDX-License-Identifier: Apache-2.0

"""The running conductor: one worker of it."""

import threading
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging
import oslo_messaging as messaging
from oslo_messaging.rpc import server as rpc_server

from nova_sg import broker
from nova_sg import conf as sg_conf
from nova_sg import private
from nova_sg import rpc
from nova_sg import servicegroup
from nova_sg.conductor import beats
from nova_sg.conductor import interface
from nova_sg.conductor import manager
from nova_sg.conductor import watcher
from nova_sg.notifications import base as notifications_base
from nova_sg.objects import base as objects_base

LOG = logging.getLogger(__name__)


class BoundedServer(rpc_server.RPCServer):  # type: ignore[misc]
    """Takes a call from the broker only when a thread is free for it.

    What waits at the broker is dropped there when its caller has given up.
    oslo.messaging would take all there is, and serve it however late: after
    an outage of the database a conductor would write the beats of minutes
    before those of now.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._free = threading.Semaphore(self.conf.conductor.threads)

    def turns(self, patience: float) -> bool:
        """Tell whether a thread is free, or becomes so within seconds."""
        if not self._free.acquire(timeout=patience):
            return False
        self._free.release()
        return True

    def _on_incoming(self, incoming: Any) -> None:
        # The thread that reads from the broker waits here.
        self._free.acquire()
        super()._on_incoming(incoming)

    def _process_incoming(self, incoming: Any) -> None:
        try:
            super()._process_incoming(incoming)
        finally:
            self._free.release()


def server(
    conf: cfg.ConfigOpts, transport: Any, endpoint: manager.ConductorManager
) -> Any:
    """Return what serves an endpoint, not started yet."""
    return messaging.get_rpc_server(
        transport,
        messaging.Target(
            topic=interface.TOPIC, server=interface.server(conf.host)
        ),
        [endpoint],
        serializer=rpc.ServerSerializer(objects_base.Serializer()),
        access_policy=messaging.ExplicitRPCAccessPolicy,
        server_cls=BoundedServer,
    )


class Worker:
    """Serves calls, from :meth:`start` to :meth:`stop`.

    What is beneath it is here: the objects of this process call nobody.

    :param first: the one of several workers that does what one must do
    :raises InvalidConfiguration: naming the option that cannot be used
    """

    def __init__(self, conf: cfg.ConfigOpts, *, first: bool = True) -> None:
        private.check('conductor')
        self._conf = conf
        objects_base.Object.indirection_api = None
        self.api = servicegroup.setup(conf)
        self.beats = beats.GroupCommit(
            self.api.driver.membership.report,
            conf.conductor.beat_spacing,
            conf.conductor.beats_waiting,
        )
        self.api.report_through(self.beats.report)
        self._recording = None
        if first:
            self._recording = self.api.recording(
                f'nova-sg-conductor on {conf.host}'
            )
        self._watcher = None
        if first and conf.conductor.watch_states:
            if isinstance(self.api.notifier, notifications_base.Silent):
                LOG.warning(
                    '[conductor] watch_states has no effect: [notifications] '
                    'notification_format sends nothing.'
                )
            self._watcher = watcher.Watcher(
                self.api, conf.servicegroup.report_interval
            )
        sg_conf.register_messaging(conf)
        conf.set_default(
            'rabbit_qos_prefetch_count',
            conf.conductor.threads,
            'oslo_messaging_rabbit',
        )
        self._transport = rpc.transport(conf)
        self._server = server(
            conf,
            self._transport,
            manager.ConductorManager(self.api, self.beats),
        )

    def start(self) -> None:
        """Begin to serve; returns when the broker knows of us."""
        self._server.start(override_pool_size=self._conf.conductor.threads)
        if self._watcher is not None:
            self._watcher.start()
        if self._recording is not None:
            self._recording.start()
        LOG.info(
            'Serving %(topic)s on %(broker)s as %(host)s',
            {
                'topic': interface.TOPIC,
                'broker': broker.name(self._conf),
                'host': self._conf.host,
            },
        )

    def turns(self, patience: float) -> bool:
        """Tell whether it has a thread for a call.

        :param patience: seconds to wait for one
        """
        return bool(self._server.turns(patience))

    def stop(self) -> None:
        """Take no more calls, answer those that are here, and end."""
        if self._recording is not None:
            self._recording.stop()
        self._server.stop()
        self._server.wait()
        if self._watcher is not None:
            self._watcher.stop()
        self._transport.cleanup()
        LOG.info('Served the last call')
