# SPDX-License-Identifier: Apache-2.0


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
