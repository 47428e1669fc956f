# SPDX-License-Identifier: Apache-2.0

"""What lies in the databases: hosts, nodes, servers, and services of nova's.

In bulk, and past nova, which would need a second for a hundred of them.
"""

import datetime
import uuid

import sqlalchemy as sa

from benchmarks.nova_lists import computes

#: Candidates of a boot, and servers of a page; each is on a host of its own.
PAGE = 1000


def hosts(number: int) -> list[str]:
    """Return the names of the hosts."""
    return [f'host-{index:06d}' for index in range(number)]


def map_hosts(api: sa.Connection, number: int) -> None:
    """Map the hosts to the cell."""
    (cell,) = api.exec_driver_sql(
        "SELECT id FROM cell_mappings WHERE name = 'one'"
    ).one()
    _insert(
        api,
        'host_mappings',
        [{'host': host, 'cell_id': cell} for host in hosts(number)],
    )


def fill_cell(cell: sa.Connection, number: int, with_services: bool) -> None:
    """Put into a cell what is on its hosts."""
    now = datetime.datetime.now(datetime.UTC).replace(
        microsecond=0, tzinfo=None
    )
    names = hosts(number)
    _insert(cell, 'compute_nodes', [_node(host, now) for host in names])
    _insert(cell, 'instances', [_instance(host, now) for host in names[:PAGE]])
    if with_services:
        version = computes.service_version()
        _insert(
            cell, 'services', [_service(host, now, version) for host in names]
        )


def _insert(
    connection: sa.Connection, table: str, rows: list[dict[str, object]]
) -> None:
    columns = [sa.column(name) for name in rows[0]]
    connection.execute(sa.table(table, *columns).insert(), rows)


def _node(host: str, now: datetime.datetime) -> dict[str, object]:
    return {
        'created_at': now,
        'deleted': 0,
        'mapped': 1,
        'uuid': str(uuid.uuid4()),
        'host': host,
        'hypervisor_hostname': host,
        'host_ip': '127.0.0.1',
        'vcpus': 8,
        'memory_mb': 16384,
        'local_gb': 100,
        'vcpus_used': 0,
        'memory_mb_used': 512,
        'local_gb_used': 0,
        'hypervisor_type': 'fake',
        'hypervisor_version': 1,
        'cpu_info': '{}',
        # Where these are not set nova writes them at the first read.
        'cpu_allocation_ratio': 4.0,
        'ram_allocation_ratio': 1.0,
        'disk_allocation_ratio': 1.0,
    }


def _instance(host: str, now: datetime.datetime) -> dict[str, object]:
    return {
        'created_at': now,
        'deleted': 0,
        'uuid': str(uuid.uuid4()),
        'host': host,
        'node': host,
        'project_id': 'p',
        'user_id': 'u',
        'vm_state': 'active',
        'launch_index': 0,
        'hostname': 'server',
    }


def _service(
    host: str, now: datetime.datetime, version: int
) -> dict[str, object]:
    return {
        'created_at': now,
        'last_seen_up': now,
        'deleted': 0,
        'uuid': str(uuid.uuid4()),
        'host': host,
        'binary': 'nova-compute',
        'topic': 'compute',
        'report_count': 1,
        'disabled': False,
        'forced_down': False,
        'version': version,
    }
