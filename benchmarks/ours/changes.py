# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.


"""A disable, and when another process sees it: nova_sg's side of it."""

import time

from benchmarks import child
from benchmarks.ours import process as ours
from nova_sg import objects

operations = child.Operations()

#: Seconds between two looks. Without any, the thread that looks would keep
#: those which learn of the change from running.
PAUSE = 0.001


@operations
def disable(process: ours.Process, uuid: str) -> child.Work:
    """Disable a service, or enable it again."""
    service = objects.ServiceGroupService.get_by_uuid(process.context, uuid)

    def work() -> child.Facts:
        began = time.monotonic()
        service.disabled = not service.disabled
        service.save()
        return {'began': began, 'disabled': service.disabled}

    return work


@operations
def see(process: ours.Process, uuid: str) -> child.Work:
    """Look until the service is what it was not before."""
    get = objects.ServiceGroupService.get_by_uuid
    seen = get(process.context, uuid).disabled

    def work() -> child.Facts:
        nonlocal seen
        while get(process.context, uuid).disabled == seen:
            time.sleep(PAUSE)
        seen = not seen
        return {'seen': time.monotonic(), 'disabled': seen}

    return work
