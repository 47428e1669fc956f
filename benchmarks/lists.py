# SPDX-License-Identifier: Apache-2.0


"""Services through their object, as both sides read them.

Runs in this project's environment and in nova's.
"""

import collections
from collections.abc import Callable
from typing import Any

from benchmarks import child


def operations(
    services: Any,
    service: Any,
    verdict: Callable[[Any], Callable[[Any], bool]],
) -> child.Operations:
    """Return what a side does by the same calls as the other.

    :param services: the side's class of lists
    :param service: its class of services
    :param verdict: returns what tells, in a process, whether a service of
        a list is up
    """
    made = child.Operations()

    @made
    def list_with_state(process: Any) -> child.Work:
        is_up = verdict(process)

        def work() -> child.Facts:
            found = services.get_all(process.context)
            return {
                'services': len(found),
                'up': sum(map(is_up, found)),
                'disabled': sum(each.disabled for each in found),
            }

        return work

    @made
    def list_with_zones(process: Any) -> child.Work:
        is_up = verdict(process)

        def work() -> child.Facts:
            found = services.get_all(process.context, set_zones=True)
            return {
                'up': sum(map(is_up, found)),
                'zones': collections.Counter(
                    each.availability_zone for each in found
                ),
            }

        return work

    @made
    def one_service(process: Any, hosts: list[str]) -> child.Work:
        is_up = verdict(process)

        def work() -> child.Facts:
            found = [
                service.get_by_compute_host(process.context, host)
                for host in hosts
            ]
            return {'units': len(hosts), 'up': sum(map(is_up, found))}

        return work

    @made
    def list_of_host(process: Any, hosts: list[str]) -> child.Work:
        is_up = verdict(process)

        def work() -> child.Facts:
            found = [
                each
                for host in hosts
                for each in services.get_by_host(process.context, host)
            ]
            return {'units': len(hosts), 'up': sum(map(is_up, found))}

        return work

    @made
    def scheduling(process: Any) -> child.Work:
        """Read all computes, and ask for each: what a scheduler does."""
        is_up = process.api.service_is_up

        def work() -> child.Facts:
            computes = services.get_by_binary(
                process.context, 'nova-compute', include_disabled=True
            )
            return {'up': sum(map(is_up, computes))}

        return work

    return made
