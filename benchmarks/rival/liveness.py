# SPDX-License-Identifier: Apache-2.0


"""Who is alive: stock nova's side of it."""

import time

from nova import objects

from benchmarks import child
from benchmarks.rival import process as rival

operations = child.Operations()

#: Seconds between two looks.
PAUSE = 0.02


@operations
def liveness(process: rival.Process) -> child.Work:
    """Ask for each service: nova knows no other way."""
    services = objects.ServiceList.get_all(process.context)
    is_up = process.api.service_is_up

    def work() -> child.Facts:
        return {'units': len(services), 'up': sum(map(is_up, services))}

    return work


operations['one_by_one'] = liveness


@operations
def watch(
    process: rival.Process, hosts: list[str], up: bool, beaten: bool = False
) -> child.Work:
    """Look until all services on these hosts are up, or down.

    :param beaten: one that is new is not up before its first beat
    """
    is_up = process.api.service_is_up

    def work() -> child.Facts:
        seen: dict[str, float] = {}
        while len(seen) < len(hosts):
            for each in objects.ServiceList.get_all(process.context):
                if beaten and each.last_seen_up is None:
                    continue
                if each.host in hosts and is_up(each) == up:
                    seen.setdefault(each.host, time.monotonic())
            time.sleep(PAUSE)
        return {'seen': seen}

    return work
