# SPDX-License-Identifier: Apache-2.0


"""How soon a process that was killed, or stopped, is shown as down.

Real processes, at the shipped defaults: nova-sg-agent, and nova-conductor of
stock nova, which beats as any of nova's services does. Each is ended at some
moment between two of its beats.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import os
import random
import signal
import subprocess
import time
from typing import Any

from benchmarks import processes
from benchmarks import results
from benchmarks import sides
from benchmarks import world as world_

#: Seconds without a beat: the default of nova, and of nova_sg.
DOWN_TIME = 60

#: Where: without a conductor, which would have to be there first.
BACKENDS = ('sqlite', 'postgresql', 'mariadb', 'mc', 'zk')

#: Seconds over which the ends are spread: three report intervals.
SPREAD = 30

ENDS = {'killed': signal.SIGKILL, 'stopped': signal.SIGTERM}
TITLES = {
    'killed': 'From SIGKILL to down',
    'stopped': 'From SIGTERM to down',
}


def measure(
    backend: str,
    sides_: Sequence[sides.Side],
    keeper: sides.Side | None,
    numbers: Mapping[str, int],
    machine: Mapping[str, Any],
) -> list[results.Result]:
    """Measure both ends on a backend.

    :param sides_: they watch, each the services of its own kind
    :param keeper: keeps nova's part of the deployment
    :param numbers: by side, how many processes meet each end
    """
    with (
        world_.World(backend, keeper, DOWN_TIME) as world,
        contextlib.ExitStack() as running,
    ):
        # host: its side, how it ends, and its process
        victims = {
            f'{side.name}-{end}-{n}': (side, end)
            for side in sides_
            for end in ENDS
            for n in range(numbers[side.name])
        }
        started = {
            host: running.enter_context(_process(side, world, host))
            for host, (side, _end) in victims.items()
        }
        for side in sides_:
            hosts = [h for h, (its, _end) in victims.items() if its is side]
            side.begin(world.options())
            _watch(side, hosts, up=True)
            while not side.answers(1):
                _check(world, {host: started[host] for host in hosts})
            side.finish()
            _watch(side, hosts, up=False)
        _check(world, started)
        ended = {}
        for host in sorted(victims, key=lambda _: random.random()):
            # At any moment between two beats, and no two in step.
            time.sleep(random.uniform(0, 2 * SPREAD / len(victims)))
            ended[host] = time.monotonic()
            os.killpg(started[host].pid, ENDS[victims[host][1]])
        seen: dict[str, float] = {}
        for side in sides_:
            seen |= side.finish()['facts']['seen']
            side.end()
    for host, when in seen.items():
        if when < ended[host]:
            raise processes.Ended(f'{host} was down before it was ended')
    found = []
    for end, title in TITLES.items():
        measured = {side.name: results.Measured() for side in sides_}
        for host, (side, its) in victims.items():
            if its == end:
                measured[side.name].seconds.append(seen[host] - ended[host])
        found.append(
            results.Result.now(
                case=end,
                title=title,
                backend=backend,
                unit='process',
                sides=measured,
                machine=dict(machine),
            )
        )
    return found


def _watch(side: sides.Side, hosts: Sequence[str], *, up: bool) -> None:
    """Have a side tell when each host has become up, or down."""
    side.tell(
        'prepare', operation='watch', arguments={'hosts': hosts, 'up': up}
    )
    side.start('measure')


def _check(
    world: world_.World, started: Mapping[str, subprocess.Popen[bytes]]
) -> None:
    """See that processes run.

    :raises Ended: one does not
    """
    for host, process in started.items():
        if process.poll() is not None:
            said = world.log(host).read_text()
            nova = world.log('nova')
            if not said and nova.exists():
                said = nova.read_text()
            raise processes.Ended(f'{host} ended, and said: {said[-1000:]}')


def _process(
    side: sides.Side, world: world_.World, host: str
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """Run a real process of a side."""
    argv = processes.agent(host)
    if side.name == 'nova':
        argv = processes.nova_conductor(side.python, world.nova_conf, host)
    return processes.running(
        argv,
        {**side.environment, **world.environment},
        world.log(host),
    )
