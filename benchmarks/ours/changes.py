# SPDX-License-Identifier: Apache-2.0


"""A disable, and when another process sees it: nova_sg's side of it."""

from benchmarks import changes
from benchmarks import child
from benchmarks.ours import process as ours
from nova_sg import objects

operations = child.Operations()

Service = objects.ServiceGroupService


@operations
def disable(process: ours.Process, uuid: str) -> child.Work:
    return changes.disable(Service.get_by_uuid(process.context, uuid))


@operations
def see(process: ours.Process, uuid: str) -> child.Work:
    get = Service.get_by_uuid
    return changes.see(lambda: get(process.context, uuid).disabled)
