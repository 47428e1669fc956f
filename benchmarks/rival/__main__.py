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


"""Stock nova's side of the benchmarks, as a child process."""

from benchmarks import child
from benchmarks.rival import beats
from benchmarks.rival import changes
from benchmarks.rival import deployment
from benchmarks.rival import lists
from benchmarks.rival import liveness
from benchmarks.rival import process
from benchmarks.rival import rest

child.main(
    process.set_up,
    {
        **beats.operations,
        **changes.operations,
        **deployment.operations,
        **lists.operations,
        **liveness.operations,
        **rest.operations,
    },
)
