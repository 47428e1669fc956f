# SPDX-License-Identifier: Apache-2.0


"""Services through their object: nova_sg's side of it."""

import collections

from benchmarks import child
from benchmarks.ours import process as ours
from nova_sg import objects

List = objects.ServiceGroupServiceList
Service = objects.ServiceGroupService

operations = child.Operations()


@operations
def list_with_state(process: ours.Process) -> child.Work:
    def work() -> child.Facts:
        services = List.get_all(process.context)
        return {
            'services': len(services),
            'up': sum(each.is_up for each in services),
            'disabled': sum(each.disabled for each in services),
        }

    return work


@operations
def list_with_zones(process: ours.Process) -> child.Work:
    def work() -> child.Facts:
        services = List.get_all(process.context, set_zones=True)
        return {
            'up': sum(each.is_up for each in services),
            'zones': collections.Counter(
                each.availability_zone for each in services
            ),
        }

    return work


@operations
def one_service(process: ours.Process, hosts: list[str]) -> child.Work:
    def work() -> child.Facts:
        found = [
            Service.get_by_compute_host(process.context, host)
            for host in hosts
        ]
        return {'units': len(hosts), 'up': sum(each.is_up for each in found)}

    return work


@operations
def list_of_host(process: ours.Process, hosts: list[str]) -> child.Work:
    def work() -> child.Facts:
        found = [
            each
            for host in hosts
            for each in List.get_by_host(process.context, host)
        ]
        return {'units': len(hosts), 'up': sum(each.is_up for each in found)}

    return work


@operations
def scheduling(process: ours.Process) -> child.Work:
    """Read all computes, and ask for each: what a scheduler does."""
    is_up = process.api.service_is_up

    def work() -> child.Facts:
        computes = List.get_by_binary(
            process.context, 'nova-compute', include_disabled=True
        )
        return {'up': sum(map(is_up, computes))}

    return work
