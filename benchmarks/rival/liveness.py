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


"""Who is alive: stock nova's side of it."""

import time

from nova import objects

from benchmarks import child
from benchmarks.rival import process as rival

operations = child.Operations()

#: Seconds between two looks.
PAUSE = 0.02


@operations
def liveness(process: rival.Process) -> child.Work:
    """Ask for each service: nova knows no other way."""
    services = objects.ServiceList.get_all(process.context)
    is_up = process.api.service_is_up

    def work() -> child.Facts:
        return {'units': len(services), 'up': sum(map(is_up, services))}

    return work


operations['one_by_one'] = liveness


@operations
def watch(
    process: rival.Process, hosts: list[str], up: bool, beaten: bool = False
) -> child.Work:
    """Look until all services on these hosts are up, or down.

    :param beaten: one that is new is not up before its first beat
    """
    is_up = process.api.service_is_up

    def work() -> child.Facts:
        seen: dict[str, float] = {}
        while len(seen) < len(hosts):
            for each in objects.ServiceList.get_all(process.context):
                if beaten and each.last_seen_up is None:
                    continue
                if each.host in hosts and is_up(each) == up:
                    seen.setdefault(each.host, time.monotonic())
            time.sleep(PAUSE)
        return {'seen': seen}

    return work
