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


"""One multi-get of the keys of all services."""

from benchmarks import child
from benchmarks.floor import process as floor

operations = child.Operations()


@operations
def liveness(process: floor.Process) -> child.Work:
    keys = process.member_keys()
    if process.memcached is None:
        raise RuntimeError('this floor is a multi-get, without memcached')
    get_many = process.memcached.get_many

    def work() -> child.Facts:
        return {'units': len(keys), 'up': len(get_many(keys))}

    return work
