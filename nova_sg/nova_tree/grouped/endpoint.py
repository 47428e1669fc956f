# SPDX-License-Identifier: Apache-2.0

"""What nova's conductor serves for heartbeats."""

from typing import Any

from nova.conductor import manager as nova_manager
from oslo_log import log as logging
import oslo_messaging as messaging

from nova_sg import exception
from nova_sg.nova_tree import endpoint
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import takeover
from nova_sg.nova_tree.grouped import client
from nova_sg.nova_tree.grouped import reader
from nova_sg.nova_tree.grouped import written

LOG = logging.getLogger(__name__)


class ConductorBeats(takeover.Takeover):
    """One more endpoint of ``ConductorManager``."""

    name = "the endpoint for heartbeats of nova's conductor"

    def check(self) -> None:
        self.expect_function(
            nova_manager.ConductorManager,
            *('__init__', 'self', 'args', 'kwargs'),
        )

    def take(self, patches: takeover.Patches) -> None:
        manager = nova_manager.ConductorManager
        init = endpoint.adding(Endpoint, manager.__init__)
        patches.set(manager, '__init__', init)


class Endpoint:
    """Serves heartbeats in a conductor of nova.

    :param manager: the manager of the conductor
    """

    target = messaging.Target(
        namespace=client.NAMESPACE, version=client.VERSION
    )

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        # What lasts is logged once.
        self._failing = False
        self._groups = written.Groups()

    @endpoint.served
    def beat(self, context: Any, uuid: str, joining: bool) -> client.Answer:
        """Beat once for a service; answers when that is committed."""
        _check_driver()
        group = self._groups.of(context, joining=joining)
        unwritten = group.report(context, [uuid])
        return client.Answer(
            written=not unwritten,
            there=not unwritten or written.is_there(context, uuid),
            server=self._manager.host,
            now=reader.of(context).database_time(),
        )

    @endpoint.served
    def post(self, context: Any, uuid: str, until: float) -> None:
        """Beat once for a service, and tell nobody whether it worked.

        :param until: the time of the database after which this heartbeat is
            worthless: it has waited while no conductor was there, and its
            sender may be dead by now
        """
        _check_driver()
        try:
            if reader.of(context).database_time() > until:
                LOG.debug('A heartbeat of service %s came too late', uuid)
                return
            self._groups.of(context, joining=False).post(context, [uuid])
        except exception.ServiceGroupUnavailable as error:
            if not self._failing:
                LOG.warning('Heartbeats are lost: %s', error)
            self._failing = True
        else:
            self._failing = False

    @endpoint.served
    def leave(self, context: Any, uuid: str, count: int) -> None:
        """Make a service down at once; see :func:`written.leave`."""
        _check_driver()
        written.leave(context, uuid, count)

    @endpoint.served
    def database_time(self, context: Any) -> float:
        """Return the time of this conductor's database."""
        return written.database_time(context)


def _check_driver() -> None:
    if not owner.has_novas_scheme():
        raise exception.InvalidConfiguration(
            option='[servicegroup] driver',
            reason=f'this conductor has {owner.driver()}, and its heartbeats '
            'do not go into the database',
        )
