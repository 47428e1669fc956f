# SPDX-License-Identifier: Apache-2.0


"""Services through their object: stock nova's side of it."""

import collections

from nova import objects

from benchmarks import child
from benchmarks.rival import process as rival

List = objects.ServiceList
Service = objects.Service

operations = child.Operations()


@operations
def list_with_state(process: rival.Process) -> child.Work:
    is_up = process.api.service_is_up

    def work() -> child.Facts:
        services = List.get_all(process.context)
        return {
            'services': len(services),
            'up': sum(map(is_up, services)),
            'disabled': sum(each.disabled for each in services),
        }

    return work


@operations
def list_with_zones(process: rival.Process) -> child.Work:
    is_up = process.api.service_is_up

    def work() -> child.Facts:
        services = List.get_all(process.context, set_zones=True)
        return {
            'up': sum(map(is_up, services)),
            'zones': collections.Counter(
                each.availability_zone for each in services
            ),
        }

    return work


@operations
def one_service(process: rival.Process, hosts: list[str]) -> child.Work:
    is_up = process.api.service_is_up

    def work() -> child.Facts:
        found = [
            Service.get_by_compute_host(process.context, host)
            for host in hosts
        ]
        return {'units': len(hosts), 'up': sum(map(is_up, found))}

    return work


@operations
def list_of_host(process: rival.Process, hosts: list[str]) -> child.Work:
    is_up = process.api.service_is_up

    def work() -> child.Facts:
        found = [
            each
            for host in hosts
            for each in List.get_by_host(process.context, host)
        ]
        return {'units': len(hosts), 'up': sum(map(is_up, found))}

    return work


@operations
def scheduling(process: rival.Process) -> child.Work:
    """Read all computes, and ask for each: what its scheduler does."""
    is_up = process.api.service_is_up

    def work() -> child.Facts:
        computes = List.get_by_binary(
            process.context, 'nova-compute', include_disabled=True
        )
        return {'up': sum(map(is_up, computes))}

    return work
