# SPDX-License-Identifier: Apache-2.0

"""nova's fake virt driver, whose nodes keep their uuids.

nova's own draws them anew in each process, and nova-compute refuses to start
on a host whose node has another uuid than before. Every process of the
deployment has the directory of this module on its path, and not that of
nova_sg: it is loaded by a nova without nova_sg, too.
"""

from typing import Any

from nova.virt import fake
from nova.virt import node


class KeptNodeDriver(fake.SmallFakeDriver):
    """Made by ``compute_driver = kept_node.KeptNodeDriver``.

    It has one node, whose uuid is the one that nova keeps for the host.
    """

    def get_available_resource(self, nodename: str) -> Any:
        return {
            **super().get_available_resource(nodename),
            'uuid': node.get_local_node_uuid(),
        }

    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:
        return {
            node.get_local_node_uuid(): each
            for each in self.get_available_nodes()
        }
