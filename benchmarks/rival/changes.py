# SPDX-License-Identifier: Apache-2.0


"""A disable, and when another process sees it: stock nova's side of it."""

from nova import objects

from benchmarks import changes
from benchmarks import child
from benchmarks.rival import process as rival

operations = child.Operations()

Service = objects.Service


@operations
def disable(process: rival.Process, uuid: str) -> child.Work:
    return changes.disable(Service.get_by_uuid(process.context, uuid))


@operations
def see(process: rival.Process, uuid: str) -> child.Work:
    get = Service.get_by_uuid
    return changes.see(lambda: get(process.context, uuid).disabled)
