# SPDX-License-Identifier: Apache-2.0


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
