# SPDX-License-Identifier: Apache-2.0

"""The inventory's interface: plain dataclasses, no backend shows through."""

import abc
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
from typing import Any
from typing import Self

from oslo_config import cfg

from nova_sg import exception
from nova_sg.inventory import actions
from nova_sg.inventory import usage

#: The topic and the binary of the one service which sits on a hypervisor.
COMPUTE_TOPIC = 'compute'
COMPUTE_BINARY = 'nova-compute'

#: Hosts that are asked for by name. Above, reading all takes no longer.
FEW = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class ComputeNode:
    """A hypervisor; names and units are those of nova's ``compute_nodes``.

    :param id: given by the inventory; None before it is stored
    :param uuid: given by the inventory where it is None
    :param hypervisor_version: major * 1000000 + minor * 1000 + release
    :param cpu_info: a JSON object: arch, vendor, model, topology, features
    """

    host: str
    hypervisor_hostname: str
    hypervisor_type: str
    hypervisor_version: int
    vcpus: int
    memory_mb: int
    local_gb: int
    id: int | None = None
    uuid: str | None = None
    host_ip: str | None = None
    vcpus_used: int = 0
    memory_mb_used: int = 0
    local_gb_used: int = 0
    disk_available_least: int | None = None
    current_workload: int = 0
    running_vms: int = 0
    cpu_info: str = '{}'

    @classmethod
    def from_row(cls, row: Iterable[Any]) -> Self:
        """Build a node from values in the order of :data:`NODE_FIELDS`.

        For values which are typed already: a list makes one for each node,
        and the checked keywords of the constructor take five times as long.
        """
        made = object.__new__(cls)
        made.__dict__.update(zip(NODE_FIELDS, row, strict=True))
        return made


#: The names of a compute node's fields, in order.
NODE_FIELDS = tuple(field.name for field in dataclasses.fields(ComputeNode))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Aggregate:
    """A group of hosts; one with a zone puts its hosts into that zone."""

    id: int
    uuid: str
    name: str
    availability_zone: str | None
    hosts: tuple[str, ...]
    created_at: datetime.datetime
    updated_at: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Instance:
    """A guest on a host, as far as capacity and deletion are concerned."""

    uuid: str
    host: str
    project_id: str
    vcpus: int
    memory_mb: int
    root_gb: int
    ephemeral_gb: int
    node: str | None = None
    display_name: str | None = None


@dataclasses.dataclass(frozen=True)
class Zoning:
    """Tells the zones of services.

    :param zones: those of hosts which are in an aggregate with one
    :param internal: that of services which are no computes
    :param default: that of all other computes
    """

    zones: Mapping[str, str]
    internal: str
    default: str

    def __call__(self, host: str | None, topic: str | None) -> str:
        """Return the zone of the service of a topic on a host."""
        if topic != COMPUTE_TOPIC:
            return self.internal
        return self.zones.get(host or '', self.default)


#: For a list that shows none.
NO_ZONES = Zoning({}, '', '')


class Inventory(actions.HostActions, abc.ABC):
    """Compute nodes, aggregates and instances of one cell."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self.conf = conf

    def zone_of(self, host: str, topic: str | None) -> str:
        """Return the zone of one service; see :meth:`zoning` for many."""
        return self.zoning([host])(host, topic)

    def zoning(self, hosts: Collection[str | None] | None = None) -> 'Zoning':
        """Return what tells the zones of services on some hosts.

        Reads the zones once, and the options: both for each of thousands of
        services would take longer than reading these.

        :param hosts: the hosts; None for every host
        :returns: called with the host and topic of a service
        """
        if hosts is None or len(hosts) > FEW:
            zones = self.zones()
        else:
            named = sorted({host for host in hosts if host})
            zones = self.zones(named) if named else {}
        return Zoning(
            zones,
            str(self.conf.internal_service_availability_zone),
            str(self.conf.default_availability_zone),
        )

    def describe(self, host: str) -> list[usage.HostResource]:
        """Return what a host has, uses, and has promised."""
        return usage.of(host, self.compute_nodes(host), self.instances(host))

    def check_compute_zone(self, zone: str) -> None:
        """Refuse a zone that no compute host may be in.

        The zone of all other services is left out of what users are shown,
        and with it would be the hosts in it.

        :raises InvalidInput: it is the zone of the other services
        """
        option = 'internal_service_availability_zone'
        if zone == self.conf[option]:
            raise exception.InvalidInput(
                reason=f'{zone!r} is the zone of services other than '
                f'{COMPUTE_BINARY} ([DEFAULT] {option}): choose another'
            )

    @abc.abstractmethod
    def zones(self, hosts: Sequence[str] | None = None) -> dict[str, str]:
        """Return the zones of hosts which are in an aggregate with one.

        A host in several is in all of them, joined by commas.

        :param hosts: only these; None for every host
        """

    @abc.abstractmethod
    def set_zone(
        self, host: str, zone: str, *, token: str | None = None
    ) -> None:
        """Move a host into a zone, and out of any other, once.

        The zone's aggregate bears its name and is made where there is none.

        :param token: of this change; None where this call is all there is of
            it
        :raises OutcomeUnknown: it may have been made
        """

    @abc.abstractmethod
    def leave_aggregates(self, host: str) -> None:
        """Take a host out of all aggregates."""

    @abc.abstractmethod
    def aggregates(self) -> list[Aggregate]:
        """Return all aggregates, by id."""

    @abc.abstractmethod
    def aggregate(self, aggregate_id: int) -> Aggregate | None:
        """Return an aggregate by its id, None where there is none."""

    @abc.abstractmethod
    def compute_nodes(
        self,
        host: str | None = None,
        *,
        pattern: str | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[ComputeNode]:
        """Return compute nodes by id.

        :param host: only those of this host
        :param pattern: only those with this in their hypervisor hostname
        :param after: only nodes with a greater id: the next page
        :param limit: so many at most
        """

    @abc.abstractmethod
    def compute_node(
        self, *, id: int | None = None, uuid: str | None = None
    ) -> ComputeNode | None:
        """Return the compute node with an id or a uuid, None without one."""

    @abc.abstractmethod
    def hosts_of_type(self, hypervisor_type: str) -> set[str]:
        """Return the hosts with a compute node of a hypervisor type."""

    @abc.abstractmethod
    def report(self, nodes: Iterable[ComputeNode]) -> None:
        """Store compute nodes, new or changed, by host and hostname."""

    @abc.abstractmethod
    def remove_compute_nodes(self, host: str) -> None:
        """Take all compute nodes of a host away."""

    @abc.abstractmethod
    def instances(self, host: str) -> list[Instance]:
        """Return the instances recorded on a host, by uuid."""

    @abc.abstractmethod
    def instances_by_host(
        self, hosts: Sequence[str]
    ) -> Mapping[str, list[Instance]]:
        """Return the instances recorded on hosts, in one call.

        :returns: by host, and there by uuid; without hosts that have none
        """

    @abc.abstractmethod
    def count_instances(self, host: str) -> int:
        """Return how many instances are recorded on a host."""
