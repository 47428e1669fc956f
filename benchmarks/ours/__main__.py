# SPDX-License-Identifier: Apache-2.0


"""nova_sg's side of the benchmarks, as a child process."""

from benchmarks import child
from benchmarks.ours import beats
from benchmarks.ours import changes
from benchmarks.ours import lists
from benchmarks.ours import liveness
from benchmarks.ours import process
from benchmarks.ours import rest

child.main(
    process.set_up,
    {
        **beats.operations,
        **changes.operations,
        **lists.operations,
        **liveness.operations,
        **rest.operations,
    },
)
