# SPDX-License-Identifier: Apache-2.0

"""The running agent: registers, joins, beats, and leaves."""

from collections.abc import Callable
from collections.abc import Sequence
import queue
import random
from typing import TYPE_CHECKING

from oslo_config import cfg
from oslo_log import log as logging

from nova_sg import conductor as sg_conductor
from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import lasting
from nova_sg import sequences
from nova_sg import systemd
from nova_sg.agent import host as agent_host
from nova_sg.agent import registration
from nova_sg.inventory import base as inventory_base
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup import member as sg_member
from nova_sg.servicegroup.membership import base as membership_base

if TYPE_CHECKING:
    from nova_sg.metrics import health as sg_health

LOG = logging.getLogger(__name__)

BATCH = heartbeat.BATCH

#: Seconds between two reports of what this machine has and uses, about.
REFRESH = 60


class Stop:
    """The wish that the agent ends.

    Signal handlers express it, and they interrupt anything: even a wait for
    the wish itself, in which an Event holds a lock that its own set() needs.
    """

    def __init__(self) -> None:
        self._wishes: queue.SimpleQueue[None] = queue.SimpleQueue()

    def request(self) -> None:
        """Wish it, from any thread or signal handler."""
        self._wishes.put(None)

    @property
    def requested(self) -> bool:
        return not self._wishes.empty()

    def wait(self, seconds: float | None) -> bool:
        """Wait until it is wished.

        :param seconds: wait no longer; None for as long as it takes
        :returns: whether it is wished
        """
        try:
            self._wishes.get(timeout=seconds)
        except queue.Empty:
            return False
        self._wishes.put(None)
        return True


class Agent:
    """Stands for the services of one process, from registration to leaving.

    :param hosts: the names of the hosts, each with one service
    :param binary: of all of them
    :param topic: of all of them; see :func:`registration.ensure`
    :param zone: put the hosts into it; None leaves them where they are
    :param simulated: the hosts are none that exist: their compute nodes
        are reported once, and are not this machine
    :param on_progress: called with how many services have joined so far
    :param health: what probes are told; None where nothing probes it
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        hosts: Sequence[str],
        *,
        binary: str = inventory_base.COMPUTE_BINARY,
        topic: str | None = None,
        zone: str | None = None,
        simulated: bool = False,
        on_progress: Callable[[int], None] | None = None,
        health: 'sg_health.Health | None' = None,
    ) -> None:
        self._conf = conf
        self._hosts = hosts
        self._binary = binary
        self._topic = topic
        self._zone = zone
        self._simulated = simulated
        self._on_progress = on_progress
        self._stop = Stop()
        self._systemd = systemd.Notifier()
        self._health = health
        self._context = sg_context.get_admin_context()
        # It may have been started together with its conductor.
        self._api = sg_conductor.setup(conf, waits=True)
        self._heartbeat = heartbeat.Heartbeat(
            self._api.driver.membership,
            self._context,
            conf.servicegroup.report_interval,
            self._lost,
            on_turn=self._turned,
            turns_within=systemd.soonest(
                self._systemd.tick, health and health.turn
            ),
        )
        self._handles: list[membership_base.Handle] = []
        self._gone = 0
        self._registered = False
        self._trouble = lasting.Trouble(
            LOG,
            'Cannot report the resources of this machine, will try again: %s',
            'Unexpected error while reporting the resources of this machine, '
            'will try again',
            'Recovered from being unable to report resources.',
        )

    def _turned(self) -> None:
        """Tell what watches this process that its loop has turned."""
        self._systemd.turned()
        if self._health is not None:
            self._health.turned()

    def stop(self) -> None:
        """End :meth:`run`, from any thread or signal handler."""
        self._stop.request()

    def run(self) -> bool:
        """Register, join, and beat until stopped; then leave.

        A backend that is lost while the services are joined is waited
        for, however long it takes.

        :returns: whether a service was left in the end: False if an
            operator deleted the records of all of them
        :raises InventoryNotConfigured: hosts cannot be put into a zone
        :raises InvalidInput: hosts cannot be put into this zone
        :raises ServiceGroupUnavailable: the backend is not there at the
            start
        """
        if self._zone is not None:
            # Whether there are zones at all, before anything is written.
            self._api.inventory.aggregates()
            self._api.inventory.check_compute_zone(self._zone)
        self._heartbeat.start()
        try:
            self._register()
            if not self._stop.requested:
                self._announce()
                self._stay()
        except exception.ServiceGroupUnavailable:
            # An agent that is told to stop while it waits reports nothing.
            if not self._stop.requested:
                raise
        finally:
            self._systemd.notify('STOPPING=1')
            if self._health is not None:
                self._health.set_ready(False)
            self._heartbeat.stop()
            self._leave()
        return not self._handles or self._gone < len(self._handles)

    def _register(self) -> None:
        known = None
        if len(self._hosts) > 1:
            known = registration.by_host(self._context, self._binary)
        machine = agent_host.describe(self._hosts[0], self._conf.state_path)
        for hosts in sequences.batched(self._hosts, BATCH):
            if self._stop.requested:
                return
            self._register_batch(hosts, known, machine)
            if self._on_progress is not None:
                self._on_progress(len(self._handles))
        self._registered = True
        if self._gone == len(self._handles):
            self._stop.request()

    def _register_batch(
        self,
        hosts: Sequence[str],
        known: dict[str, registration.Service] | None,
        machine: inventory_base.ComputeNode,
    ) -> None:
        """Register and join; from then on the heartbeat's thread beats."""
        services = registration.ensure(
            self._context, hosts, self._binary, self._topic, known
        )
        if self._binary == inventory_base.COMPUTE_BINARY:
            nodes = (
                agent_host.simulate(machine, hosts)
                if self._simulated
                else [machine]
            )
            self._api.inventory.report(nodes)
        self._move(hosts)
        handles = self._api.join_many(
            self._context, [sg_member.identity(each) for each in services]
        )
        self._handles += handles
        self._heartbeat.add(handles)

    def _move(self, hosts: Sequence[str]) -> None:
        """Move hosts into the zone, unless they are in it already."""
        if self._zone is None:
            return
        zones = self._api.inventory.zones(hosts)
        for host in hosts:
            if zones.get(host) != self._zone:
                self._api.inventory.set_zone(host, self._zone)

    def _announce(self) -> None:
        self._systemd.notify('READY=1')
        if self._health is not None:
            self._health.set_ready(True)
        first, last = self._hosts[0], self._hosts[-1]
        where = first
        if len(self._hosts) > 1:
            where = f'{len(self._hosts)} hosts, {first} to {last},'
        LOG.info(
            '%(binary)s on %(where)s is up, reporting every %(interval)d s',
            {
                'binary': self._binary,
                'where': where,
                'interval': self._conf.servicegroup.report_interval,
            },
        )

    def _stay(self) -> None:
        """Report the machine from time to time, until stopped."""
        refreshed = (
            self._binary == inventory_base.COMPUTE_BINARY
            and not self._simulated
        )
        if not refreshed:
            self._stop.wait(None)
            return
        # Not in step with the agents that were started with this one.
        while not self._stop.wait(REFRESH * random.uniform(0.8, 1.2)):  # noqa: S311
            self._refresh()

    def _refresh(self) -> None:
        """Report the machine once.

        Never raises: the services of a healthy host would be left with it.
        """
        try:
            node = agent_host.describe(self._hosts[0], self._conf.state_path)
            # The delete of the service took its compute node away too.
            registration.Service.get_by_uuid(
                self._context, self._handles[0].uuid
            )
            self._api.inventory.report([node])
        except exception.ServiceNotFound:
            return
        except exception.ServiceGroupUnavailable as error:
            # Of the backend of the heartbeats, these log it.
            heartbeats = self._api.driver.membership.marker_store.name
            if error.kwargs.get('backend') != heartbeats:
                self._trouble.failed(error)
        except Exception as error:
            self._trouble.failed(error)
        else:
            self._trouble.over()

    def _lost(self, _handle: membership_base.Handle) -> None:
        """Note in the heartbeat's thread that a record was deleted."""
        self._gone += 1
        if self._registered and self._gone == len(self._handles):
            self._stop.request()

    def _leave(self) -> None:
        try:
            self._api.leave_all(self._context)
        except exception.NovaSgException as error:
            LOG.warning(
                'Cannot leave: the service will be shown as down only after '
                'its heartbeats were missed. %s',
                error,
            )
