# SPDX-License-Identifier: Apache-2.0

"""The inventory of a process without one: the conductor's."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg.conductor import rpcapi
from nova_sg.conductor import wire
from nova_sg.inventory import base


class RemoteInventory(base.Inventory):
    """Has the conductor do everything, in its own inventory."""

    def __init__(
        self, conf: cfg.ConfigOpts, conductor: rpcapi.ConductorAPI
    ) -> None:
        super().__init__(conf)
        self._conductor = conductor

    def zones(self, hosts: Sequence[str] | None = None) -> dict[str, str]:
        return self._call('zones', hosts)  # type: ignore[no-any-return]

    def set_zone(
        self, host: str, zone: str, *, token: str | None = None
    ) -> None:
        # The call bears the token.
        self._call('set_zone', host, zone)

    def leave_aggregates(self, host: str) -> None:
        self._call('leave_aggregates', host)

    def aggregates(self) -> list[base.Aggregate]:
        return self._call('aggregates')  # type: ignore[no-any-return]

    def aggregate(self, aggregate_id: int) -> base.Aggregate | None:
        return self._call('aggregate', aggregate_id)  # type: ignore[no-any-return]

    def compute_nodes(
        self,
        host: str | None = None,
        *,
        pattern: str | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[base.ComputeNode]:
        return self._call(  # type: ignore[no-any-return]
            'compute_nodes', host, pattern=pattern, after=after, limit=limit
        )

    def compute_node(
        self, *, id: int | None = None, uuid: str | None = None
    ) -> base.ComputeNode | None:
        return self._call('compute_node', id=id, uuid=uuid)  # type: ignore[no-any-return]

    def hosts_of_type(self, hypervisor_type: str) -> set[str]:
        return set(self._call('hosts_of_type', hypervisor_type))

    def report(self, nodes: Iterable[base.ComputeNode]) -> None:
        self._call('report', list(nodes))

    def remove_compute_nodes(self, host: str) -> None:
        self._call('remove_compute_nodes', host)

    def instances(self, host: str) -> list[base.Instance]:
        return self._call('instances', host)  # type: ignore[no-any-return]

    def instances_by_host(
        self, hosts: Sequence[str]
    ) -> Mapping[str, list[base.Instance]]:
        return self._call('instances_by_host', list(hosts))  # type: ignore[no-any-return]

    def count_instances(self, host: str) -> int:
        return self._call('count_instances', host)  # type: ignore[no-any-return]

    def _call(self, method: str, *arguments: Any, **options: Any) -> Any:
        context = sg_context.get_admin_context()
        result = self._conductor.inventory_action(
            context, method, arguments, options
        )
        return wire.load_result(method, result)
