# SPDX-License-Identifier: Apache-2.0

"""No inventory: the two default zones, and a clear answer to the rest."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

from nova_sg import exception
from nova_sg.inventory import base


class NoInventory(base.Inventory):
    """What ``[inventory] backend = none`` gives.

    Hosts have no aggregates and so lie in the default zone; an agent's
    compute node is not kept; whatever needs more raises
    ``InventoryNotConfigured``.
    """

    def zones(self, hosts: Sequence[str] | None = None) -> dict[str, str]:
        return {}

    def set_zone(
        self, host: str, zone: str, *, token: str | None = None
    ) -> None:
        raise exception.InventoryNotConfigured()

    def leave_aggregates(self, host: str) -> None:
        """Do nothing: no host is in one."""

    def aggregates(self) -> list[base.Aggregate]:
        raise exception.InventoryNotConfigured()

    def aggregate(self, aggregate_id: int) -> base.Aggregate | None:
        raise exception.InventoryNotConfigured()

    def compute_nodes(
        self,
        host: str | None = None,
        *,
        pattern: str | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[base.ComputeNode]:
        raise exception.InventoryNotConfigured()

    def compute_node(
        self, *, id: int | None = None, uuid: str | None = None
    ) -> base.ComputeNode | None:
        raise exception.InventoryNotConfigured()

    def hosts_of_type(self, hypervisor_type: str) -> set[str]:
        raise exception.InventoryNotConfigured()

    def report(self, nodes: Iterable[base.ComputeNode]) -> None:
        """Do nothing: there is nowhere to keep them."""

    def remove_compute_nodes(self, host: str) -> None:
        """Do nothing: none are kept."""

    def instances(self, host: str) -> list[base.Instance]:
        raise exception.InventoryNotConfigured()

    def instances_by_host(
        self, hosts: Sequence[str]
    ) -> Mapping[str, list[base.Instance]]:
        raise exception.InventoryNotConfigured()

    def count_instances(self, host: str) -> int:
        """Return 0: none are recorded."""
        return 0
