# SPDX-License-Identifier: Apache-2.0


"""Who is alive: nova_sg's side of it."""

import time

from benchmarks import child
from benchmarks.ours import process as ours

operations = child.Operations()

#: Seconds between two looks.
PAUSE = 0.02


@operations
def liveness(process: ours.Process) -> child.Work:
    uuids = [each.uuid for each in process.records()]

    def work() -> child.Facts:
        alive = process.api.liveness(process.context, uuids)
        return {
            'units': len(uuids),
            'up': sum(each.up for each in alive.values()),
        }

    return work


@operations
def one_by_one(process: ours.Process) -> child.Work:
    services = process.records()
    is_up = process.api.service_is_up

    def work() -> child.Facts:
        return {'units': len(services), 'up': sum(map(is_up, services))}

    return work


@operations
def watch(process: ours.Process, hosts: list[str], up: bool) -> child.Work:
    """Look until all services on these hosts are up, or down."""

    def work() -> child.Facts:
        seen: dict[str, float] = {}
        while len(seen) < len(hosts):
            records, alive = process.api.list(process.context)
            for each in records:
                host = each.host or ''
                if host in hosts and alive[each.uuid].up == up:
                    seen.setdefault(host, time.monotonic())
            time.sleep(PAUSE)
        return {'seen': seen}

    return work
