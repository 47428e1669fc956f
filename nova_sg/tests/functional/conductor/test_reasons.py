# SPDX-License-Identifier: Apache-2.0

"""Why services are down whose processes, and readers, have a conductor."""

from typing import Any

from nova_sg.conductor import inventory
from nova_sg.conductor import remote
from nova_sg.conductor import rpcapi
from nova_sg.notifications import base as notifications_base
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup.testing import processes
from nova_sg.servicegroup.testing import reasons
from nova_sg.tests.functional.conductor import test_history


class _ThroughConductors:
    """Agents, and the readers of a test, go through conductors."""

    deployment_class = test_history.TwoConductorsDeployment

    def setUp(self) -> None:
        self._link: Any = None
        #: What stands for a reader that has just begun.
        self._remote: dict[sg_api.API, sg_api.API] = {}
        super().setUp()

    @property
    def link(self) -> Any:
        if self._link is None:
            self._link = self.deployment.proxied()
        return self._link

    def worker(self, link: Any = None) -> processes.Worker:
        return super().worker(link or self.link)

    def why(self, service: Any, reader: Any = None) -> Any:
        if not isinstance(reader, sg_api.API):
            reader = self.api
        elif reader is not self.api:
            if reader not in self._remote:
                self._remote[reader] = self.remote_api()
            reader = self._remote[reader]
        return super().why(service, reader)

    def remote_api(self) -> sg_api.API:
        """Return the API of a process without a backend."""
        conf = self.deployment.load(self.link.options)
        rpc = rpcapi.ConductorAPI(conf)
        self.addCleanup(rpc.close)
        return sg_api.API(
            conf,
            driver=remote.RemoteDriver(conf, rpc),
            inventory=inventory.RemoteInventory(conf, rpc),
            notifier=notifications_base.Silent(),
        )


class TestReasons(_ThroughConductors, reasons.ReasonTest):
    """What agents say over RPC, and readers are told.

    Not all of the suite: two conductors are started for each test.
    """

    # Besides, each agent imports what calls a conductor.
    timeout = 180

    promises = reasons.ReasonTests
    test_ends = promises.test_services_leave_and_are_killed_and_suspended
    test_loops = promises.test_loops_stop_and_go_on
    test_forced = promises.test_forced_down_wins


class TestReasonsOfTheCutOff(_ThroughConductors, reasons.CutOffReasonTests):
    """An agent whose way to the broker is cut."""
