# SPDX-License-Identifier: Apache-2.0


"""How soon a disable that one process has written is seen by another."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from benchmarks import results
from benchmarks import sides
from benchmarks import world as world_

CASE = 'disable-seen'
TITLE = 'From the call that disables to another process that sees it'


def measure(
    world: world_.World,
    pairs: Sequence[tuple[sides.Side, sides.Side]],
    samples: int,
    machine: Mapping[str, Any],
) -> results.Result:
    """Measure it, in turns.

    :param pairs: for each side two processes: one writes, one looks all the
        time
    """
    measured = {writer.name: results.Measured() for writer, _ in pairs}
    for uuid, pair in zip(world.spared, pairs, strict=False):
        for side, operation in zip(pair, ('disable', 'see'), strict=True):
            side.begin(world.options())
            side.tell('prepare', operation=operation, arguments={'uuid': uuid})
    for _ in range(samples):
        world.churn()
        for writer, reader in pairs:
            reader.start('measure')
            began = writer.tell('measure')['facts']
            seen = reader.finish()['facts']
            measured[writer.name].seconds.append(seen['seen'] - began['began'])
    for pair in pairs:
        for side in pair:
            side.end()
    return results.Result.now(
        case=CASE,
        title=TITLE,
        backend=world.backend,
        unit='disable',
        sides=measured,
        machine=dict(machine),
    )
