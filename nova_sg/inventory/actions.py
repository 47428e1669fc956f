# SPDX-License-Identifier: Apache-2.0

"""What only the hypervisor of a host can do.

nova_sg alone has no hypervisor to ask. An inventory that stands in a nova
tree overrides these and hands the call to the host's compute service.
"""

from collections.abc import Mapping
from collections.abc import Sequence

from nova_sg import exception


class HostActions:
    """The actions on a host; here each of them is not supported.

    They raise ``HostActionNotSupported``, which REST answers with 501.
    """

    def known_uptimes(self, hosts: Sequence[str]) -> Mapping[str, str]:
        """Return the uptimes that are known without asking a host."""
        return {}

    def host_uptime(self, host: str) -> str:
        """Return what ``uptime`` says on a host, in one line."""
        raise _not_supported(host, 'its uptime')

    def host_power_action(self, host: str, action: str) -> str:
        """Start up, shut down or reboot a host.

        :param action: ``startup``, ``shutdown`` or ``reboot``
        :returns: the same action, as the host confirmed it
        """
        raise _not_supported(host, action)

    def set_host_enabled(self, host: str, enabled: bool) -> str:
        """Let a hypervisor take new instances, or not.

        :returns: ``enabled`` or ``disabled``
        """
        raise _not_supported(host, 'another status')

    def set_host_maintenance(self, host: str, mode: bool) -> str:
        """Put a host into maintenance mode, or out of it.

        :returns: ``on_maintenance`` or ``off_maintenance``
        """
        raise _not_supported(host, 'maintenance mode')


def _not_supported(host: str, action: str) -> exception.HostActionNotSupported:
    return exception.HostActionNotSupported(host=host, action=action)
