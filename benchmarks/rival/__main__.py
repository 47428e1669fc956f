# SPDX-License-Identifier: Apache-2.0


"""Stock nova's side of the benchmarks, as a child process."""

from nova import objects

from benchmarks import changes
from benchmarks import child
from benchmarks import lists
from benchmarks.rival import beats
from benchmarks.rival import deployment
from benchmarks.rival import liveness
from benchmarks.rival import process
from benchmarks.rival import rest

child.main(
    process.set_up,
    {
        **beats.operations,
        **changes.operations(objects.Service),
        **deployment.operations,
        **lists.operations(
            objects.ServiceList,
            objects.Service,
            lambda process: process.api.service_is_up,
        ),
        **liveness.operations,
        **rest.operations,
    },
)
