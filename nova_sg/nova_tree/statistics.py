# SPDX-License-Identifier: Apache-2.0

"""``compute_node_statistics`` without its join with ``services``.

nova sums up the compute nodes of enabled computes in one statement that joins
both tables. It is called on the database module, past the objects. With the
services elsewhere, the nodes are read alone and summed up here.
"""

from collections.abc import Callable
import functools
from typing import Any

from nova.db.main import api as db

from nova_sg.nova_tree import owner
from nova_sg.nova_tree import takeover

#: What is summed up, beside their count.
SUMMED = (
    'current_workload',
    'disk_available_least',
    'free_disk_gb',
    'free_ram_mb',
    'local_gb',
    'local_gb_used',
    'memory_mb',
    'memory_mb_used',
    'running_vms',
    'vcpus',
    'vcpus_used',
)


class ComputeNodeStatistics(takeover.Takeover):
    """``nova.db.main.api.compute_node_statistics``."""

    name = 'nova.db.main.api.compute_node_statistics'

    def check(self) -> None:
        self.expect_function(db, 'compute_node_statistics', 'context')
        self.expect_function(db, 'compute_node_get_all', 'context')

    def take(self, patches: takeover.Patches) -> None:
        novas = db.compute_node_statistics
        patches.set(db, 'compute_node_statistics', _switch(novas))


def _switch(novas: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(novas)
    def compute_node_statistics(context: Any) -> Any:
        if owner.get() is None:
            return novas(context)
        return _sum_up(context)

    return compute_node_statistics


def _sum_up(context: Any) -> dict[str, int]:
    computes = db.service_get_all_by_binary(context, 'nova-compute')
    hosts = {each.host for each in computes}
    # The oldest compute nodes have no host.
    ids = {each.id for each in computes}
    nodes = [
        node
        for node in db.compute_node_get_all(context)
        if node['host'] in hosts or node['service_id'] in ids
    ]
    return {
        'count': len(nodes),
        **{
            name: int(sum(node[name] or 0 for node in nodes))
            for name in SUMMED
        },
    }
