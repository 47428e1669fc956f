# SPDX-License-Identifier: Apache-2.0

"""No inventory: the two default zones, and a clear answer to the rest."""

from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import NoReturn

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

    def leave_aggregates(self, host: str) -> None:
        """Do nothing: no host is in one."""

    def report(self, nodes: Iterable[base.ComputeNode]) -> None:
        """Do nothing: there is nowhere to keep them."""

    def remove_compute_nodes(self, host: str) -> None:
        """Do nothing: none are kept."""

    def count_instances(self, host: str) -> int:
        """Return 0: none are recorded."""
        return 0

    def _refuse(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise exception.InventoryNotConfigured()

    set_zone = _refuse
    aggregates = aggregate = _refuse
    compute_nodes = compute_node = hosts_of_type = _refuse
    instances = instances_by_host = _refuse
