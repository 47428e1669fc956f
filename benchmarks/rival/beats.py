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


"""Beats: stock nova's side of it."""

import types

from nova import objects

from benchmarks import child
from benchmarks.rival import process as rival

operations = child.Operations()


@operations
def beat(process: rival.Process, number: int) -> child.Work:
    """Beat by the driver's own method, which its timer calls."""
    services = [
        types.SimpleNamespace(service_ref=each)
        for each in objects.ServiceList.get_all(process.context)[:number]
    ]
    report_state = process.api._driver._report_state

    def work() -> child.Facts:
        for service in services:
            report_state(service)
            if getattr(service, 'model_disconnected', False):
                raise RuntimeError('a beat was not taken; see the log')
        return {'units': len(services)}

    return work


#: nova has no other way for many.
operations['beats'] = beat
