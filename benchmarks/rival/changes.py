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
