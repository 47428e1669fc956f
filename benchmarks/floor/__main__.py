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


"""The least that each case can cost, as a child process."""

from benchmarks import child
from benchmarks.floor import beats
from benchmarks.floor import lists
from benchmarks.floor import liveness
from benchmarks.floor import process
from benchmarks.floor import rest

child.main(
    process.set_up,
    {
        **beats.operations,
        **lists.operations,
        **liveness.operations,
        **rest.operations,
    },
)
