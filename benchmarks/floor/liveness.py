# SPDX-License-Identifier: Apache-2.0


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
