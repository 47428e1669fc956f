# SPDX-License-Identifier: Apache-2.0


"""nova_sg's side of the benchmarks, as a child process."""

import operator

from benchmarks import changes
from benchmarks import child
from benchmarks import lists
from benchmarks.ours import beats
from benchmarks.ours import liveness
from benchmarks.ours import process
from benchmarks.ours import rest
from nova_sg import objects

Service = objects.ServiceGroupService

child.main(
    process.set_up,
    {
        **beats.operations,
        **changes.operations(Service),
        **lists.operations(
            objects.ServiceGroupServiceList,
            Service,
            lambda _process: operator.attrgetter('is_up'),
        ),
        **liveness.operations,
        **rest.operations,
    },
)
