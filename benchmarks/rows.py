# SPDX-License-Identifier: Apache-2.0

"""The rows of a deployment, as both sides read them."""

from collections.abc import Mapping
from collections.abc import Sequence
import uuid

import sqlalchemy as sa

from nova_sg.db import clock
from nova_sg.db import models
from nova_sg.inventory import base as inventory_base
from nova_sg.servicegroup import record

#: What services of nova 34 write into ``version``: it refuses older computes.
NOVA_VERSION = 74


def service(number: int, host: str, binary: str) -> record.Record:
    return record.Record(
        id=number,
        uuid=f'00000000-0000-4000-8000-{number:012d}',
        host=host,
        binary=binary,
        topic=binary.removeprefix('nova-'),
        version=NOVA_VERSION,
    )


def compute_node(host: str) -> inventory_base.ComputeNode:
    return inventory_base.ComputeNode(
        host=host,
        hypervisor_hostname=host,
        hypervisor_type='QEMU',
        hypervisor_version=8002000,
        vcpus=64,
        memory_mb=262144,
        local_gb=2000,
        vcpus_used=20,
        memory_mb_used=65536,
        local_gb_used=400,
        running_vms=5,
        host_ip='192.0.2.1',
        disk_available_least=1500,
        cpu_info='{"arch": "x86_64", "model": "EPYC", "vendor": "AMD", '
        '"topology": {"sockets": 2, "cores": 16, "threads": 2}, '
        '"features": ["aes", "avx", "avx2", "sse4.2", "vmx"]}',
    )


def set_zones(
    connection: sa.Connection, zones: Mapping[str, Sequence[str]]
) -> None:
    connection.execute(models.aggregate_hosts.delete())
    connection.execute(models.aggregates.delete())
    for number, (zone, hosts) in enumerate(zones.items(), 1):
        connection.execute(
            models.aggregates.insert().values(
                id=number,
                uuid=str(uuid.uuid4()),
                name=zone,
                availability_zone=zone,
                created_at=clock.utcnow(),
            )
        )
        connection.execute(
            models.aggregate_hosts.insert(),
            [{'aggregate_id': number, 'host': host} for host in hosts],
        )
