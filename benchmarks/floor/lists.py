# SPDX-License-Identifier: Apache-2.0


"""The columns of services that a list shows, and nothing made of them."""

import sqlalchemy as sa

from benchmarks import child
from benchmarks.floor import process as floor
from benchmarks.floor import tables

operations = child.Operations()

SERVICES = sa.select(
    *(
        tables.services.c[name]
        for name in (
            *('id', 'uuid', 'host', 'binary'),
            *('disabled', 'disabled_reason', 'forced_down'),
            *('last_seen_up', 'created_at', 'updated_at'),
        )
    )
).where(tables.LIVE)

#: The zone of each host that is in one.
ZONES = sa.select(
    tables.aggregate_hosts.c.host, tables.aggregates.c.availability_zone
).join_from(
    tables.aggregate_hosts,
    tables.aggregates,
    tables.aggregates.c.id == tables.aggregate_hosts.c.aggregate_id,
)


@operations
def list_with_state(process: floor.Process) -> child.Work:
    """Select them; where memcached knows who is alive, get that too."""
    keys = process.member_keys()

    def work() -> child.Facts:
        services = process.fetch(SERVICES)
        if process.memcached is not None:
            process.memcached.get_many(keys)
        return {'services': len(services)}

    return work


@operations
def list_with_zones(process: floor.Process) -> child.Work:
    with_state = list_with_state(process)

    def work() -> child.Facts:
        return {**with_state(), 'hosts': len(process.fetch(ZONES))}

    return work


@operations
def one_service(process: floor.Process, hosts: list[str]) -> child.Work:
    def work() -> child.Facts:
        for host in hosts:
            process.fetch(SERVICES.where(tables.services.c.host == host))
        return {'units': len(hosts)}

    return work


operations['list_of_host'] = one_service
operations['scheduling'] = list_with_state
