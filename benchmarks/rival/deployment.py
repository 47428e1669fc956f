# SPDX-License-Identifier: Apache-2.0


"""What nova needs to be there: its tables, cells, zones and hypervisors."""

from collections.abc import Sequence
from typing import Any

from nova import context as nova_context
from nova import objects
from nova.db import migration
from nova.db.api import api as api_db
from nova.db.api import models as api_models
from nova.db.main import api as main_db
from nova.db.main import models as main_models
from oslo_utils import timeutils
from oslo_utils import uuidutils
import sqlalchemy as sa

from benchmarks import child
from benchmarks.rival import process as rival

operations = child.Operations()


@operations
def make_tables(process: rival.Process, cell0: str, cell1: str) -> child.Work:
    """Make the tables of all three databases, and map the cells."""

    def work() -> child.Facts:
        migration.db_sync(database='api')
        migration.db_sync(database='main')
        for uuid, name, url in (
            (objects.CellMapping.CELL0_UUID, 'cell0', cell0),
            (uuidutils.generate_uuid(), 'cell1', cell1),
        ):
            mapping = objects.CellMapping(
                process.context,
                uuid=uuid,
                name=name,
                transport_url='fake://',
                database_connection=url,
            )
            mapping.create()
            if name == 'cell0':
                with nova_context.target_cell(
                    process.context, mapping
                ) as context:
                    migration.db_sync(database='main', context=context)
        return {}

    return work


@operations
def add_hypervisors(process: rival.Process, hosts: list[str]) -> child.Work:
    """Add a compute node, and a mapping to the cell, for each host."""

    def work() -> child.Facts:
        cell = api_models.CellMapping.__table__
        with api_db.get_engine().begin() as connection:
            cell_id = connection.scalar(
                sa.select(cell.c.id).where(cell.c.name == 'cell1')
            )
            _insert(
                connection,
                api_models.HostMapping,
                [{'cell_id': cell_id, 'host': host} for host in hosts],
            )
        with main_db.get_engine().begin() as connection:
            _insert(
                connection,
                main_models.ComputeNode,
                [_compute_node(host) for host in hosts],
            )
        return {}

    return work


@operations
def set_zones(
    process: rival.Process, zones: dict[str, list[str]]
) -> child.Work:
    """Put hosts into the zones, and no others into any."""

    def work() -> child.Facts:
        with api_db.get_engine().begin() as connection:
            for model in (
                api_models.AggregateHost,
                api_models.AggregateMetadata,
                api_models.Aggregate,
            ):
                connection.execute(model.__table__.delete())
            for number, (zone, hosts) in enumerate(zones.items(), 1):
                _insert(
                    connection,
                    api_models.Aggregate,
                    [
                        {
                            'id': number,
                            'uuid': uuidutils.generate_uuid(),
                            'name': zone,
                        }
                    ],
                )
                _insert(
                    connection,
                    api_models.AggregateMetadata,
                    [
                        {
                            'aggregate_id': number,
                            'key': 'availability_zone',
                            'value': zone,
                        }
                    ],
                )
                _insert(
                    connection,
                    api_models.AggregateHost,
                    [{'aggregate_id': number, 'host': h} for h in hosts],
                )
        return {}

    return work


def _insert(
    connection: sa.Connection, model: Any, rows: Sequence[dict[str, Any]]
) -> None:
    now = timeutils.utcnow()
    connection.execute(
        model.__table__.insert(), [{'created_at': now, **row} for row in rows]
    )


def _compute_node(host: str) -> dict[str, Any]:
    return {
        'deleted': 0,
        'host': host,
        'hypervisor_hostname': host,
        'uuid': uuidutils.generate_uuid(),
        'vcpus': 64,
        'memory_mb': 262144,
        'local_gb': 2000,
        'vcpus_used': 20,
        'memory_mb_used': 65536,
        'local_gb_used': 400,
        'hypervisor_type': 'QEMU',
        'hypervisor_version': 8002000,
        'free_ram_mb': 196608,
        'free_disk_gb': 1600,
        'current_workload': 0,
        'running_vms': 5,
        'cpu_info': '{"arch": "x86_64", "model": "EPYC", "vendor": "AMD", '
        '"topology": {"sockets": 2, "cores": 16, "threads": 2}, '
        '"features": ["aes", "avx", "avx2", "sse4.2", "vmx"]}',
        'disk_available_least': 1500,
        'host_ip': '192.0.2.1',
        'stats': '{}',
        'ram_allocation_ratio': 1.0,
        'cpu_allocation_ratio': 4.0,
        'disk_allocation_ratio': 1.0,
        'mapped': 1,
    }
